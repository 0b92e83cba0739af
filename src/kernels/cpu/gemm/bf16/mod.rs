//! Matrix products of bfloat16, added up in f32, on the x86 processors that have instructions for them
//! ([`Method`]).
//!
//! At [`Medium`](crate::kernels::MatmulPrecision::Medium) every f32 is rounded to one bfloat16, which leaves 8 bits. At
//! [`High`](crate::kernels::MatmulPrecision::High) it is split in two, `x ≈ high + low`, and a product is the sum of
//! three, `high·high + high·low + low·high`; the rest is below 2⁻¹⁶ of it (Henry, Tang and
//! Heinecke, "Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision
//! Computations", arXiv 1904.06376).
//!
//! Both matrices are cut into panels of [`SIDE`] rows (of `A`) or columns (of `B`), and these into
//! [`SIDE`] values of depth. Such a block is two tiles of 1 KB, its first and second 16 rows or
//! columns, and two more for the low halves where there are any. A tile of `A` is `[row][depth]`, a
//! tile of `B` `[depth / 2][column][depth % 2]`, as the instructions read them.

mod dots;
mod method;
mod pack;
#[cfg(test)]
mod tests;
mod tiles;

use pulp::{Simd, WithSimd};

use super::super::tasks::{Shared, buffer, for_each};
use super::super::vector;
use super::finish::{Finish, Store, Sum};
use super::{Rows, Source, TASKS};
pub use method::Method;
pub use pack::pack;
use pack::{blocks, line, split_rows};

/// Rows, columns and depth of a block.
pub const SIDE: usize = 32;
/// The size of a tile in f32: 16 rows of 64 bytes.
const TILE: usize = 256;
/// The part of each matrix that a task takes, in f32: both stay in a second-level cache.
const PART: usize = 1 << 17;
/// Rows that [`outer`] splits at a time.
const DEPTH: usize = 512;

/// `[SIDE, SIDE]` values of a result.
#[repr(align(64))]
struct Block([[f32; SIDE]; SIDE]);

/// The bfloat16 that stand for an f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// One bfloat16.
    High,
    /// Two: the second is the remainder of the first.
    HighAndLow,
}

impl Halves {
    /// The size of a block in f32.
    const fn block(self) -> usize {
        match self {
            Self::High => 2 * TILE,
            Self::HighAndLow => 4 * TILE,
        }
    }
}

/// `A·B` for a `b` of [`pack`] with `columns` columns.
pub fn multiply(a: Rows, b: &[f32], method: Method, columns: usize, finish: &impl Finish) {
    let halves = method.halves();
    a.check();
    let chunks = a.depth().div_ceil(SIDE);
    let blocks = columns.div_ceil(SIDE) * chunks;
    assert_eq!(b.len(), blocks * halves.block(), "the inner sides differ");
    let left = split_rows(a, halves);
    product(method, &left, b, chunks, [a.count, columns], finish);
}

/// The product of two matrices in blocks, of `[rows, columns]`.
fn product(
    method: Method,
    a: &[f32],
    b: &[f32],
    chunks: usize,
    [rows, columns]: [usize; 2],
    finish: &impl Finish,
) {
    let (down, across) = (rows.div_ceil(SIDE), columns.div_ceil(SIDE));
    // A task takes about as many rows as columns, and there are enough tasks to share.
    let panels = PART / (chunks * method.halves().block());
    let groups = across.div_ceil(panels.max(1));
    let bands = down
        .div_ceil(panels.max(1))
        .max(TASKS.div_ceil(groups))
        .min(down);
    for_each(groups * bands, |task| {
        // Neighbours share their columns.
        let (group, band) = (task / bands, task % bands);
        let part = |i: usize, parts: usize, panels: usize, end: usize| {
            i * panels / parts * SIDE..((i + 1) * panels / parts * SIDE).min(end)
        };
        vector::dispatch(Blocks {
            method,
            a,
            b,
            chunks,
            rows: part(band, bands, down, rows),
            columns: part(group, groups, across, columns),
            finish,
        });
    });
}

/// `Aᵀ·B`, `[depth of a, columns]`, row-major, where `b` is `[rows of a, columns]`.
pub fn outer(a: Rows, b: &[f32], columns: usize, method: Method) -> Vec<f32> {
    let halves = method.halves();
    a.check();
    let height = a.depth();
    let mut out = buffer(height * columns);
    let shared = Shared::new(&mut out);
    for first in (0..a.count).step_by(DEPTH) {
        let depth = DEPTH.min(a.count - first);
        let left = blocks::<true>(depth, height, halves, |k, from, columns, spare| {
            match a.slice(first + k, from, columns) {
                Some(values) => line(values, spare),
                None => {
                    a.copy(first + k, from, &mut spare[..columns]);
                    spare.as_ptr()
                }
            }
        });
        let rows = &b[first * columns..][..depth * columns];
        let right = pack(Source::plain(rows, depth, columns, columns), method);
        let finish = Sum {
            store: Store::shared(shared, columns),
            add: first > 0,
        };
        let chunks = depth.div_ceil(SIDE);
        let sides = [height, columns];
        product(method, &left, &right, chunks, sides, &finish);
    }
    out
}

/// Some rows and columns of a product, both from a multiple of [`SIDE`] on.
struct Blocks<'a, F> {
    method: Method,
    a: &'a [f32],
    b: &'a [f32],
    chunks: usize,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    finish: &'a F,
}

impl<F: Finish> WithSimd for Blocks<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.method {
            // SAFETY: a method is one of this machine.
            Method::Tiles(_) => unsafe { tiles::with_tiles(|| self.blocks(simd)) },
            Method::Dots => self.blocks(simd),
        }
    }
}

impl<F: Finish> Blocks<'_, F> {
    #[inline(always)]
    fn blocks<S: Simd>(&self, simd: S) {
        // Along the rows, so that the result is written in order.
        let mut sums = Block([[0.0; SIDE]; SIDE]);
        for row in self.rows.clone().step_by(SIDE) {
            for column in self.columns.clone().step_by(SIDE) {
                self.block(simd, row, column, &mut sums);
            }
        }
    }

    /// The block of the result from `row` and `column` on.
    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, row: usize, column: usize, sums: &mut Block) {
        let panel = self.chunks * self.method.halves().block();
        let a = &self.a[row / SIDE * panel..][..panel];
        let b = &self.b[column / SIDE * panel..][..panel];
        let multiply: unsafe fn(&[f32], &[f32], usize, &mut Block) = match self.method {
            Method::Tiles(Halves::High) => tiles::multiply_high,
            Method::Tiles(Halves::HighAndLow) => tiles::multiply_high_and_low,
            Method::Dots => dots::multiply_high,
        };
        // SAFETY: both panels are `chunks` blocks; the machine has the instructions, and they are set up.
        unsafe { multiply(a, b, self.chunks, sums) };
        let columns = SIDE.min(self.columns.end - column);
        for (row, line) in (row..self.rows.end).zip(&sums.0) {
            for from in (0..columns).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(columns - from);
                // SAFETY: a line has 32 values, a multiple of every vector's; the row and columns
                // are the result's.
                unsafe {
                    let values = vector::load_all::<S>(line.as_ptr().add(from));
                    self.finish
                        .finish(simd, row, column + from, lanes, [values]);
                }
            }
        }
    }
}
