//! Our kernels for a browser's GPU, written in CubeCL and brought to burn as a backend extension: what a
//! network is run with on WebGPU.
//!
//! Every tensor is contiguous and channels-last, in vectors of four values where the channels
//! divide by four, else value by value. Sizes reach a kernel when it is launched and never when it
//! is compiled: a network of a hundred layers needs a handful of pipelines, so that its first
//! forward pass takes little longer than the others.
//!
//! Nothing here keeps gradients.

mod activation;
mod attention;
mod depthwise;
mod layer_norm;
mod pool;
mod product;
mod tokens;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

use super::cpu::conv::Window;
use super::{Inference, Maybe, maybe};
pub use activation::ActivationKind;

/// Values of a vector where the channels divide by it.
const LANES: usize = 4;
/// What WebGPU allows a dispatch along one axis.
const MOST_CUBES: u32 = 65_535;

/// Whether products stage their tiles in shared memory.
static STAGING: AtomicBool = AtomicBool::new(true);

/// Whether kernels use shared memory and barriers, which is right for a GPU; on an adapter that is
/// a CPU in disguise they cost more than they save. It holds for every network from then on.
pub fn set_staging(staging: bool) {
    STAGING.store(staging, Ordering::Relaxed);
}

fn staging() -> bool {
    STAGING.load(Ordering::Relaxed)
}

/// The extension of burn's backends; what each method computes stands at the function of
/// [`kernels`](super) that calls it.
#[backend_extension(Cube)]
pub(super) trait GpuKernels: Backend {
    fn product(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Maybe<Self>,
        window: Window,
        #[extension_type] residual: Maybe<Self>,
        activation: ActivationKind,
    ) -> FloatTensor<Self>;

    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    fn attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;

    fn max_pool(x: FloatTensor<Self>, window: Window) -> FloatTensor<Self>;
}

/// See [`linear`](super::linear) and [`linear_join`](super::linear_join).
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    residual: Option<Tensor<D>>,
    activation: ActivationKind,
) -> Tensor<D> {
    const PLAIN: Window = Window {
        kernel: 1,
        stride: 1,
        pad: 0,
    };
    Tensor::from_dispatch(<Dispatch as GpuKernels>::product(
        x.into_dispatch(),
        weight.into_dispatch(),
        maybe(bias),
        PLAIN,
        maybe(residual),
        activation,
    ))
}

/// See [`convolve`](super::convolve) and [`convolve_join`](super::convolve_join).
pub fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
    residual: Option<Tensor<4>>,
    activation: ActivationKind,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as GpuKernels>::product(
        x.into_dispatch(),
        weight.into_dispatch(),
        maybe(bias),
        window,
        maybe(residual),
        activation,
    ))
}

/// See [`depthwise`](super::depthwise).
pub fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as GpuKernels>::depthwise(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    ))
}

/// See [`layer_norm`](super::layer_norm).
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f32,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as GpuKernels>::layer_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    ))
}

/// See [`attention`](super::attention).
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let qkv = qkv.into_dispatch();
    Tensor::from_dispatch(<Dispatch as GpuKernels>::attention(qkv, heads))
}

/// See [`max_pool`](super::max_pool).
pub fn max_pool(x: Tensor<4>, window: Window) -> Tensor<4> {
    let x = x.into_dispatch();
    Tensor::from_dispatch(<Dispatch as GpuKernels>::max_pool(x, window))
}

/// Values of the vectors that `sides` are read in.
fn lanes(sides: &[usize]) -> usize {
    match sides.iter().all(|side| side.is_multiple_of(LANES)) {
        true => LANES,
        false => 1,
    }
}

/// A new tensor beside `like`.
fn empty(like: &CubeTensor, shape: impl Into<burn::tensor::Shape>) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, shape.into(), like.dtype)
}

/// Cubes of `units` units each, enough for `wide` by `high` units of work.
fn cubes(wide: usize, high: usize, units: [u32; 2]) -> (CubeCount, CubeDim) {
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

fn sides<const D: usize>(tensor: &CubeTensor) -> [usize; D] {
    tensor.shape().dims()
}

/// Filters `[to, from, kernel, kernel]` → their values as `[kernel, kernel, from, to]`; without a
/// copy where that is how they lie.
fn filters(weight: CubeTensor) -> CubeTensor {
    into_contiguous(burn_cubecl::ops::permute(weight, &[2, 3, 1, 0]))
}

impl GpuKernels for CubeBackend {
    fn product(
        x: CubeTensor,
        weight: CubeTensor,
        bias: Maybe<Self>,
        window: Window,
        residual: Maybe<Self>,
        activation: ActivationKind,
    ) -> CubeTensor {
        let [bias, residual] = [bias, residual].map(Maybe::option);
        product::run(x, weight, bias, window, residual, activation)
    }

    fn depthwise(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
        depthwise::run(x, weight, bias)
    }

    fn layer_norm(x: CubeTensor, gamma: CubeTensor, beta: CubeTensor, epsilon: f32) -> CubeTensor {
        layer_norm::run(x, gamma, beta, epsilon)
    }

    fn attention(qkv: CubeTensor, heads: usize) -> CubeTensor {
        attention::run(qkv, heads)
    }

    fn max_pool(x: CubeTensor, window: Window) -> CubeTensor {
        pool::run_max(x, window)
    }
}

impl Inference for CubeBackend {
    fn pixel_mean(x: CubeTensor) -> CubeTensor {
        pool::run_mean(x)
    }

    fn tokens(patches: CubeTensor, class_token: CubeTensor, positions: CubeTensor) -> CubeTensor {
        tokens::run(patches, class_token, positions)
    }

    fn beside(left: CubeTensor, right: CubeTensor) -> CubeTensor {
        tokens::run_beside(left, right)
    }
}
