//! Matrix products with the left matrix read where it lies.
//!
//! The left matrix is described by [`Rows`]: where each row starts, and the runs of values that it
//! is made of. The rows of a plain matrix are one run each; the windows of a convolution over a
//! channels-last image are one run for each line of the kernel. So a convolution is a matrix
//! product without a copy of its windows ("The Indirect Convolution Algorithm", Dukhan, arXiv
//! 1907.02129, with the indirection computed instead of stored).
//!
//! [`multiply`] is `A·B`, [`outer`] is `Aᵀ·B` (the gradient of weights). Both keep a tile of the
//! result in registers, broadcast values of `A`, and read vectors of `B` from [`Packed`] panels.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod bf16;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[path = "no_bf16.rs"]
mod bf16;
mod finish;
mod left;
mod outer;
mod packed;
mod source;

use pulp::{Simd, WithSimd};

use super::tasks::{Scratch, for_each};
use super::vector::{self, load_all};
use crate::kernels::MatmulPrecision;

use left::{Apart, Left, SideBySide, side_by_side};

pub use finish::{Epilogue, Finish, Store, StoreGelu};
pub use left::Rows;
pub use outer::{outer, outer_here};
pub use packed::Packed;
pub use source::Source;

/// The most vectors of a panel, and the most rows of a tile, for any machine.
const MAX_ROWS: usize = 8;
/// Rows of `A` that are taken through all panels before the next ones: whole tiles of any size.
const BLOCK: usize = 72;
/// Tasks to cut a product into, where it is large enough: several for each thread, so that none
/// waits long for another. The browser has one thread.
const TASKS: usize = if cfg!(target_family = "wasm") { 1 } else { 16 };
/// Steps of a tile's loop taken at once. A browser's compiler unrolls short loops itself; in a longer one it
/// moves sums between registers and memory.
const UNROLL: usize = if cfg!(target_family = "wasm") { 1 } else { 4 };

/// From so many panels on, tiles of four rows in the browser read a copy of them: with fewer, the copy
/// costs more than it saves. None natively, where each row's address has a register.
const COPIED_FROM: Option<usize> = if cfg!(target_family = "wasm") {
    Some(16)
} else {
    None
};

/// Vectors a panel is wide.
const fn panel_vectors<S: Simd>() -> usize {
    // In the browser 16 registers are what an x86 machine behind it has.
    if cfg!(target_family = "wasm") || S::F32_LANES == 1 {
        2
    } else {
        3
    }
}

/// The most rows of a tile: with its panel, a tile fills the registers.
const fn tile_rows<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 && !cfg!(target_family = "wasm") {
        8
    } else {
        // In the browser eight sums: ten were no faster, and of more V8 keeps some in memory.
        4
    }
}

/// `A·B`, vector after vector into `finish`, with all threads.
pub fn multiply(a: Rows, b: &Packed, finish: &impl Finish) {
    if let Some(halves) = b.halves {
        return bf16::multiply(a, &b.values, halves, b.columns, finish);
    }
    vector::dispatch(Multiply {
        a,
        b,
        finish,
        parallel: true,
    });
}

/// As [`multiply`], on this thread.
pub fn multiply_alone(a: Rows, b: &Packed, finish: &impl Finish) {
    if let Some(halves) = b.halves {
        return bf16::multiply(a, &b.values, halves, b.columns, finish);
    }
    vector::dispatch(Multiply {
        a,
        b,
        finish,
        parallel: false,
    });
}

/// As [`multiply_alone`], from code that has chosen its vectors.
#[inline(always)]
pub fn multiply_here<S: Simd>(simd: S, a: Rows, b: &Packed, finish: &impl Finish) {
    Multiply {
        a,
        b,
        finish,
        parallel: false,
    }
    .with_simd(simd);
}

struct Multiply<'a, F> {
    a: Rows<'a>,
    b: &'a Packed,
    finish: &'a F,
    parallel: bool,
}

impl<F: Finish> WithSimd for Multiply<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { a, b, finish, .. } = self;
        a.check();
        assert_eq!(a.depth(), b.depth, "the inner sides of a product differ");
        let panels = b.panels::<S>();
        if !self.parallel {
            for first in (0..a.count).step_by(BLOCK) {
                let rows = BLOCK.min(a.count - first);
                multiply_block(simd, a, b, finish, first, rows, 0..panels);
            }
            return;
        }
        // Blocks of rows; where they are few, panels are shared out too.
        let rows = (a.count.div_ceil(TASKS).next_multiple_of(MAX_ROWS)).clamp(MAX_ROWS, BLOCK);
        let blocks = a.count.div_ceil(rows);
        let groups = TASKS.div_ceil(blocks.max(1)).min(panels);
        let group = panels.div_ceil(groups.max(1));
        for_each(blocks * groups, |task| {
            let (block, panel) = (task / groups, task % groups * group);
            let first = block * rows;
            let rows = rows.min(a.count - first);
            simd.vectorize(MultiplyBlock {
                a,
                b,
                finish,
                first,
                rows,
                panels: panel.min(panels)..(panel + group).min(panels),
            });
        });
    }
}

