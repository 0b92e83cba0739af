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
//! what it needs itself.

use burn::backend::TensorMetadata;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::activation::{Activation, activate};
use super::{cubes, empty, filters, lanes, sides, staging};
use crate::kernels::tiles::Tile;
use crate::kernels::{Images, Window};

/// How [`blocked`] shares out the result: rows and vectors of columns a unit.
const BLOCK: [usize; 2] = [4, 1];

/// Sizes of a product; lengths along channels are in vectors.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct Sizes {
    /// Output pixels of all images.
    pub rows: u32,
    /// Output channels.
    pub columns: u32,
    /// Input channels.
    pub channels: u32,
    /// Input lines.
    pub height: u32,
    /// Input pixels a line.
    pub width: u32,
    /// Output lines.
    pub out_height: u32,
    /// Output pixels a line.
    pub out_width: u32,
    /// Side of the window.
    pub kernel: u32,
    /// Input pixels from one window to the next.
    pub stride: u32,
    /// Pixels of zeros around an image.
    pub pad: u32,
    /// Whether there is a residual.
    pub joins: u32,
    /// What is done last: see [`Activation`].
    pub activation: u32,
}

/// The first value of the pixel that tap `(y, x)` of a window falls on, in vectors, and whether it
/// lies in the image; `window` is the window's first line and pixel, the image's start its third.
#[cube]
fn pixel(sizes: &Sizes, row: u32, tap_y: u32, tap_x: u32) -> (usize, bool) {
    let column = row % sizes.out_width;
    let line = row / sizes.out_width;
    let y = (line % sizes.out_height) * sizes.stride + tap_y;
    let x = column * sizes.stride + tap_x;
    let image = line / sizes.out_height;
    // Below 0 wraps to far above the sides.
    let y = y - sizes.pad;
    let x = x - sizes.pad;
    let inside = row < sizes.rows && y < sizes.height && x < sizes.width;
    let at = ((image * sizes.height + y) * sizes.width + x) * sizes.channels;
    (select(inside, at, 0) as usize, inside)
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
    if row < sizes.rows && column < sizes.columns {
        let at = (row * sizes.columns + column) as usize;
        let mut value = sum + bias[column as usize];
        if sizes.joins != 0 {
            value += residual[at];
        }
        out[at] = activate::<F, Out>(value, sizes.activation);
    }
}

/// `lanes` are the values of `In`. Each unit a block of `pixels` rows and `vectors` vectors of columns, straight from memory.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)] // A kernel's buffers.
pub fn blocked<F: Float, In: Size, Out: Size>(
    x: &[Vector<F, In>],
    weight: &[Vector<F, Out>],
    bias: &[Vector<F, Out>],
    residual: &[Vector<F, Out>],
    out: &mut [Vector<F, Out>],
    sizes: Sizes,
    #[comptime] lanes: usize,
    #[comptime] pixels: usize,
    #[comptime] vectors: usize,
) {
    let column = ABSOLUTE_POS_X * comptime!(vectors as u32);
    let first = ABSOLUTE_POS_Y * comptime!(pixels as u32);
    if column >= sizes.columns || first >= sizes.rows {
        terminate!();
    }
    let mut sums = Array::<Vector<F, Out>>::new(comptime!(pixels * vectors));
    #[unroll]
    for i in 0..comptime!(pixels * vectors) {
        sums[i] = Vector::new(F::from_int(0));
    }
    // The last block may reach beyond the columns: it reads the last ones again.
    let mut columns = Array::<u32>::new(vectors);
    #[unroll]
    for v in 0..vectors {
        columns[v] = min(column + v as u32, sizes.columns - 1);
    }
    let mut tap = 0u32;
    for tap_y in 0..sizes.kernel {
        for tap_x in 0..sizes.kernel {
            let mut starts = Array::<usize>::new(pixels);
            let mut inside = Array::<bool>::new(pixels);
            #[unroll]
            for p in 0..pixels {
                let (start, within) = pixel(&sizes, first + p as u32, tap_y, tap_x);
                starts[p] = start;
                inside[p] = within;
            }
            for channel in 0..sizes.channels {
                let mut values = Array::<Vector<F, In>>::new(pixels);
                #[unroll]
                for p in 0..pixels {
                    let value = x[starts[p] + channel as usize];
                    values[p] = select(inside[p], value, Vector::new(F::from_int(0)));
                }
                let depth = (tap * sizes.channels + channel) * comptime!(lanes as u32);
                #[unroll]
                for k in 0..lanes {
                    let line = (depth + k as u32) * sizes.columns;
                    #[unroll]
                    for v in 0..vectors {
                        let weight = weight[(line + columns[v]) as usize];
                        #[unroll]
                        for p in 0..pixels {
                            let value = Vector::<F, Out>::new(values[p].extract(k));
                            sums[p * vectors + v] = fma(value, weight, sums[p * vectors + v]);
                        }
                    }
                }
            }
            tap += 1;
        }
    }
    #[unroll]
    for p in 0..pixels {
        #[unroll]
        for v in 0..vectors {
            let (row, column) = (first + p as u32, column + v as u32);
            finish(
                sums[p * vectors + v],
                row,
                column,
                bias,
                residual,
                out,
                &sizes,
            );
        }
    }
}

