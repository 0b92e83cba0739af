//! Depthwise convolution on a browser's GPU.
//!
//! A unit computes some neighbouring pixels of one vector of channels: it loads each pixel of a
//! line once and multiplies it into every output it reaches. Neighbouring units read neighbouring
//! channels. [`staged`] is for GPUs: the units of a cube share a tile of the image, with its border,
//! in shared memory. [`depthwise`] reads from memory itself.

use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::DepthwiseOps;
use crate::kernels::Images;
use crate::kernels::gpu::{cubes, empty, filters, lanes, sides, staging};
use crate::kernels::tiles::{DEPTHWISE_CHANNELS as TILE_CHANNELS, DEPTHWISE_SIDE as TILE};

/// Neighbouring pixels of a unit.
const PIXELS: usize = 4;
/// Units of a cube.
const UNITS: usize = TILE * TILE / PIXELS * TILE_CHANNELS;

/// Sizes of a depthwise convolution; `channels` in vectors.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct Sizes {
    /// Lines of all images.
    pub lines: u32,
    /// Lines of one.
    pub height: u32,
    /// Pixels a line.
    pub width: u32,
    /// Groups of [`PIXELS`] a line.
    pub groups: u32,
    /// Vectors of channels.
    pub channels: u32,
}

/// `weight` is `[kernel, kernel, channels]`.
#[cube(launch_unchecked)]
pub fn depthwise<F: Float, N: Size>(
    x: &[Vector<F, N>],
    weight: &[Vector<F, N>],
    bias: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    sizes: Sizes,
    #[comptime] kernel: usize,
) {
    let channel = ABSOLUTE_POS_X;
    let group = ABSOLUTE_POS_Y;
    if channel >= sizes.channels || group >= sizes.lines * sizes.groups {
        terminate!();
    }
    let line = group / sizes.groups;
    let column = (group % sizes.groups) * comptime!(PIXELS as u32);
    let y = line % sizes.height;
    let half = comptime!(kernel as u32 / 2);
    let mut sums = Array::<Vector<F, N>>::new(PIXELS);
    let start = bias[channel as usize];
    #[unroll]
    for p in 0..PIXELS {
        sums[p] = start;
    }
    // Only the lines of the kernel that fall on the image.
    let first = max(half, y) - y;
    let last = min(comptime!(kernel as u32), sizes.height + half - y);
    for tap in first..last {
        let from = (line + tap - half) * sizes.width;
        let weights = tap * comptime!(kernel as u32);
        #[unroll]
        for j in 0..comptime!(PIXELS + kernel - 1) {
            // Below 0 wraps to far above the width.
            let pixel = column + j as u32 - half;
            let inside = pixel < sizes.width;
            let at = select(inside, (from + pixel) * sizes.channels + channel, channel);
            let value = select(inside, x[at as usize], Vector::new(F::from_int(0)));
            #[unroll]
            for p in 0..PIXELS {
                if comptime!((p..p + kernel).contains(&j)) {
                    let tap = weights + comptime!((j - p) as u32);
                    let weight = weight[(tap * sizes.channels + channel) as usize];
                    sums[p] = fma(value, weight, sums[p]);
                }
            }
        }
    }
    #[unroll]
    for p in 0..PIXELS {
        let pixel = column + p as u32;
        if pixel < sizes.width {
            let at = (line * sizes.width + pixel) * sizes.channels + channel;
            out[at as usize] = sums[p];
        }
    }
}