struct MultiplyBlock<'a, F> {
    a: Rows<'a>,
    b: &'a Packed,
    finish: &'a F,
    first: usize,
    rows: usize,
    panels: std::ops::Range<usize>,
}

impl<F: Finish> WithSimd for MultiplyBlock<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            a,
            b,
            finish,
            first,
            rows,
            panels,
        } = self;
        multiply_block(simd, a, b, finish, first, rows, panels);
    }
}

/// Rows `first..first + rows` (at most [`BLOCK`]) times some panels.
#[inline(always)]
fn multiply_block<S: Simd, F: Finish>(
    simd: S,
    a: Rows,
    b: &Packed,
    finish: &F,
    first: usize,
    rows: usize,
    panels: std::ops::Range<usize>,
) {
    let mut starts = [std::ptr::null(); BLOCK];
    for (row, start) in starts[..rows].iter_mut().enumerate() {
        *start = a.data[a.offset(first + row)..].as_ptr();
    }
    let starts = &starts[..rows];
    let is_copied = COPIED_FROM.is_some_and(|least| a.runs == 1 && panels.len() >= least);
    // SAFETY: a row is one run, and `a` was checked.
    let copy = is_copied.then(|| unsafe { copied::<S>(starts, a.run) });
    for panel in panels {
        let (values, vectors) = b.panel::<S>(panel);
        let column = panel * panel_vectors::<S>() * S::F32_LANES;
        let block = Block {
            simd,
            a,
            starts,
            copy: copy.as_deref(),
            b: values,
            columns: b.columns,
            first,
            column,
            finish,
        };
        // SAFETY: `a` was checked, the panel is `vectors` wide and as deep as `a`.
        unsafe {
            match vectors {
                1 => block.all_rows::<1>(),
                2 => block.all_rows::<2>(),
                _ if panel_vectors::<S>() == 3 => block.all_rows::<3>(),
                _ => unreachable!("no panel is wider than `panel_vectors`"),
            }
        }
    }
}

/// Rows of `depth` values, those of each tile of four side by side; the others' places hold nothing.
///
/// # Safety
/// `depth` values can be read at each start.
unsafe fn copied<S: Simd>(starts: &[*const f32], depth: usize) -> Scratch {
    let mut copy = Scratch::new(starts.len() * depth);
    for tile in tile_ranges::<S>(starts.len()) {
        let to = &mut copy[tile.start * depth..tile.end * depth];
        if let [a, b, c, d] = starts[tile] {
            unsafe { side_by_side([a, b, c, d], to) };
        }
    }
    copy
}

/// `rows` rows in as few tiles as it takes, none more than a row larger than another.
#[inline(always)]
fn tile_ranges<S: Simd>(rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let tiles = rows.div_ceil(tile_rows::<S>());
    let (least, larger) = (rows / tiles.max(1), rows % tiles.max(1));
    (0..tiles).map(move |tile| {
        let first = tile * least + tile.min(larger);
        first..first + least + usize::from(tile < larger)
    })
}

struct Block<'a, S, F> {
    simd: S,
    a: Rows<'a>,
    /// Where each row starts.
    starts: &'a [*const f32],
    /// The rows of each tile of four side by side, where it is worth it; only of rows that are one run.
    copy: Option<&'a [f32]>,
    b: *const f32,
    columns: usize,
    first: usize,
    column: usize,
    finish: &'a F,
}

impl<S: Simd, F: Finish> Block<'_, S, F> {
    /// All rows, tile after tile.
    #[inline(always)]
    unsafe fn all_rows<const V: usize>(&self) {
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

    /// The tile of four rows from `row` on, where there is a copy and the panel is a whole one: most
    /// are, and each other kind of tile would be one more function to download.
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

    // In the browser a function of its own: V8 allots registers best where there is one loop. A
    // native one must be part of what is compiled for the machine's vectors.
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
            // A copy, so that the sums stay in registers whatever is done with it.
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
            // Not part of every tile's code, else that takes minutes to compile.
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
