//! Kernels, tiles of input and tiles of output, taken to the points and back, a vector of channels
//! at a time.

use pulp::{Simd, WithSimd};

use super::axis::{input_points, kernel_points, output_values};
use super::{Grid, TAPS};
use crate::kernels::cpu::gemm::Finish;
use crate::kernels::cpu::tasks::Shared;
use crate::kernels::cpu::vector;

/// The kernels of one input channel at all points.
pub struct Kernels<'a, const N: usize> {
    pub weights: &'a [f32],
    pub from: usize,
    pub to: usize,
    pub channel: usize,
    pub out: Shared,
}

impl<const N: usize> WithSimd for Kernels<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        const MOST_LANES: usize = 16;
        let zero = simd.splat_f32s(0.0);
        let plane = self.from * self.to;
        for first in (0..self.to).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(self.to - first);
            // [lanes, taps] -> [taps, lanes]
            let mut taps = [[0.0; MOST_LANES]; TAPS];
            for lane in 0..lanes {
                let at = ((first + lane) * self.from + self.channel) * TAPS;
                for (tap, value) in taps.iter_mut().zip(&self.weights[at..][..TAPS]) {
                    tap[lane] = *value;
                }
            }
            // SAFETY: a vector has at most 16 lanes; each plane is `[from, to]`.
            unsafe {
                let mut columns = [[zero; N]; 3];
                for column in 0..3 {
                    let tap = |row: usize| vector::load_all::<S>(taps[3 * row + column].as_ptr());
                    columns[column] = kernel_points(simd, [tap(0), tap(1), tap(2)]);
                }
                for row in 0..N {
                    let values: [S::f32s; N] =
                        kernel_points(simd, [columns[0][row], columns[1][row], columns[2][row]]);
                    for column in 0..N {
                        let to = self.out.at((row * N + column) * plane + first);
                        vector::store(simd, to, lanes, values[column]);
                    }
                }
            }
        }
    }
}

/// Some tiles of the input, taken to all points.
pub struct Input<'a, const N: usize> {
    pub x: &'a [f32],
    /// The channels of a pixel beyond the image.
    pub zeros: &'a [f32],
    pub grid: Grid<N>,
    pub first: usize,
    pub tiles: std::ops::Range<usize>,
    pub out: Shared,
    pub plane: usize,
}

impl<const N: usize> WithSimd for Input<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let images = self.grid.images;
        let channels = images.channels;
        for tile in self.tiles.clone() {
            let (image, line, column) = self.grid.place(self.first + tile);
            let x = &self.x[image * images.image()..][..images.image()];
            let mut pixels = [[self.zeros.as_ptr(); N]; N];
            for (i, pixels) in pixels.iter_mut().enumerate() {
                let y = (line + i).wrapping_sub(self.grid.pad);
                for (j, pixel) in pixels.iter_mut().enumerate() {
                    let x_of = (column + j).wrapping_sub(self.grid.pad);
                    if y < images.height && x_of < images.width {
                        *pixel = x[(y * images.width + x_of) * channels..].as_ptr();
                    }
                }
            }
            for channel in (0..channels).step_by(S::F32_LANES) {
                let left = channels - channel;
                // With a constant count, loads and stores of whole vectors need no check.
                // SAFETY: each pixel, and each row of a plane, is `channels` long.
                unsafe {
                    match left >= S::F32_LANES {
                        true => self.vector(simd, &pixels, tile, channel, S::F32_LANES),
                        false => self.vector(simd, &pixels, tile, channel, left),
                    }
                }
            }
        }
    }
}

impl<const N: usize> Input<'_, N> {
    /// `lanes` channels of a tile from `channel` on, whose `pixels` begin at these addresses.
    #[inline(always)]
    unsafe fn vector<S: Simd>(
        &self,
        simd: S,
        pixels: &[[*const f32; N]; N],
        tile: usize,
        channel: usize,
        lanes: usize,
    ) {
        let mut by_column = [[simd.splat_f32s(0.0); N]; N];
        unsafe {
            for j in 0..N {
                let mut values = [simd.splat_f32s(0.0); N];
                for i in 0..N {
                    values[i] = vector::load(simd, pixels[i][j].add(channel), lanes);
                }
                by_column[j] = input_points(simd, values);
            }
            let to = self.out.at(tile * self.grid.images.channels + channel);
            for i in 0..N {
                let mut values = [simd.splat_f32s(0.0); N];
                for j in 0..N {
                    values[j] = by_column[j][i];
                }
                let values = input_points(simd, values);
                for j in 0..N {
                    vector::store(simd, to.add((i * N + j) * self.plane), lanes, values[j]);
                }
            }
        }
    }
}

/// Some tiles of the results, brought back to pixels.
pub struct Output<'a, F, const N: usize> {
    pub results: &'a [f32],
    pub grid: Grid<N>,
    pub first: usize,
    pub tiles: std::ops::Range<usize>,
    pub plane: usize,
    pub finish: &'a F,
}

impl<F: Finish, const N: usize> WithSimd for Output<'_, F, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.grid.output.channels;
        for tile in self.tiles.clone() {
            let place = self.grid.place(self.first + tile);
            for channel in (0..channels).step_by(S::F32_LANES) {
                let left = channels - channel;
                // SAFETY: each row of a plane is `channels` long; the pixels are the output's.
                unsafe {
                    match left >= S::F32_LANES {
                        true => self.vector(simd, place, tile, channel, S::F32_LANES),
                        false => self.vector(simd, place, tile, channel, left),
                    }
                }
            }
        }
    }
}

impl<F: Finish, const N: usize> Output<'_, F, N> {
    /// `lanes` channels of a tile from `channel` on, which lies at this image, line and column.
    #[inline(always)]
    unsafe fn vector<S: Simd>(
        &self,
        simd: S,
        (image, line, column): (usize, usize, usize),
        tile: usize,
        channel: usize,
        lanes: usize,
    ) {
        let output = self.grid.output;
        let lines = Grid::<N>::SIDE.min(output.height - line);
        let columns = Grid::<N>::SIDE.min(output.width - column);
        let mut by_column = [[simd.splat_f32s(0.0); N]; N];
        unsafe {
            let results = self.results[tile * output.channels + channel..].as_ptr();
            for j in 0..N {
                let mut values = [simd.splat_f32s(0.0); N];
                for i in 0..N {
                    let from = results.add((i * N + j) * self.plane);
                    values[i] = vector::load(simd, from, lanes);
                }
                by_column[j] = output_values(simd, values);
            }
            for i in 0..lines {
                let mut values = [simd.splat_f32s(0.0); N];
                for j in 0..N {
                    values[j] = by_column[j][i];
                }
                let values = output_values(simd, values);
                let pixel = (image * output.height + line + i) * output.width + column;
                for (j, value) in values[..columns].iter().enumerate() {
                    self.finish
                        .finish(simd, pixel + j, channel, lanes, [*value]);
                }
            }
        }
    }
}
