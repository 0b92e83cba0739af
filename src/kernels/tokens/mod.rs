//! A transformer's tokens put together: before its first block, and for its head.

pub(super) mod agreement;
#[cfg(not(target_family = "wasm"))]
pub mod compose;
mod cpu;
#[cfg(feature = "webgpu")]
mod gpu;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// The work of each backend for the functions of this room where no gradient is kept; else burn's own
/// operations run.
#[backend_extension(Flex, Cube: cfg(feature = "webgpu"))]
trait TokensOps: Backend {
    fn tokens(
        patches: FloatTensor<Self>,
        class_token: FloatTensor<Self>,
        positions: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn beside(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Patches `[batch, patches, width]` → tokens `[batch, 1 + patches, width]`: `class_token`
/// `[1, 1, width]` before them, and `positions` `[1, 1 + patches, width]` added to all.
pub fn tokens(patches: Tensor<3>, class_token: Tensor<3>, positions: Tensor<3>) -> Tensor<3> {
    let [_, count, width] = patches.dims();
    assert_eq!(class_token.dims(), [1, 1, width], "one class token");
    assert_eq!(
        positions.dims(),
        [1, 1 + count, width],
        "a position a token"
    );
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&patches) || patches.device().is_autodiff() {
        return compose::tokens(patches, class_token, positions);
    }
    Tensor::from_dispatch(<Dispatch as TokensOps>::tokens(
        patches.into_dispatch(),
        class_token.into_dispatch(),
        positions.into_dispatch(),
    ))
}

/// `[rows, left]` and `[rows, right]` → `[rows, left + right]`.
pub fn beside(left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
    assert_eq!(left.dims()[0], right.dims()[0], "as many rows");
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&left) || left.device().is_autodiff() {
        return compose::beside(left, right);
    }
    let (left, right) = (left.into_dispatch(), right.into_dispatch());
    Tensor::from_dispatch(<Dispatch as TokensOps>::beside(left, right))
}
