//! AdamW for burn's module optimiser, each parameter in one pass.

use burn::optim::{AdamWState, AdaptiveMomentumState, LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

use crate::kernels::{self, AdamWStep};

/// AdamW's settings; the defaults are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Decoupled weight decay, times the learning rate.
    pub weight_decay: f32,
    /// The share of the running mean of gradients that a step keeps.
    pub beta_1: f32,
    /// The share of the running mean of squared gradients that a step keeps.
    pub beta_2: f32,
    /// Added to the root of the mean square.
    pub epsilon: f32,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            weight_decay: 0.01,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl Optimizer for AdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let (time, mean, square) = match state {
            Some(AdamWState { momentum }) => {
                (momentum.time + 1, momentum.moment_1, momentum.moment_2)
            }
            None => (1, gradient.zeros_like(), gradient.zeros_like()),
        };
        let step = AdamWStep {
            rate: rate as f32,
            decay: self.weight_decay,
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            time: time as i32,
        };
        let (parameter, mean, square) = kernels::adamw(parameter, gradient, mean, square, step);
        let momentum = AdaptiveMomentumState::new(time, mean, square);
        (parameter, Some(AdamWState::new(momentum)))
    }

    fn to_device<const D: usize>(state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        AdamWState::new(state.momentum.to_device(device))
    }
}
