//! Products over rows, `Aᵀ·B`: the gradients of weights.

use pulp::{Simd, WithSimd};

use super::super::tasks::{self, Shared, buffer, for_each};
use super::super::vector::{self, load_all};
use super::finish::Sum;
use super::{
    Finish, MAX_ROWS, MatmulPrecision, Packed, Rows, Source, Store, TASKS, bf16, panel_vectors,
    tile_rows,
};

/// Rows of `A` and `B` that [`outer`] adds up before it turns to the next tile: a panel's part
/// stays in the first-level cache.
const DEPTH: usize = 256;
/// Values that the partial sums of [`outer`] may take.
const PARTIAL_SUMS: usize = 1 << 20;

/// `Aᵀ·B`, `[depth of a, columns of b]`, row-major: the gradient of weights, where `b` (`[rows of
/// a, columns]`) is the gradient of the result.
pub fn outer(a: Rows, b: &[f32], columns: usize, precision: MatmulPrecision) -> Vec<f32> {
    assert_eq!(b.len(), a.count * columns);
    a.check();
    let len = a.depth() * columns;
    if a.count == 0 {
        return vec![0.0; len];
    }
    if let Some(method) = bf16::Method::of(precision, a.count, columns.min(a.depth())) {
        return bf16::outer(a, b, columns, method);
    }
    let tiles = a.tiles();
    // Many rows are cut into parts, whose sums are added at the end: so each row is fetched once.
    let parts = (PARTIAL_SUMS / len.max(1)).min(a.count / (2 * DEPTH));
    let parts = parts.clamp(1, TASKS);
    let mut sums = buffer(parts * len);
    let shared = Shared::new(&mut sums);
    if parts > 1 {
        let rows = a.count.div_ceil(parts);
        for_each(parts, |part| {
            vector::dispatch(OuterPart {
                a,
                b,
                columns,
                // SAFETY: one part a task.
                out: unsafe { shared.from(part * len) },
                rows: (part * rows).min(a.count)..((part + 1) * rows).min(a.count),
            });
        });
        return tasks::fold(sums, len);
    }
    // Where the result is too large for that, tasks share out its tiles, a depth at a time.
    let groups = tiles.min(TASKS);
    for first in (0..a.count).step_by(DEPTH) {
        let rows = first..a.count.min(first + DEPTH);
        let b = Packed::vectors(rows_of(b, &rows, columns));
        for_each(groups, |group| {
            vector::dispatch(OuterTiles {
                a,
                b: &b,
                out: shared,
                rows: rows.clone(),
                tiles: group * tiles / groups..(group + 1) * tiles / groups,
            });
        });
    }
    sums
}

/// Some rows of a matrix, as the right one of a product.
fn rows_of<'a>(matrix: &'a [f32], rows: &std::ops::Range<usize>, columns: usize) -> Source<'a> {
    let data = &matrix[rows.start * columns..rows.end * columns];
    Source::plain(data, rows.len(), columns, columns)
}

/// As [`outer`] on this thread, for a packed `b`, into rows of `out`.
#[inline(always)]
pub fn outer_here<S: Simd>(simd: S, a: Rows, b: &Packed, out: Shared, stride: usize) {
    a.check();
    assert_eq!(a.count, b.depth);
    for first in (0..a.count).step_by(DEPTH) {
        let rows = first..a.count.min(first + DEPTH);
        outer_rows(
            simd,
            a,
            b,
            first,
            rows,
            out,
            stride,
            0..a.tiles(),
            first > 0,
        );
    }
}

/// All tiles of some rows.
struct OuterPart<'a> {
    a: Rows<'a>,
    b: &'a [f32],
    columns: usize,
    out: Shared,
    rows: std::ops::Range<usize>,
}

impl WithSimd for OuterPart<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut add = false;
        // One turn even without rows: the result must be written.
        let mut first = self.rows.start;
        while first < self.rows.end || !add {
            let rows = first..self.rows.end.min(first + DEPTH);
            let b = Packed::here(simd, rows_of(self.b, &rows, self.columns));
            let tiles = OuterTiles {
                a: self.a,
                b: &b,
                out: self.out,
                rows,
                tiles: 0..self.a.tiles(),
            };
            tiles.run(simd, add);
            add = true;
            first += DEPTH;
        }
    }
}

