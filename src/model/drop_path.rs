//! Stochastic depth ("Deep Networks with Stochastic Depth", Huang et al., arXiv 1603.09382).

use burn::module::Module;
#[cfg(not(target_family = "wasm"))]
use burn::tensor::{Device, Distribution, Tensor};

#[cfg(not(target_family = "wasm"))]
use crate::kernels;

/// While training, leaves out a residual branch for a random share of a batch's images and scales up
/// the branch for the others, so that the expectation stays. Outside training it does nothing.
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
}

#[cfg(not(target_family = "wasm"))] // A folded network has none.
impl DropPath {
    /// `residual + branch · scale`, without the branch for some images; `scale` has a value a
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
        self.rate > 0.0 && device.is_autodiff()
    }

    /// A factor for each image's branch, `[batch]`; `None` where all are 1.
    fn keep(&self, batch: usize, device: &Device) -> Option<Tensor<1>> {
        self.is_active(device).then(|| {
            let keep = 1.0 - self.rate;
            Tensor::random([batch], Distribution::Bernoulli(keep), device) / keep
        })
    }
}
