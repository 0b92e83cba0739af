//! Matrix products on AMX, the matrix unit of x86 processors since Sapphire Rapids.
//!
//! AMX multiplies bfloat16 and adds up in f32. At [`MatmulPrecision::Medium`] every f32 is rounded
//! to one of them, which leaves 8 bits. At [`MatmulPrecision::High`] it is split in two, `x ≈ high +
//! low`, and a product is the sum of three, `high·high + high·low + low·high`; what is left out is
//! below 2⁻¹⁶ of it (Henry, Tang and Heinecke, "Leveraging the bfloat16 Artificial Intelligence
//! Datatype For Higher-Precision Computations", arXiv 1904.06376).
//!
//! Both matrices are cut into panels of [`SIDE`] rows (of `A`) or columns (of `B`), and these into
//! [`SIDE`] values of depth. Such a block is two tiles of 1 KB, its first and second 16 rows or
//! columns, and two more for the low halves where there are any. A tile of `A` is `[row][depth]`, a
//! tile of `B` `[depth / 2][column][depth % 2]`, as the instruction wants them.

mod pack;
#[cfg(test)]
mod tests;
mod tiles;

use std::arch::x86_64::__cpuid_count;
use std::sync::LazyLock;

use pulp::{Simd, WithSimd};

use super::super::tasks::{Shared, buffer, for_each};
use super::super::vector;
use super::finish::{Finish, Store, Sum};
use super::{MatmulPrecision, Rows, Source, TASKS, matmul_precision};
pub use pack::pack;
use pack::{blocks, line, split_rows};
use tiles::{Block, multiply_high, multiply_high_and_low, with_tiles};

/// Rows, columns and depth of a block.
pub const SIDE: usize = 32;
/// What a tile takes, in f32: 16 rows of 64 bytes.
const TILE: usize = 256;
/// What a task takes of each side, in f32: both stay in a second-level cache.
const PART: usize = 1 << 17;
/// From how many uses of a value on it pays to split it in two, and to round it to one bfloat16:
/// ResNet-18 and ConvNeXt-Atto trained fastest so (`benches/train.sh`).
const HIGH_PAYS_FROM: usize = 256;
const MEDIUM_PAYS_FROM: usize = 64;
/// Rows that [`outer`] splits at a time.
const DEPTH: usize = 512;

/// Whether this machine has AMX for bfloat16 and lets us use it.
pub fn available() -> bool {
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
        const REQUEST_PERMISSION: i64 = 0x1023;
        const TILE_DATA: i64 = 18;
        let leaf = __cpuid_count(7, 0);
        let (bf16, tiles) = (leaf.edx & 1 << 22, leaf.edx & 1 << 24);
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bf16")
            && bf16 != 0
            && tiles != 0
            // SAFETY: the call grants a permission or fails; it touches no memory.
            && unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) } == 0
    });
    *AVAILABLE
}

/// What an f32 becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// One bfloat16.
    High,
    /// Two, the second what the first leaves over.
    HighAndLow,
}

impl Halves {
    /// For products of that depth at the precision asked for, where every value of the one matrix
    /// is multiplied by at least `uses` of the other; `None` where there is no AMX, where f32 is
    /// wanted, or where making blocks costs more than AMX gains.
    pub fn of(depth: usize, uses: usize) -> Option<Self> {
        let (halves, least_uses) = match matmul_precision() {
            MatmulPrecision::Highest => return None,
            MatmulPrecision::High => (Self::HighAndLow, HIGH_PAYS_FROM),
            MatmulPrecision::Medium => (Self::High, MEDIUM_PAYS_FROM),
        };
        (depth >= SIDE && uses >= least_uses && available()).then_some(halves)
    }

    /// What a block takes, in f32.
    const fn block(self) -> usize {
        match self {
            Self::High => 2 * TILE,
            Self::HighAndLow => 4 * TILE,
        }
    }
}

/// `A·B` for a `b` of [`pack`] with `columns` columns.
pub fn multiply(a: Rows, b: &[f32], halves: Halves, columns: usize, finish: &impl Finish) {
    a.check();
    let chunks = a.depth().div_ceil(SIDE);
    let blocks = columns.div_ceil(SIDE) * chunks;
    assert_eq!(b.len(), blocks * halves.block(), "the inner sides differ");
    let left = split_rows(a, halves);
    product(&left, b, halves, chunks, [a.count, columns], finish);
}

/// The product of two matrices in blocks, of `[rows, columns]`.
fn product(
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

/// `Aᵀ·B`, `[depth of a, columns]`, row-major, where `b` is `[rows of a, columns]`.
pub fn outer(a: Rows, b: &[f32], columns: usize, halves: Halves) -> Vec<f32> {
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
        product(&left, &right, halves, chunks, [height, columns], &finish);
    }
    out
}

/// Some rows and columns of a product, both from a multiple of [`SIDE`] on.
struct Blocks<'a, F> {
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
        // SAFETY: there are no blocks without AMX.
        unsafe {
            with_tiles(|| {
                // Along the rows, so that the result is written in order.
                let mut sums = Block([[0.0; SIDE]; SIDE]);
                for row in self.rows.clone().step_by(SIDE) {
                    for column in self.columns.clone().step_by(SIDE) {
                        self.block(simd, row, column, &mut sums);
                    }
                }
            });
        }
    }
}

impl<F: Finish> Blocks<'_, F> {
    /// The block of the result from `row` and `column` on.
    ///
    /// # Safety
    /// It runs [`with_tiles`].
    #[inline(always)]
    unsafe fn block<S: Simd>(&self, simd: S, row: usize, column: usize, sums: &mut Block) {
        let panel = self.chunks * self.halves.block();
        let a = &self.a[row / SIDE * panel..][..panel];
        let b = &self.b[column / SIDE * panel..][..panel];
        // SAFETY: both panels are `chunks` blocks.
        unsafe {
            match self.halves {
                Halves::High => multiply_high(a, b, self.chunks, sums),
                Halves::HighAndLow => multiply_high_and_low(a, b, self.chunks, sums),
            }
        }
        let columns = SIDE.min(self.columns.end - column);
        for (row, line) in (row..self.rows.end).zip(&sums.0) {
            for from in (0..columns).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(columns - from);
                // SAFETY: a line has 32 values, a multiple of every vector's; the row and columns
                // are the result's.
                unsafe {
                    let values = vector::load_all::<S>(line.as_ptr().add(from));
                    self.finish.finish(simd, row, column + from, lanes, values);
                }
            }
        }
    }
}