/// Each cube a tile of the result, its parts of both matrices staged in shared memory.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)] // A kernel's buffers.
pub fn tiled<F: Float, In: Size, Out: Size>(
    x: &[Vector<F, In>],
    weight: &[Vector<F, Out>],
    bias: &[Vector<F, Out>],
    residual: &[Vector<F, Out>],
    out: &mut [Vector<F, Out>],
    sizes: Sizes,
    #[comptime] lanes: usize,
    #[comptime] tile: Tile,
) {
    let units = comptime!(tile.units() as u32);
    // One vector more a row, so that neighbouring rows lie in other banks.
    let line = comptime!(tile.depth + 1);
    let mut left = Shared::<[Vector<F, In>]>::new_slice(comptime!(tile.rows * (tile.depth + 1)));
    let mut right =
        Shared::<[Vector<F, Out>]>::new_slice(comptime!(tile.depth * lanes * tile.columns));
    let first_row = CUBE_POS_Y * comptime!(tile.rows as u32);
    let first_column = CUBE_POS_X * comptime!(tile.columns as u32);
    let wide = comptime!((tile.columns / tile.unit_columns) as u32);
    let unit_column = (UNIT_POS % wide) * comptime!(tile.unit_columns as u32);
    let unit_row = (UNIT_POS / wide) * comptime!(tile.unit_rows as u32);
    let mut sums = Array::<Vector<F, Out>>::new(comptime!(tile.unit_rows * tile.unit_columns));
    #[unroll]
    for i in 0..comptime!(tile.unit_rows * tile.unit_columns) {
        sums[i] = Vector::new(F::from_int(0));
    }
    let depth = sizes.kernel * sizes.kernel * sizes.channels;
    let steps = (depth + comptime!(tile.depth as u32 - 1)) / comptime!(tile.depth as u32);
    for step in 0..steps {
        let start = step * comptime!(tile.depth as u32);
        // Every unit fetches its share of both tiles.
        #[unroll]
        for i in 0..comptime!((tile.rows * tile.depth).div_ceil(tile.units())) {
            let share = UNIT_POS + comptime!(i as u32) * units;
            if share < comptime!((tile.rows * tile.depth) as u32) {
                let row = share / comptime!(tile.depth as u32);
                let within = share % comptime!(tile.depth as u32);
                let at = start + within;
                let tap = at / sizes.channels;
                let channel = at % sizes.channels;
                let (tap_y, tap_x) = (tap / sizes.kernel, tap % sizes.kernel);
                let (pixel, inside) = pixel(&sizes, first_row + row, tap_y, tap_x);
                let value = x[select(at < depth, pixel + channel as usize, 0)];
                let inside = inside && at < depth;
                left[row as usize * line + within as usize] =
                    select(inside, value, Vector::new(F::from_int(0)));
            }
        }
        #[unroll]
        for i in 0..comptime!((tile.depth * lanes * tile.columns).div_ceil(tile.units())) {
            let share = UNIT_POS + comptime!(i as u32) * units;
            if share < comptime!((tile.depth * lanes * tile.columns) as u32) {
                let within = share / comptime!(tile.columns as u32);
                let column = first_column + share % comptime!(tile.columns as u32);
                let row = start * comptime!(lanes as u32) + within;
                let inside = column < sizes.columns && row < depth * comptime!(lanes as u32);
                let at = select(inside, row * sizes.columns + column, 0);
                right[share as usize] =
                    select(inside, weight[at as usize], Vector::new(F::from_int(0)));
            }
        }
        sync_cube();
        for within in 0..comptime!(tile.depth as u32) {
            let mut values = Array::<Vector<F, In>>::new(comptime!(tile.unit_rows));
            #[unroll]
            for r in 0..tile.unit_rows {
                values[r] = left[(unit_row as usize + r) * line + within as usize];
            }
            #[unroll]
            for k in 0..lanes {
                let row = within * comptime!(lanes as u32) + k as u32;
                let from = row * comptime!(tile.columns as u32) + unit_column;
                #[unroll]
                for c in 0..tile.unit_columns {
                    let weight = right[from as usize + c];
                    #[unroll]
                    for r in 0..tile.unit_rows {
                        let value = Vector::<F, Out>::new(values[r].extract(k));
                        let sum = comptime!(r * tile.unit_columns + c);
                        sums[sum] = fma(value, weight, sums[sum]);
                    }
                }
            }
        }
        sync_cube();
    }
    #[unroll]
    for r in 0..tile.unit_rows {
        #[unroll]
        for c in 0..tile.unit_columns {
            let row = first_row + unit_row + r as u32;
            let column = first_column + unit_column + c as u32;
            let sum = sums[comptime!(r * tile.unit_columns + c)];
            finish(sum, row, column, bias, residual, out, &sizes);
        }
    }
}

/// `x` times `weight`, `[from, to]` or filters `[to, from, kernel, kernel]`, with all that follows.
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
            tiled::launch_unchecked::<f32>(
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
            blocked::launch_unchecked::<f32>(
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
