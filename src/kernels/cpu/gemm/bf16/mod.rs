//! Matrix products of bfloat16, added up in f32, on the x86 processors that have a [`Unit`] for
//! them.
//!
//! At [`MatmulPrecision::Medium`] every f32 is rounded to one bfloat16, which leaves 8 bits. At
//! [`MatmulPrecision::High`] it is split in two, `x ≈ high + low`, and a product is the sum of
//! three, `high·high + high·low + low·high`; the rest is below 2⁻¹⁶ of it (Henry, Tang and
//! Heinecke, "Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision
//! Computations", arXiv 1904.06376).
//!
//! Both matrices are cut into panels of [`SIDE`] rows (of `A`) or columns (of `B`), and these into
//! [`SIDE`] values of depth. Such a block is two tiles of 1 KB, its first and second 16 rows or
//! columns, and two more for the low halves where there are any. A tile of `A` is `[row][depth]`, a
//! tile of `B` `[depth / 2][column][depth % 2]`, as the instructions read them.

mod dots;
mod pack;
#[cfg(test)]
mod tests;
mod tiles;
mod unit;

use pulp::{Simd, WithSimd};

use super::super::tasks::{Shared, buffer, for_each};
use super::super::vector;
use super::finish::{Finish, Store, Sum};
use super::{MatmulPrecision, Rows, Source, TASKS};
pub use pack::pack;
use pack::{blocks, line, split_rows};
use unit::Unit;

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
    /// The halves for products of `depth` at `precision`, where every value of the one matrix is
    /// multiplied by at least `uses` values of the other. `None` where the machine has no unit for
    /// them, where `precision` asks for f32, or where making blocks costs more than the unit gains.
    pub fn of(precision: MatmulPrecision, depth: usize, uses: usize) -> Option<Self> {
        let halves = match precision {
            MatmulPrecision::Highest => return None,
            MatmulPrecision::High => Self::HighAndLow,
            MatmulPrecision::Medium => Self::High,
        };
        let pays_from = Unit::best()?.pays_from(halves)?;
        (depth >= SIDE && uses >= pays_from).then_some(halves)
    }

    /// The size of a block in f32.
    const fn block(self) -> usize {
        match self {
            Self::High => 2 * TILE,
            Self::HighAndLow => 4 * TILE,
        }
    }
}

/// `A·B` for a `b` of [`pack`] with `columns` columns.
pub fn multiply(a: Rows, b: &[f32], halves: Halves, columns: usize, finish: &impl Finish) {
    multiply_on(unit(), a, b, halves, columns, finish);
}

/// `Aᵀ·B`, `[depth of a, columns]`, row-major, where `b` is `[rows of a, columns]`.
pub fn outer(a: Rows, b: &[f32], columns: usize, halves: Halves) -> Vec<f32> {
    outer_on(unit(), a, b, columns, halves)
}

/// The unit that [`Halves::of`] had found.
fn unit() -> Unit {
    Unit::best().expect("halves are for a unit")
}

fn multiply_on(
    unit: Unit,
    a: Rows,
    b: &[f32],
    halves: Halves,
    columns: usize,
    finish: &impl Finish,
) {
    a.check();
    let chunks = a.depth().div_ceil(SIDE);
    let blocks = columns.div_ceil(SIDE) * chunks;
    assert_eq!(b.len(), blocks * halves.block(), "the inner sides differ");
    let left = split_rows(a, halves);
    product(unit, &left, b, halves, chunks, [a.count, columns], finish);
}

/// The product of two matrices in blocks, of `[rows, columns]`.
fn product(
    unit: Unit,
    a: &[f32],
    b: &[f32],
    halves: Halves,
    chunks: usize,
    [rows, columns]: [usize; 2],
    finish: &impl Finish,
) {
    let (down, across) = (rows.div_ceil(SIDE), columns.div_ceil(SIDE));
    // A task takes about as many rows as columns, and there are enough tasks to share.
    let panels = PART / (chunks * halves.block());
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
            unit,
            a,
            b,
            halves,
            chunks,
            rows: part(band, bands, down, rows),
            columns: part(group, groups, across, columns),
            finish,
        });
    });
}

fn outer_on(unit: Unit, a: Rows, b: &[f32], columns: usize, halves: Halves) -> Vec<f32> {
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
        let right = pack(Source::plain(rows, depth, columns, columns), halves);
        let finish = Sum {
            store: Store::shared(shared, columns),
            add: first > 0,
        };
        let chunks = depth.div_ceil(SIDE);
        product(
            unit,
            &left,
            &right,
            halves,
            chunks,
            [height, columns],
            &finish,
        );
    }
    out
}

/// Some rows and columns of a product, both from a multiple of [`SIDE`] on.
struct Blocks<'a, F> {
    unit: Unit,
    a: &'a [f32],
    b: &'a [f32],
    halves: Halves,
    chunks: usize,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    finish: &'a F,
}

impl<F: Finish> WithSimd for Blocks<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.unit {
            // SAFETY: the unit is there.
            Unit::Tiles => unsafe { tiles::with_tiles(|| self.blocks(simd)) },
            Unit::Dots => self.blocks(simd),
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
        let panel = self.chunks * self.halves.block();
        let a = &self.a[row / SIDE * panel..][..panel];
        let b = &self.b[column / SIDE * panel..][..panel];
        let multiply: unsafe fn(&[f32], &[f32], usize, &mut Block) = match (self.unit, self.halves)
        {
            (Unit::Tiles, Halves::High) => tiles::multiply_high,
            (Unit::Tiles, Halves::HighAndLow) => tiles::multiply_high_and_low,
            (Unit::Dots, Halves::High) => dots::multiply_high,
            (Unit::Dots, Halves::HighAndLow) => unreachable!("it never pays"),
        };
        // SAFETY: both panels are `chunks` blocks, the unit is there and set up.
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
