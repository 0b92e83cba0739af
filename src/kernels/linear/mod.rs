//! Matrix products with the last axis, the layers called Linear: alone, with GELU after them, or added to
//! a residual.

pub(super) mod agreement;
#[cfg(not(target_family = "wasm"))]
pub mod compose;
mod cpu;
#[cfg(feature = "webgpu")]
mod gpu;
#[cfg(not(target_family = "wasm"))]
mod gradient;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use super::optional::Optional;
use super::{MatmulPrecision, check_channels};

/// The work of each backend for the functions of this room.
#[backend_extension(
    Flex,
    Cube: cfg(feature = "webgpu"),
    Autodiff: cfg(not(target_family = "wasm"))
)]
trait LinearOps: Backend {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Optional<Self>,
        gelu: bool,
        precision: MatmulPrecision,
    ) -> FloatTensor<Self>;

    fn linear_join(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Optional<Self>,
        residual: FloatTensor<Self>,
        precision: MatmulPrecision,
    ) -> FloatTensor<Self>;
}

/// `[…, from]` times `weight` `[from, to]`, plus `bias` `[to]` → `[…, to]`. The product and those
/// of its gradients have `precision`.
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    check(&x, &weight, &bias);
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) {
        return compose::linear(x, weight, bias);
    }
    dispatch(x, weight, bias, false, precision)
}

/// [`linear()`], then the exact GELU, z·Φ(z).
pub fn linear_gelu<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    check(&x, &weight, &bias);
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) {
        return compose::linear_gelu(x, weight, bias);
    }
    dispatch(x, weight, bias, true, precision)
}

/// [`linear()`], then `residual` `[…, to]` added.
pub fn linear_join<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    residual: Tensor<D>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    check(&x, &weight, &bias);
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) {
        return residual + compose::linear(x, weight, bias);
    }
    Tensor::from_dispatch(<Dispatch as LinearOps>::linear_join(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into(),
        residual.into_dispatch(),
        precision,
    ))
}

fn dispatch<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    gelu: bool,
    precision: MatmulPrecision,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as LinearOps>::linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into(),
        gelu,
        precision,
    ))
}

fn check<const D: usize>(x: &Tensor<D>, weight: &Tensor<2>, bias: &Option<Tensor<1>>) {
    let [from, to] = weight.dims();
    assert_eq!(
        x.dims()[D - 1],
        from,
        "the weight's first side is the input's last"
    );
    check_channels(to, bias);
}
