//! Kernels that go over rows: layer norm, the mean over an image's pixels, max pooling, and the
//! tokens of a transformer put together.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// Every row of `columns` vectors brought to mean 0 and variance 1, then times `gamma` plus `beta`.
/// A row is one unit's; it holds `values` values.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)] // A kernel's buffers.
pub fn layer_norm<F: Float, N: Size>(
    x: &[Vector<F, N>],
    gamma: &[Vector<F, N>],
    beta: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    rows: u32,
    columns: u32,
    values: u32,
    epsilon: f32,
) {
    let row = ABSOLUTE_POS_X;
    if row >= rows {
        terminate!();
    }
    let first = (row * columns) as usize;
    let mut sum = Vector::<F, N>::new(F::from_int(0));
    for column in 0..columns {
        sum += x[first + column as usize];
    }
    let count = F::cast_from(values);
    let mean = Vector::<F, N>::new(total::<F, N>(sum) / count);
    let mut squares = Vector::<F, N>::new(F::from_int(0));
    for column in 0..columns {
        let apart = x[first + column as usize] - mean;
        squares = fma(apart, apart, squares);
    }
    let variance = total::<F, N>(squares) / count;
    let scale = Vector::<F, N>::new(F::new(1.0_f32) / (variance + F::cast_from(epsilon)).sqrt());
    for column in 0..columns {
        let at = column as usize;
        let normalised = (x[first + at] - mean) * scale;
        out[first + at] = fma(normalised, gamma[at], beta[at]);
    }
}

/// Units of a cube of [`layer_norm_together`] that share a row.
pub const ROW_UNITS: usize = 16;
/// Rows of its cube.
pub const CUBE_ROWS: usize = 4;

