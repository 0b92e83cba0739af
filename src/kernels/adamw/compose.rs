//! The room's function in burn's own operations.

use burn::tensor::Tensor;

use super::AdamWStep;

/// See [`adamw`](super::adamw).
pub fn adamw<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    mean: Tensor<D>,
    square: Tensor<D>,
    step: AdamWStep,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    let mean = mean * step.beta_1 + gradient.clone() * (1.0 - step.beta_1);
    let square = square * step.beta_2 + gradient.square() * (1.0 - step.beta_2);
    let root = (square.clone() / (1.0 - step.beta_2.powi(step.time))).sqrt();
    let change = mean.clone() / (1.0 - step.beta_1.powi(step.time)) / (root + step.epsilon);
    let parameter = parameter * (1.0 - step.rate * step.decay) - change * step.rate;
    (parameter, mean, square)
}
