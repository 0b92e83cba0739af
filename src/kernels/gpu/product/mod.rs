//! Convolutions and matrix products: an implicit matrix product over channels-last images, with a
//! bias, a residual and an activation before the result leaves the registers.
//!
//! A row of the left matrix is the window of one output pixel, a column of the right one an output
//! channel; a plain matrix product is the case of a 1×1 window. Weights are `[kernel, kernel, from,
//! to]`, so that neighbouring units read neighbouring values of both.
//!
//! Two kernels compute the same. [`tiled`] is for GPUs: a cube stages a tile of both matrices in
//! shared memory and each unit keeps a block of the result in registers. [`blocked`] is for
//! adapters that are a CPU in disguise, where a barrier costs more than a load: each unit reads
//! its values from memory.

mod blocked;
mod tiled;

use burn::backend::TensorMetadata;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::activation::{Activation, activate};
use super::windows::{Windows, windows};
use super::{cubes, empty, filters, lanes, sides, staging};
use crate::kernels::tiles::Tile;
use crate::kernels::{Images, Window};

/// How [`blocked`] shares out the result: rows and vectors of columns a unit.
const BLOCK: [usize; 2] = [4, 1];

/// Sizes of a product; lengths along channels are in vectors.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct Sizes {
    /// The windows, which are the rows of the left matrix.
    pub windows: Windows,
    /// Output channels.
    pub columns: u32,
    /// Whether there is a residual.
    pub joins: u32,
    /// The number of the [`Activation`].
    pub activation: u32,
}

/// Bias, residual and activation, then the store.
#[cube]
fn finish<F: Float, Out: Size>(
    sum: Vector<F, Out>,
    row: u32,
    column: u32,
    bias: &[Vector<F, Out>],
    residual: &[Vector<F, Out>],
    out: &mut [Vector<F, Out>],
    sizes: &Sizes,
) {
    if row < sizes.windows.rows && column < sizes.columns {
        let at = (row * sizes.columns + column) as usize;
        let mut value = sum + bias[column as usize];
        if sizes.joins != 0 {
            value += residual[at];
        }
        out[at] = activate::<F, Out>(value, sizes.activation);
    }
}

/// `x` times `weight`, `[from, to]` or filters `[to, from, kernel, kernel]`, then bias, residual and activation.
pub fn run(
    x: CubeTensor,
    weight: CubeTensor,
    bias: Option<CubeTensor>,
    window: Window,
    residual: Option<CubeTensor>,
    activation: Activation,
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
    let residual = residual.map(into_contiguous);
    let bias = match bias {
        Some(bias) => into_contiguous(bias),
        None => burn_cubecl::ops::numeric::zeros_client(
            x.client.clone(),
            x.device.clone(),
            [to].into(),
            x.dtype,
        ),
    };
    let sizes = SizesLaunch::new(
        windows(images, output, window, input_lanes),
        (to / output_lanes) as u32,
        residual.is_some() as u32,
        activation as u32,
    );
    // The kernel has a binding for a residual in any case; without one it is not read.
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
            tiled::tiled::launch_unchecked::<f32>(
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
            blocked::blocked::launch_unchecked::<f32>(
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