/// The same, a row shared by [`ROW_UNITS`] units: neighbours read neighbouring values.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)] // A kernel's buffers.
pub fn layer_norm_together<F: Float, N: Size>(
    x: &[Vector<F, N>],
    gamma: &[Vector<F, N>],
    beta: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    rows: u32,
    columns: u32,
    values: u32,
    epsilon: f32,
) {
    let row = CUBE_POS_X * comptime!(CUBE_ROWS as u32) + UNIT_POS_Y;
    // A cube's last rows may lie beyond all: they read the last one again, for the barriers' sake.
    let first = (min(row, rows - 1) * columns) as usize;
    let mut parts = Shared::<[F]>::new_slice(comptime!(2 * ROW_UNITS * CUBE_ROWS));
    let own = UNIT_POS_Y * comptime!(ROW_UNITS as u32);
    let count = F::cast_from(values);

    let mut sum = Vector::<F, N>::new(F::from_int(0));
    for column in range_stepped(UNIT_POS_X, columns, comptime!(ROW_UNITS as u32)) {
        sum += x[first + column as usize];
    }
    parts[(own + UNIT_POS_X) as usize] = total::<F, N>(sum);
    sync_cube();
    let mut mean = F::from_int(0);
    #[unroll]
    for i in 0..ROW_UNITS {
        mean += parts[own as usize + i];
    }
    let mean = Vector::<F, N>::new(mean / count);

    let mut squares = Vector::<F, N>::new(F::from_int(0));
    for column in range_stepped(UNIT_POS_X, columns, comptime!(ROW_UNITS as u32)) {
        let apart = x[first + column as usize] - mean;
        squares = fma(apart, apart, squares);
    }
    // The second half, so that nobody overwrites what another still reads.
    let second = own + comptime!((ROW_UNITS * CUBE_ROWS) as u32);
    parts[(second + UNIT_POS_X) as usize] = total::<F, N>(squares);
    sync_cube();
    let mut variance = F::from_int(0);
    #[unroll]
    for i in 0..ROW_UNITS {
        variance += parts[second as usize + i];
    }
    let scale =
        Vector::<F, N>::new(F::new(1.0_f32) / (variance / count + F::cast_from(epsilon)).sqrt());
    if row < rows {
        for column in range_stepped(UNIT_POS_X, columns, comptime!(ROW_UNITS as u32)) {
            let at = column as usize;
            let normalised = (x[first + at] - mean) * scale;
            out[first + at] = fma(normalised, gamma[at], beta[at]);
        }
    }
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

/// `[images, pixels, channels]` → the mean over the pixels, `[images, channels]`.
#[cube(launch_unchecked)]
pub fn pixel_mean<F: Float, N: Size>(
    x: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    images: u32,
    pixels: u32,
    channels: u32,
) {
    let channel = ABSOLUTE_POS_X;
    let image = ABSOLUTE_POS_Y;
    if channel >= channels || image >= images {
        terminate!();
    }
    let mut sum = Vector::<F, N>::new(F::from_int(0));
    for pixel in 0..pixels {
        sum += x[((image * pixels + pixel) * channels + channel) as usize];
    }
    let count = Vector::<F, N>::new(F::cast_from(pixels));
    out[(image * channels + channel) as usize] = sum / count;
}

/// Sizes of a pooling; `channels` in vectors.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
#[allow(missing_docs)]
pub struct PoolSizes {
    pub rows: u32,
    pub channels: u32,
    pub height: u32,
    pub width: u32,
    pub out_height: u32,
    pub out_width: u32,
    pub kernel: u32,
    pub stride: u32,
    pub pad: u32,
}

/// The highest value of every window, channel by channel.
#[cube(launch_unchecked)]
pub fn max_pool<F: Float, N: Size>(x: &[Vector<F, N>], out: &mut [Vector<F, N>], sizes: PoolSizes) {
    let channel = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if channel >= sizes.channels || row >= sizes.rows {
        terminate!();
    }
    let column = row % sizes.out_width;
    let line = row / sizes.out_width;
    let image = line / sizes.out_height;
    let top = (line % sizes.out_height) * sizes.stride;
    let left = column * sizes.stride;
    let mut highest = Vector::<F, N>::new(F::min_value());
    for tap_y in 0..sizes.kernel {
        for tap_x in 0..sizes.kernel {
            // Below 0 wraps to far above the sides.
            let y = top + tap_y - sizes.pad;
            let x_at = left + tap_x - sizes.pad;
            if y < sizes.height && x_at < sizes.width {
                let pixel = (image * sizes.height + y) * sizes.width + x_at;
                highest = max(highest, x[(pixel * sizes.channels + channel) as usize]);
            }
        }
    }
    out[(row * sizes.channels + channel) as usize] = highest;
}

/// Patches `[images, patches, width]`, one class token and the positions of all → tokens
/// `[images, 1 + patches, width]`, the class token first.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)] // A kernel's buffers.
pub fn tokens<F: Float, N: Size>(
    patches: &[Vector<F, N>],
    class_token: &[Vector<F, N>],
    positions: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    images: u32,
    count: u32,
    width: u32,
) {
    let channel = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if channel >= width || row >= images * count {
        terminate!();
    }
    let token = row % count;
    let image = row / count;
    let mut value = positions[(token * width + channel) as usize];
    if token == 0 {
        value += class_token[channel as usize];
    } else {
        let patch = image * (count - 1) + token - 1;
        value += patches[(patch * width + channel) as usize];
    }
    out[(row * width + channel) as usize] = value;
}

/// `[rows, wide]` and `[rows, columns - wide]` → `[rows, columns]`, value by value.
#[cube(launch_unchecked)]
pub fn beside<F: Float>(
    left: &[F],
    right: &[F],
    out: &mut [F],
    rows: u32,
    wide: u32,
    columns: u32,
) {
    let column = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if column >= columns || row >= rows {
        terminate!();
    }
    let to = (row * columns + column) as usize;
    if column < wide {
        out[to] = left[(row * wide + column) as usize];
    } else {
        out[to] = right[(row * (columns - wide) + column - wide) as usize];
    }
}
