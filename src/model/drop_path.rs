//! Stochastic depth ("Deep Networks with Stochastic Depth", Huang et al., arXiv 1603.09382).

use burn::module::Module;
use burn::tensor::{Distribution, Tensor};

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

    /// `[batch, …]` → the same shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let device = x.device();
        if self.rate == 0.0 || !device.is_autodiff() {
            return x;
        }
        let keep = 1.0 - self.rate;
        let mut shape = [1; D];
        shape[0] = x.dims()[0];
        x * (Tensor::random(shape, Distribution::Bernoulli(keep), &device) / keep)
    }
}
