//! Stands in for `webgpu.rs` in the build for browsers without a GPU, see `pkg/gpu.js`.

use super::adapter::Adapter;

/// Any network.
pub(super) trait Network {}
impl<N> Network for N {}

pub(super) async fn place<N: Network>(_: &N, _: &Adapter) -> Result<(N, f64), String> {
    Err("the program was loaded in its build for the CPU, which cannot use WebGPU".into())
}
