//! A residual branch, scaled and added to its input. Folded networks have no scales, so only networks in
//! training come here.

pub mod compose;
mod cpu;
mod gradient;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use super::check_channels;
use super::optional::Optional;

/// The work of each backend for [`join()`].
#[backend_extension(Flex, Autodiff)]
pub(super) trait JoinOps: Backend {
    fn join(
        residual: FloatTensor<Self>,
        branch: FloatTensor<Self>,
        #[extension_type] scale: Optional<Self>,
        #[extension_type] keep: Optional<Self>,
    ) -> FloatTensor<Self>;
}

/// A residual branch added: `residual + branch · scale · keep`, `scale` a value a channel
/// `[channels]` (layer scale), `keep` a value an image `[batch]` (stochastic depth).
pub fn join<const D: usize>(
    residual: Tensor<D>,
    branch: Tensor<D>,
    scale: Option<Tensor<1>>,
    keep: Option<Tensor<1>>,
) -> Tensor<D> {
    assert_eq!(
        residual.dims(),
        branch.dims(),
        "a branch has the shape of its residual"
    );
    check_channels(branch.dims()[D - 1], &scale);
    check_channels(branch.dims()[0], &keep);
    if super::is_composed(&residual) {
        return compose::join(residual, branch, scale, keep);
    }
    Tensor::from_dispatch(<Dispatch as JoinOps>::join(
        residual.into_dispatch(),
        branch.into_dispatch(),
        scale.into(),
        keep.into(),
    ))
}
