//! Parts that the operations' kernels for a browser's GPU share. The kernels are written in CubeCL, and a
//! network on WebGPU runs with them alone.
//!
//! Every tensor is contiguous and channels-last, in vectors of four values where the channels
//! divide by four, else value by value. Sizes reach a kernel when it is launched and never when it
//! is compiled: a network of a hundred layers needs a handful of pipelines, so that its first
//! forward pass takes little longer than the others.
//!
//! Nothing here keeps gradients.

pub mod activation;
pub mod product;
pub mod windows;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::backend::TensorMetadata;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::tiles::LANES;

/// The most cubes of a dispatch along one axis in WebGPU.
const MOST_CUBES: u32 = 65_535;

/// Whether kernels stage their tiles in shared memory.
static STAGING: AtomicBool = AtomicBool::new(true);

/// Whether kernels use shared memory and barriers, from now on and for every network. On a GPU they pay;
/// on an adapter that is a CPU in disguise they cost more than they save.
pub fn set_staging(staging: bool) {
    STAGING.store(staging, Ordering::Relaxed);
}

pub fn staging() -> bool {
    STAGING.load(Ordering::Relaxed)
}

/// The width of the vectors in which axes of these lengths are read.
pub fn lanes(sides: &[usize]) -> usize {
    match sides.iter().all(|side| side.is_multiple_of(LANES)) {
        true => LANES,
        false => 1,
    }
}

/// A new tensor beside `like`.
pub fn empty(like: &CubeTensor, shape: impl Into<burn::tensor::Shape>) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, shape.into(), like.dtype)
}

/// Cubes of `units` units each, enough for `wide` by `high` units of work.
pub fn cubes(wide: usize, high: usize, units: [u32; 2]) -> (CubeCount, CubeDim) {
    let [x, y] = [(wide, units[0]), (high, units[1])].map(|(work, units)| {
        let cubes = work.div_ceil(units as usize) as u32;
        assert!(
            cubes <= MOST_CUBES,
            "{work} units are too many for a dispatch"
        );
        cubes
    });
    (
        CubeCount::Static(x, y, 1),
        CubeDim::new_2d(units[0], units[1]),
    )
}

/// The sides of a tensor of `D` axes.
pub fn sides<const D: usize>(tensor: &CubeTensor) -> [usize; D] {
    tensor.shape().dims()
}

/// Filters `[to, from, kernel, kernel]` → their values as `[kernel, kernel, from, to]`; without a
/// copy if they lie so already.
pub fn filters(weight: CubeTensor) -> CubeTensor {
    into_contiguous(burn_cubecl::ops::permute(weight, &[2, 3, 1, 0]))
}

/// The sum of a vector's values.
#[cube]
pub fn total<F: Float, N: Size>(vector: Vector<F, N>) -> F {
    let mut sum = F::from_int(0);
    #[unroll]
    for i in 0..N::value() {
        sum += vector.extract(i);
    }
    sum
}
