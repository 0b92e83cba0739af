//! AdamW's update ("Decoupled Weight Decay Regularization", Loshchilov and Hutter, arXiv 1711.05101).

mod compose;
mod cpu;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// The numbers of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWStep {
    /// The learning rate.
    pub rate: f32,
    /// Decoupled weight decay; the rate is applied to it too.
    pub decay: f32,
    /// Share of the running mean of gradients that stays.
    pub beta_1: f32,
    /// Share of the running mean of squared gradients that stays.
    pub beta_2: f32,
    /// Added to the root of the mean square.
    pub epsilon: f32,
    /// Steps taken, this one included.
    pub time: i32,
}

/// The work of the CPU for [`adamw()`]. The optimiser hands over tensors without a gradient.
#[backend_extension(Flex)]
trait AdamWOps: Backend {
    fn adamw(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        step: AdamWStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// One step of AdamW: a parameter, its gradient, and the running means of gradients and of their
/// squares → the new parameter and means. Tensors without another owner are changed in place.
pub fn adamw<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    mean: Tensor<D>,
    square: Tensor<D>,
    step: AdamWStep,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    if super::is_composed(&parameter) {
        return compose::adamw(parameter, gradient, mean, square, step);
    }
    let (parameter, mean, square) = <Dispatch as AdamWOps>::adamw(
        parameter.into_dispatch(),
        gradient.into_dispatch(),
        mean.into_dispatch(),
        square.into_dispatch(),
        step,
    );
    (
        Tensor::from_dispatch(parameter),
        Tensor::from_dispatch(mean),
        Tensor::from_dispatch(square),
    )
}
