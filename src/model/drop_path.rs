//! Stochastic depth ("Deep Networks with Stochastic Depth", Huang et al., arXiv 1603.09382).

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};

use super::layers::is_training;
use crate::kernels;

/// Leaves out a residual branch for a random share of the images of a batch while training, and
/// scales up the rest so that the expectation stays. Outside training it does nothing.
#[derive(Module, Debug, Default)]
pub struct DropPath {
    rate: f64,
}

impl DropPath {
    /// One for each of `blocks` blocks, rising linearly from 0 to `rate`.
    pub fn rising(rate: f64, blocks: usize) -> impl Iterator<Item = Self> {
        let last = blocks.saturating_sub(1).max(1) as f64;
        (0..blocks).map(move |i| Self {
            rate: rate * i as f64 / last,
        })
    }

    /// `residual + branch · scale`, the branch left out for some images; `scale` is a value a
    /// channel.
    pub fn join<const D: usize>(
        &self,
        residual: Tensor<D>,
        branch: Tensor<D>,
        scale: Option<Tensor<1>>,
    ) -> Tensor<D> {
        let keep = self.keep(branch.dims()[0], &branch.device());
        kernels::join(residual, branch, scale, keep)
    }

    /// Whether it leaves out anything on this device.
    pub fn is_active(&self, device: &Device) -> bool {
        self.rate > 0.0 && is_training(device)
    }

    /// What each image's branch is multiplied by, if not by 1: `[batch]`.
    fn keep(&self, batch: usize, device: &Device) -> Option<Tensor<1>> {
        self.is_active(device).then(|| {
            let keep = 1.0 - self.rate;
            Tensor::random([batch], Distribution::Bernoulli(keep), device) / keep
        })
    }
}
