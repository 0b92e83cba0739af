//! Our kernels for GPUs, written in CubeCL and brought to burn as a backend extension: what a
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
mod product;
mod rows;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

use super::cpu::conv::{Images, Window};
use super::plan::{QUERIES, TILE, TILE_CHANNELS, Tile};
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

/// How [`product::blocked`] shares out the result: rows and vectors of columns a unit.
const BLOCK: [usize; 2] = [4, 1];

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

    fn gpu_depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn gpu_layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    fn gpu_attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;

    fn gpu_max_pool(x: FloatTensor<Self>, window: Window) -> FloatTensor<Self>;
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
    Tensor::from_dispatch(<Dispatch as GpuKernels>::gpu_depthwise(
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
    Tensor::from_dispatch(<Dispatch as GpuKernels>::gpu_layer_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    ))
}

/// See [`attention`](super::attention).
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let qkv = qkv.into_dispatch();
    Tensor::from_dispatch(<Dispatch as GpuKernels>::gpu_attention(qkv, heads))
}

/// See [`max_pool`](super::max_pool).
pub fn max_pool(x: Tensor<4>, window: Window) -> Tensor<4> {
    let x = x.into_dispatch();
    Tensor::from_dispatch(<Dispatch as GpuKernels>::gpu_max_pool(x, window))
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
        let x = into_contiguous(x);
        let shape = x.shape();
        let from = shape[shape.num_dims() - 1];
        // A plain product is that of a 1×1 window over one line of pixels.
        let (images, weight, to) = match weight.shape().num_dims() {
            2 => {
                let to = weight.shape()[1];
                let rows = shape.num_elements() / from;
                (Images::new([1, 1, rows, from]), into_contiguous(weight), to)
            }
            _ => {
                let to = weight.shape()[0];
                (Images::new(sides(&x)), filters(weight), to)
            }
        };
        let output = window.output(images, to);
        let out = match weight.shape().num_dims() {
            2 => {
                let mut shape = shape.clone();
                let last = shape.num_dims() - 1;
                shape[last] = to;
                empty(&x, shape)
            }
            _ => empty(&x, output.shape()),
        };
        let (input_lanes, output_lanes) = (lanes(&[from]), lanes(&[to]));
        let residual = residual.option().map(into_contiguous);
        let bias = match bias.option() {
            Some(bias) => into_contiguous(bias),
            None => burn_cubecl::ops::numeric::zeros_client(
                x.client.clone(),
                x.device.clone(),
                [to].into(),
                x.dtype,
            ),
        };
        let sizes = product::SizesLaunch::new(
            output.pixels() as u32,
            (to / output_lanes) as u32,
            (from / input_lanes) as u32,
            images.height as u32,
            images.width as u32,
            output.height as u32,
            output.width as u32,
            window.kernel as u32,
            window.stride as u32,
            window.pad as u32,
            residual.is_some() as u32,
            activation as u32,
        );
        // A binding that is not read, where there is no residual.
        let residual = residual.unwrap_or_else(|| bias.clone());
        let client = x.client.clone();
        let (rows, columns) = (output.pixels(), to / output_lanes);
        let [x, weight, bias, residual, result] =
            [x, weight, bias, residual, out.clone()].map(CubeTensor::into_buffer_arg);
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            if staging() {
                let tile = Tile::of(rows, columns);
                let [wide, high] = tile.cubes(rows, columns);
                let (count, _) = cubes(wide, high, [1, 1]);
                let dim = CubeDim::new_1d(tile.units() as u32);
                product::tiled::launch_unchecked::<f32>(
                    &client,
                    count,
                    dim,
                    input_lanes,
                    output_lanes,
                    x,
                    weight,
                    bias,
                    residual,
                    result,
                    sizes,
                    input_lanes,
                    tile,
                );
            } else {
                let [pixels, vectors] = BLOCK;
                let (wide, high) = (columns.div_ceil(vectors), rows.div_ceil(pixels));
                let (count, dim) = cubes(wide, high, [8, 8]);
                product::blocked::launch_unchecked::<f32>(
                    &client,
                    count,
                    dim,
                    input_lanes,
                    output_lanes,
                    x,
                    weight,
                    bias,
                    residual,
                    result,
                    sizes,
                    input_lanes,
                    pixels,
                    vectors,
                );
            }
        }
        out
    }

    fn gpu_depthwise(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
        let [x, bias] = [x, bias].map(into_contiguous);
        let [_, _, kernel, _] = sides(&weight);
        let weight = filters(weight);
        let images = Images::new(sides(&x));
        let lanes = lanes(&[images.channels]);
        let channels = images.channels / lanes;
        let groups = images.width.div_ceil(depthwise::PIXELS);
        let lines = images.batch * images.height;
        let out = empty(&x, images.shape());
        let sizes = depthwise::SizesLaunch::new(
            lines as u32,
            images.height as u32,
            images.width as u32,
            groups as u32,
            channels as u32,
        );
        let client = x.client.clone();
        let [x, weight, bias, result] =
            [x, weight, bias, out.clone()].map(CubeTensor::into_buffer_arg);
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            if staging() {
                let tiles = |side: usize| side.div_ceil(TILE) as u32;
                let count = CubeCount::Static(
                    channels.div_ceil(TILE_CHANNELS) as u32,
                    tiles(images.width),
                    images.batch as u32 * tiles(images.height),
                );
                let dim = CubeDim::new_1d(depthwise::UNITS as u32);
                depthwise::staged::launch_unchecked::<f32>(
                    &client, count, dim, lanes, x, weight, bias, result, sizes, kernel,
                );
            } else {
                let (count, dim) = cubes(channels, lines * groups, [8, 8]);
                depthwise::depthwise::launch_unchecked::<f32>(
                    &client, count, dim, lanes, x, weight, bias, result, sizes, kernel,
                );
            }
        }
        out
    }

    fn gpu_layer_norm(
        x: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        epsilon: f32,
    ) -> CubeTensor {
        let [x, gamma, beta] = [x, gamma, beta].map(into_contiguous);
        let columns = gamma.shape().num_elements();
        let rows = x.shape().num_elements() / columns;
        let lanes = lanes(&[columns]);
        let out = empty(&x, x.shape());
        let client = x.client.clone();
        let [x, gamma, beta, result] =
            [x, gamma, beta, out.clone()].map(CubeTensor::into_buffer_arg);
        let (high, wide) = (rows as u32, (columns / lanes) as u32);
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            if staging() {
                let units = [rows::ROW_UNITS, rows::CUBE_ROWS].map(|units| units as u32);
                let (count, _) = cubes(rows.div_ceil(rows::CUBE_ROWS), 1, [1, 1]);
                let dim = CubeDim::new_2d(units[0], units[1]);
                rows::layer_norm_together::launch_unchecked::<f32>(
                    &client,
                    count,
                    dim,
                    lanes,
                    x,
                    gamma,
                    beta,
                    result,
                    high,
                    wide,
                    columns as u32,
                    epsilon,
                );
            } else {
                let (count, dim) = cubes(rows, 1, [64, 1]);
                rows::layer_norm::launch_unchecked::<f32>(
                    &client,
                    count,
                    dim,
                    lanes,
                    x,
                    gamma,
                    beta,
                    result,
                    high,
                    wide,
                    columns as u32,
                    epsilon,
                );
            }
        }
        out
    }

    fn gpu_attention(qkv: CubeTensor, heads: usize) -> CubeTensor {
        let qkv = into_contiguous(qkv);
        let [images, tokens, width] = sides(&qkv);
        let width = width / 3;
        let side = width / heads;
        let lanes = lanes(&[side]);
        let out = empty(&qkv, [images, tokens, width]);
        let (count, dim) = cubes(tokens, images * heads, [QUERIES as u32, 1]);
        let client = qkv.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            attention::attention::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                lanes,
                qkv.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                tokens as u32,
                heads as u32,
                1.0 / (side as f32).sqrt(),
                side / lanes,
                staging(),
            );
        }
        out
    }

    fn gpu_max_pool(x: CubeTensor, window: Window) -> CubeTensor {
        let x = into_contiguous(x);
        let images = Images::new(sides(&x));
        let output = window.output(images, images.channels);
        let lanes = lanes(&[images.channels]);
        let channels = images.channels / lanes;
        let out = empty(&x, output.shape());
        let sizes = rows::PoolSizesLaunch::new(
            output.pixels() as u32,
            channels as u32,
            images.height as u32,
            images.width as u32,
            output.height as u32,
            output.width as u32,
            window.kernel as u32,
            window.stride as u32,
            window.pad as u32,
        );
        let (count, dim) = cubes(channels, output.pixels(), [8, 8]);
        let client = x.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            rows::max_pool::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                lanes,
                x.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                sizes,
            );
        }
        out
    }
}

