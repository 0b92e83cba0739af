//! Stands in for `webgpu.rs` in the build for browsers without a GPU, see `pkg/gpu.js`.

use super::adapter::Adapter;
use crate::classify::Classifier;

pub(super) async fn place(_: &Classifier, _: &Adapter) -> Result<(Classifier, f64), String> {
    Err("the program was loaded in its build for the CPU, which cannot use WebGPU".into())
}