/// The same; cubes are `[channels, tiles of a line, tiles of all lines]` in their three axes.
#[cube(launch_unchecked)]
pub fn staged<F: Float, N: Size>(
    x: &[Vector<F, N>],
    weight: &[Vector<F, N>],
    bias: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    sizes: Sizes,
    #[comptime] kernel: usize,
) {
    let half = comptime!(kernel as u32 / 2);
    // Pixels of a tile with its border, along a side.
    let side = comptime!((TILE + kernel - 1) as u32);
    let mut tile = Shared::<[Vector<F, N>]>::new_slice(comptime!(
        (TILE + kernel - 1) * (TILE + kernel - 1) * TILE_CHANNELS
    ));
    let mut filter =
        Shared::<[Vector<F, N>]>::new_slice(comptime!(kernel * kernel * TILE_CHANNELS));
    let lanes = comptime!(TILE_CHANNELS as u32);
    let units = comptime!(UNITS as u32);
    let high = (sizes.height + comptime!(TILE as u32 - 1)) / comptime!(TILE as u32);
    let image = CUBE_POS_Z / high;
    let top = (CUBE_POS_Z % high) * comptime!(TILE as u32);
    let left = CUBE_POS_Y * comptime!(TILE as u32);
    let first = CUBE_POS_X * lanes;
    #[unroll]
    for i in
        0..comptime!(((TILE + kernel - 1) * (TILE + kernel - 1) * TILE_CHANNELS).div_ceil(UNITS))
    {
        let share = UNIT_POS + comptime!(i as u32) * units;
        if share < side * side * lanes {
            let channel = first + share % lanes;
            let pixel = share / lanes;
            // Below 0 wraps to far above the sides.
            let y = top + pixel / side - half;
            let column = left + pixel % side - half;
            let inside = y < sizes.height && column < sizes.width && channel < sizes.channels;
            let at = ((image * sizes.height + y) * sizes.width + column) * sizes.channels + channel;
            let value = x[select(inside, at, 0) as usize];
            tile[share as usize] = select(inside, value, Vector::new(F::from_int(0)));
        }
    }
    #[unroll]
    for i in 0..comptime!((kernel * kernel * TILE_CHANNELS).div_ceil(UNITS)) {
        let share = UNIT_POS + comptime!(i as u32) * units;
        if share < comptime!((kernel * kernel * TILE_CHANNELS) as u32) {
            let channel = first + share % lanes;
            let inside = channel < sizes.channels;
            let at = select(inside, (share / lanes) * sizes.channels + channel, 0);
            filter[share as usize] = weight[at as usize];
        }
    }
    sync_cube();
    let within = UNIT_POS % lanes;
    let channel = first + within;
    let group = (UNIT_POS / lanes) % comptime!((TILE / PIXELS) as u32);
    let line = UNIT_POS / (lanes * comptime!((TILE / PIXELS) as u32));
    let column = group * comptime!(PIXELS as u32);
    let mut sums = Array::<Vector<F, N>>::new(PIXELS);
    #[unroll]
    for p in 0..PIXELS {
        sums[p] = Vector::new(F::from_int(0));
    }
    for tap in 0..comptime!(kernel as u32) {
        let from = ((line + tap) * side + column) * lanes + within;
        let weights = tap * comptime!((kernel * TILE_CHANNELS) as u32) + within;
        #[unroll]
        for j in 0..comptime!(PIXELS + kernel - 1) {
            let value = tile[(from + comptime!((j * TILE_CHANNELS) as u32)) as usize];
            #[unroll]
            for p in 0..PIXELS {
                if comptime!((p..p + kernel).contains(&j)) {
                    let at = weights + comptime!(((j - p) * TILE_CHANNELS) as u32);
                    sums[p] = fma(value, filter[at as usize], sums[p]);
                }
            }
        }
    }
    let y = top + line;
    #[unroll]
    for p in 0..PIXELS {
        let pixel = left + column + p as u32;
        if pixel < sizes.width && y < sizes.height && channel < sizes.channels {
            let at = ((image * sizes.height + y) * sizes.width + pixel) * sizes.channels + channel;
            out[at as usize] = sums[p] + bias[channel as usize];
        }
    }
}

impl DepthwiseOps for CubeBackend {
    fn depthwise(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
        let [x, bias] = [x, bias].map(into_contiguous);
        let [_, _, kernel, _] = sides(&weight);
        let weight = filters(weight);
        let images = Images::new(sides(&x));
        let lanes = lanes(&[images.channels]);
        let channels = images.channels / lanes;
        let groups = images.width.div_ceil(PIXELS);
        let lines = images.batch * images.height;
        let out = empty(&x, images.shape());
        let sizes = SizesLaunch::new(
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
                let dim = CubeDim::new_1d(UNITS as u32);
                staged::launch_unchecked::<f32>(
                    &client, count, dim, lanes, x, weight, bias, result, sizes, kernel,
                );
            } else {
                let (count, dim) = cubes(channels, lines * groups, [8, 8]);
                depthwise::launch_unchecked::<f32>(
                    &client, count, dim, lanes, x, weight, bias, result, sizes, kernel,
                );
            }
        }
        out
    }
}