impl Inference for CubeBackend {
    fn pixel_mean(x: CubeTensor) -> CubeTensor {
        let x = into_contiguous(x);
        let images = Images::new(sides(&x));
        let lanes = lanes(&[images.channels]);
        let channels = images.channels / lanes;
        let out = empty(&x, [images.batch, images.channels]);
        let (count, dim) = cubes(channels, images.batch, [32, 1]);
        let client = x.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            rows::pixel_mean::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                lanes,
                x.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                images.batch as u32,
                (images.height * images.width) as u32,
                channels as u32,
            );
        }
        out
    }

    fn tokens(patches: CubeTensor, class_token: CubeTensor, positions: CubeTensor) -> CubeTensor {
        let [patches, class_token, positions] =
            [patches, class_token, positions].map(into_contiguous);
        let [images, count, width] = sides(&patches);
        let count = count + 1;
        let lanes = lanes(&[width]);
        let out = empty(&patches, [images, count, width]);
        let (cubes, dim) = cubes(width / lanes, images * count, [32, 2]);
        let client = patches.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            rows::tokens::launch_unchecked::<f32>(
                &client,
                cubes,
                dim,
                lanes,
                patches.into_buffer_arg(),
                class_token.into_buffer_arg(),
                positions.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                images as u32,
                count as u32,
                (width / lanes) as u32,
            );
        }
        out
    }

    fn beside(left: CubeTensor, right: CubeTensor) -> CubeTensor {
        let [left, right] = [left, right].map(into_contiguous);
        let [rows, wide] = sides(&left);
        let columns = wide + sides::<2>(&right)[1];
        let out = empty(&left, [rows, columns]);
        let (count, dim) = cubes(columns, rows, [32, 2]);
        let client = left.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            rows::beside::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                left.into_buffer_arg(),
                right.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                rows as u32,
                wide as u32,
                columns as u32,
            );
        }
        out
    }
}