/// Some tiles of at most [`DEPTH`] rows, which `b` holds.
struct OuterTiles<'a> {
    a: Rows<'a>,
    b: &'a Packed,
    out: Shared,
    rows: std::ops::Range<usize>,
    tiles: std::ops::Range<usize>,
}

impl WithSimd for OuterTiles<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let add = self.rows.start > 0;
        self.run(simd, add);
    }
}

impl OuterTiles<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S, add: bool) {
        let columns = self.b.columns;
        outer_rows(
            simd, self.a, self.b, 0, self.rows, self.out, columns, self.tiles, add,
        );
    }
}

/// Some tiles of at most [`DEPTH`] rows; row `rows.start` is row `packed` of `b`. They are added
/// to `out` if `add`.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // The loops of one product.
fn outer_rows<S: Simd>(
    simd: S,
    a: Rows,
    b: &Packed,
    packed: usize,
    rows: std::ops::Range<usize>,
    out: Shared,
    stride: usize,
    tiles: std::ops::Range<usize>,
    add: bool,
) {
    let tiles_a_run = a.run.div_ceil(MAX_ROWS);
    let finish = Sum {
        store: Store::shared(out, stride),
        add,
    };
    let mut offsets = [0; DEPTH];
    let count = rows.len();
    for (row, offset) in rows.zip(&mut offsets) {
        *offset = a.offset(row);
    }
    for panel in 0..b.panels::<S>() {
        let (values, vectors) = b.panel::<S>(panel);
        let column = panel * panel_vectors::<S>() * S::F32_LANES;
        for tile in tiles.clone() {
            let (run, inner) = (tile / tiles_a_run, tile % tiles_a_run * MAX_ROWS);
            let block = OuterBlock {
                simd,
                a: a.data.as_ptr().wrapping_add(run * a.run_step + inner),
                offsets: &offsets[..count],
                b: values.wrapping_add(packed * vectors * S::F32_LANES),
                columns: b.columns,
                row: run * a.run + inner,
                rows: MAX_ROWS.min(a.run - inner),
                column,
            };
            // SAFETY: `a` was checked; the panel is `vectors` wide and holds these rows.
            unsafe {
                match vectors {
                    1 => block.tiles::<1>(&finish),
                    2 => block.tiles::<2>(&finish),
                    _ => block.tiles::<3>(&finish),
                }
            }
        }
    }
}

struct OuterBlock<'a, S> {
    simd: S,
    a: *const f32,
    offsets: &'a [usize],
    b: *const f32,
    columns: usize,
    row: usize,
    rows: usize,
    column: usize,
}

impl<S: Simd> OuterBlock<'_, S> {
    #[inline(always)]
    unsafe fn tiles<const V: usize>(&self, finish: &impl Finish) {
        let mut row = 0;
        unsafe {
            if tile_rows::<S>() == 8 && self.rows == 8 {
                self.tile::<8, V>(0, finish);
                row = 8;
            }
            while self.rows - row >= 4 {
                self.tile::<4, V>(row, finish);
                row += 4;
            }
            if self.rows - row >= 2 {
                self.tile::<2, V>(row, finish);
                row += 2;
            }
            if self.rows > row {
                self.tile::<1, V>(row, finish);
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<const R: usize, const V: usize>(&self, row: usize, finish: &impl Finish) {
        let simd = self.simd;
        let lanes = S::F32_LANES;
        unsafe {
            let a = self.a.add(row);
            let mut b = self.b;
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            for &offset in self.offsets {
                let values = a.add(offset);
                let mut panel = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    panel[v] = load_all::<S>(b.add(v * lanes));
                }
                b = b.add(V * lanes);
                for r in 0..R {
                    let value = simd.splat_f32s(*values.add(r));
                    for v in 0..V {
                        sums[r][v] = vector::mul_add(simd, value, panel[v], sums[r][v]);
                    }
                }
            }
            let left = self.columns - self.column;
            for r in 0..R {
                finish.finish(simd, self.row + row + r, self.column, left, sums[r]);
            }
        }
    }
}
