//! Dense 3×3 convolution of stride 1 with fewer products ("Fast Algorithms for Convolutional
//! Neural Networks", Lavin and Gray, arXiv 1509.09308).
//!
//! A square tile of outputs reads a square of inputs that is two pixels wider. Seen as polynomials, the outputs
//! follow from products at as many points as the input has pixels: 16 products a channel for 2×2
//! outputs instead of 36, 36 for 4×4 instead of 144. Tiles are taken to those points (`Bᵀ·d·B`),
//! multiplied there, all channels at once, with weights that were taken there beforehand
//! (`G·g·Gᵀ`), and brought back (`Aᵀ·m·A`). The points are 0, ±1, ∞, and ±2 for the larger tile.
//!
//! `N` is the points of one axis, [`FEW`] or [`MANY`]; the tile's side is `N − 2`.

mod axis;
mod tiles;

use crate::kernels::cpu::gemm::{self, Finish, Packed, Rows, Source, Store};
use crate::kernels::cpu::tasks::{Scratch, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::{Images, MatmulPrecision, Window};
use tiles::{Input, Kernels, Output};

/// Points an axis for tiles of 2×2 outputs.
pub const FEW: usize = 4;
/// Points an axis for tiles of 4×4 outputs.
pub const MANY: usize = 6;
/// Taps of a kernel.
const TAPS: usize = 9;

/// Values of transformed tiles in a group: they stay in a core's cache.
const GROUP_VALUES: usize = 1 << 17;
/// Every tile size of [`gemm`] divides it.
const GROUP_STEP: usize = 24;
/// Tiles a task transforms.
const PIECE: usize = 8;
/// Unused values between the planes of two points. Without them all planes would fall on the same lines of
/// the cache.
const APART: usize = 16;

/// The number of points an axis with which a convolution from `from` channels to `output` is fastest;
/// `None` where the plain product is faster.
pub fn points(
    window: Window,
    from: usize,
    output: Images,
    precision: MatmulPrecision,
) -> Option<usize> {
    let pixels = output.height * output.width;
    let suits = (window.kernel, window.stride) == (3, 1)
        && from.min(output.channels) >= 16
        && pixels >= 25
        // The transforms would make bfloat16's errors many times larger.
        && precision == MatmulPrecision::Highest;
    if !suits {
        return None;
    }
    // The larger tile's weights are four times the plain ones: for few tiles, reading them takes
    // longer than the products.
    Some(if pixels < 100 { FEW } else { MANY })
}

/// The weights of a convolution at every point, each a matrix `[from, to]`.
pub struct Winograd<const N: usize> {
    matrices: Vec<Packed>,
    from: usize,
    to: usize,
}

impl<const N: usize> Winograd<N> {
    /// From `[to, from, 3, 3]`.
    pub fn new(weights: &[f32], from: usize, to: usize) -> Self {
        assert_eq!(weights.len(), to * from * TAPS);
        let plane = from * to;
        let mut planes = buffer(N * N * plane);
        let shared = Shared::new(&mut planes);
        for_each(from, |channel| {
            vector::dispatch(Kernels::<N> {
                weights,
                from,
                to,
                channel,
                // SAFETY: one input channel a task, a row of each plane.
                out: unsafe { shared.from(channel * to) },
            });
        });
        let matrices = planes
            .chunks_exact(plane)
            .map(|plane| {
                let plane = Source::plain(plane, from, to, to);
                // Only convolutions at the highest precision come this way, see `points`.
                Packed::new(plane, MatmulPrecision::Highest)
            })
            .collect();
        Self { matrices, from, to }
    }

    /// `x` convolved, with `pad` pixels of zeros on every side, into `finish`: a row is a pixel of
    /// the output, a column a channel.
    pub fn forward(&self, x: &[f32], images: Images, pad: usize, finish: &impl Finish) {
        assert_eq!(x.len(), images.values());
        assert_eq!(images.channels, self.from);
        let window = Window {
            kernel: 3,
            stride: 1,
            pad,
        };
        let grid = Grid::<N> {
            images,
            output: window.output(images, self.to),
            pad,
        };
        let most = GROUP_VALUES / (N * N * self.from.max(self.to));
        let group = (most / GROUP_STEP).max(1) * GROUP_STEP;
        let group = group.min(grid.tiles());
        let (plane, result_plane) = (group * self.from + APART, group * self.to + APART);
        let mut values = Scratch::new(N * N * plane);
        let mut results = Scratch::new(N * N * result_plane);
        let zeros = vec![0.0; self.from];
        for first in (0..grid.tiles()).step_by(group.max(1)) {
            let count = group.min(grid.tiles() - first);
            let pieces = count.div_ceil(PIECE);
            let piece = |piece: usize| piece * PIECE..count.min((piece + 1) * PIECE);
            let shared = Shared::new(&mut values);
            for_each(pieces, |task| {
                vector::dispatch(Input {
                    x,
                    zeros: &zeros,
                    grid,
                    first,
                    tiles: piece(task),
                    out: shared,
                    plane,
                });
            });
            let shared = Shared::new(&mut results);
            for_each(N * N, |point| {
                let rows = &values[point * plane..][..count * self.from];
                let rows = Rows::plain(rows, count, self.from, self.from);
                // SAFETY: one plane a task.
                let out = unsafe { shared.from(point * result_plane) };
                gemm::multiply_alone(rows, &self.matrices[point], &Store::shared(out, self.to));
            });
            for_each(pieces, |task| {
                vector::dispatch(Output {
                    results: &results,
                    grid,
                    first,
                    tiles: piece(task),
                    plane: result_plane,
                    finish,
                });
            });
        }
    }
}

/// The tiles of all images, line by line.
#[derive(Clone, Copy)]
struct Grid<const N: usize> {
    images: Images,
    output: Images,
    pad: usize,
}

impl<const N: usize> Grid<N> {
    const SIDE: usize = N - 2;

    fn columns(&self) -> usize {
        self.output.width.div_ceil(Self::SIDE)
    }

    fn lines(&self) -> usize {
        self.output.height.div_ceil(Self::SIDE)
    }

    fn tiles(&self) -> usize {
        self.images.batch * self.lines() * self.columns()
    }

    /// Image, and first line and column of the output, of a tile.
    #[inline(always)]
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (line, column) = (tile / self.columns(), tile % self.columns());
        let (image, line) = (line / self.lines(), line % self.lines());
        (image, line * Self::SIDE, column * Self::SIDE)
    }
}
