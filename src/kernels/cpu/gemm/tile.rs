//! Tiles of `A·B`: some rows by one panel, summed up in registers.

use pulp::{Simd, WithSimd};

use super::super::vector::{self, load_all};
use super::finish::Finish;
use super::left::{Apart, Left, Rows, SideBySide};
use super::{COPIED_FROM, UNROLL, panel_vectors, tile_rows};

/// `rows` rows in as few tiles as possible, whose sizes differ by at most a row.
#[inline(always)]
pub fn tile_ranges<S: Simd>(rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let tiles = rows.div_ceil(tile_rows::<S>());
    let (least, larger) = (rows / tiles.max(1), rows % tiles.max(1));
    (0..tiles).map(move |tile| {
        let first = tile * least + tile.min(larger);
        first..first + least + usize::from(tile < larger)
    })
}

pub struct Block<'a, S, F> {
    pub simd: S,
    pub a: Rows<'a>,
    /// Where each row starts.
    pub starts: &'a [*const f32],
    /// The rows of each tile of four side by side, where that pays and rows are one run.
    pub copy: Option<&'a [f32]>,
    pub b: *const f32,
    pub columns: usize,
    pub first: usize,
    pub column: usize,
    pub finish: &'a F,
}

impl<S: Simd, F: Finish> Block<'_, S, F> {
    /// All rows, tile after tile.
    ///
    /// # Safety
    /// The panel is `V` vectors wide and as deep as the rows, which lie in their data.
    #[inline(always)]
    pub unsafe fn all_rows<const V: usize>(&self) {
        for tile in tile_ranges::<S>(self.starts.len()) {
            let row = tile.start;
            unsafe {
                match tile.len() {
                    1 => self.tile_apart::<1, V>(row),
                    2 => self.tile_apart::<2, V>(row),
                    3 => self.tile_apart::<3, V>(row),
                    4 => self.tile_of_four::<V>(row),
                    5 if tile_rows::<S>() >= 5 => self.tile_apart::<5, V>(row),
                    6 if tile_rows::<S>() >= 6 => self.tile_apart::<6, V>(row),
                    7 if tile_rows::<S>() >= 7 => self.tile_apart::<7, V>(row),
                    _ if tile_rows::<S>() >= 8 => self.tile_apart::<8, V>(row),
                    _ => unreachable!("no tile is larger than `tile_rows`"),
                }
            }
        }
    }

    /// The tile of `R` rows from `row` on, read where they lie.
    #[inline(always)]
    unsafe fn tile_apart<const R: usize, const V: usize>(&self, row: usize) {
        unsafe {
            let rows = std::array::from_fn(|r| *self.starts.get_unchecked(row + r));
            self.tile::<R, V>(row, Apart(rows));
        }
    }

    /// The tile of four rows from `row` on. It reads the copy where there is one and the panel is whole:
    /// most panels are, and each other kind of tile would be one more function to download.
    #[inline(always)]
    unsafe fn tile_of_four<const V: usize>(&self, row: usize) {
        unsafe {
            match self.copy {
                // The conditions are known when this is compiled.
                Some(copy) if COPIED_FROM.is_some() && V == panel_vectors::<S>() => {
                    let from = copy.as_ptr().add(row * self.a.run);
                    self.tile::<4, V>(row, SideBySide(from));
                }
                _ => self.tile_apart::<4, V>(row),
            }
        }
    }

    // In the browser it is a function of its own: V8 allots registers best where there is one loop.
    // Natively it must be inlined into the code that is compiled for the machine's vectors.
    #[cfg_attr(target_family = "wasm", inline(never))]
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    unsafe fn tile<const R: usize, const V: usize>(&self, row: usize, mut left: impl Left<R>) {
        let simd = self.simd;
        let lanes = S::F32_LANES;
        unsafe {
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            let mut b = self.b;
            for _ in 0..self.a.runs {
                let mut steps = self.a.run;
                let mut at = left;
                while steps >= UNROLL {
                    for k in 0..UNROLL {
                        step(simd, at, k, b.add(k * V * lanes), &mut sums);
                    }
                    at = at.after(UNROLL);
                    b = b.add(UNROLL * V * lanes);
                    steps -= UNROLL;
                }
                for k in 0..steps {
                    step(simd, at, k, b, &mut sums);
                    b = b.add(V * lanes);
                }
                left = left.after(self.a.run_step);
            }
            let (row, column) = (self.first + row, self.column);
            let columns = self.columns - column;
            // A copy, so that the sums stay in registers whatever happens to the copy.
            let mut done = [[simd.splat_f32s(0.0); V]; R];
            for r in 0..R {
                for v in 0..V {
                    done[r][v] = sums[r][v];
                }
            }
            if cfg!(target_family = "wasm") {
                for (r, done) in done.iter().enumerate() {
                    self.finish.finish(simd, row + r, column, columns, *done);
                }
                return;
            }
            // A function apart: as a part of every tile it would take minutes to compile.
            simd.vectorize(FinishRows::<F, V> {
                finish: self.finish,
                rows: R,
                row,
                column,
                columns,
                sums: done.as_ptr().cast(),
            });
        }
    }
}

/// Some rows of the result from `row` on, `V` vectors from `column` on.
struct FinishRows<'a, F, const V: usize> {
    finish: &'a F,
    rows: usize,
    row: usize,
    column: usize,
    columns: usize,
    /// The vectors, row by row.
    sums: *const f32,
}

impl<F: Finish, const V: usize> WithSimd for FinishRows<'_, F, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for r in 0..self.rows {
            // SAFETY: the sums are `rows · V` vectors; rows and columns are those of a tile.
            unsafe {
                let mut sums = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    sums[v] = load_all::<S>(self.sums.add((r * V + v) * S::F32_LANES));
                }
                self.finish
                    .finish(simd, self.row + r, self.column, self.columns, sums);
            }
        }
    }
}

/// Value `k` of each row times the vectors at `b`.
#[inline(always)]
unsafe fn step<S: Simd, const R: usize, const V: usize>(
    simd: S,
    left: impl Left<R>,
    k: usize,
    b: *const f32,
    sums: &mut [[S::f32s; V]; R],
) {
    unsafe {
        let mut panel = [simd.splat_f32s(0.0); V];
        for v in 0..V {
            panel[v] = load_all::<S>(b.add(v * S::F32_LANES));
        }
        for r in 0..R {
            let value = simd.splat_f32s(left.value(r, k));
            for v in 0..V {
                sums[r][v] = vector::mul_add(simd, value, panel[v], sums[r][v]);
            }
        }
    }
}
