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

use pulp::{Simd, WithSimd};

use super::tasks::{self, Scratch, Shared, buffer, for_each};
use super::vector::{self, load_all};

/// The most vectors of a panel, and the most rows of a tile, for any machine.
const MAX_ROWS: usize = 8;
/// Rows of `A` that are taken through all panels before the next ones.
const BLOCK: usize = 64;
/// Rows of `A` and `B` that [`outer`] adds up before it turns to the next tile: a panel's part
/// stays in the first-level cache.
const DEPTH: usize = 256;
/// Values that the partial sums of [`outer`] may take.
const PARTIAL_SUMS: usize = 1 << 20;
/// Tasks to cut a product into, where it is large enough: several for each thread, so that none
/// waits long for another.
const TASKS: usize = 16;

/// Vectors a panel is wide.
const fn panel_vectors<S: Simd>() -> usize {
    // In the browser 16 registers are what an x86 machine behind it has.
    if cfg!(target_family = "wasm") || S::F32_LANES == 1 {
        2
    } else {
        3
    }
}

/// Rows of a tile: with its panel, a tile fills the registers.
const fn tile_rows<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 && !cfg!(target_family = "wasm") {
        8
    } else {
        4
    }
}

/// The left matrix: `count` rows of `runs` runs of `run` values, `run_step` apart. Row `i` of
/// `[images, lines, columns]` starts at the sum of its three indices times their steps.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// What the rows lie in.
    pub data: &'a [f32],
    /// Rows in all.
    pub count: usize,
    /// Rows a line.
    pub columns: usize,
    /// Lines an image.
    pub lines: usize,
    /// From one image to the next.
    pub image_step: usize,
    /// From one line to the next.
    pub line_step: usize,
    /// From one column to the next.
    pub column_step: usize,
    /// Runs a row.
    pub runs: usize,
    /// Values a run.
    pub run: usize,
    /// From one run of a row to the next.
    pub run_step: usize,
}

impl<'a> Rows<'a> {
    /// A plain matrix whose rows are `stride` apart.
    pub fn plain(data: &'a [f32], count: usize, width: usize, stride: usize) -> Self {
        Self {
            data,
            count,
            columns: count.max(1),
            lines: 1,
            image_step: 0,
            line_step: 0,
            column_step: stride,
            runs: 1,
            run: width,
            run_step: 0,
        }
    }

    /// Tiles of at most [`MAX_ROWS`] columns, each within a run.
    fn tiles(&self) -> usize {
        self.runs * self.run.div_ceil(MAX_ROWS)
    }

    /// Values a row.
    pub fn depth(&self) -> usize {
        self.runs * self.run
    }

    #[inline(always)]
    fn offset(&self, row: usize) -> usize {
        let (line, column) = (row / self.columns, row % self.columns);
        let (image, line) = (line / self.lines, line % self.lines);
        image * self.image_step + line * self.line_step + column * self.column_step
    }

    /// Panics unless every value lies in the data: the kernels do not look.
    fn check(&self) {
        assert!(self.count.is_multiple_of(self.columns * self.lines) || self.lines == 1);
        if self.count > 0 && self.depth() > 0 {
            let last = self.offset(self.count - 1) + (self.runs - 1) * self.run_step + self.run;
            assert!(last <= self.data.len(), "rows reach beyond their data");
        }
    }
}

/// How the right matrix `[taps · channels, columns]` lies in memory: value `(tap, channel,
/// column)` is at `start` plus each index times its step.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Source<'a> {
    pub data: &'a [f32],
    pub taps: usize,
    pub channels: usize,
    pub columns: usize,
    pub start: usize,
    pub tap_step: isize,
    pub channel_step: usize,
    pub column_step: usize,
}

impl<'a> Source<'a> {
    /// A row-major matrix `[depth, columns]` whose rows are `stride` apart.
    pub fn plain(data: &'a [f32], depth: usize, columns: usize, stride: usize) -> Self {
        Self {
            data,
            taps: 1,
            channels: depth,
            columns,
            start: 0,
            tap_step: 0,
            channel_step: stride,
            column_step: 1,
        }
    }

    /// The transpose of a row-major matrix `[columns, depth]` whose rows are `stride` apart.
    pub fn transposed(data: &'a [f32], depth: usize, columns: usize, stride: usize) -> Self {
        Self {
            channel_step: 1,
            column_step: stride,
            ..Self::plain(data, depth, columns, stride)
        }
    }

    fn check(&self) {
        if self.taps * self.channels * self.columns == 0 {
            return;
        }
        let taps = (self.taps - 1) as isize * self.tap_step;
        let rest = (self.channels - 1) * self.channel_step + (self.columns - 1) * self.column_step;
        let first = self.start as isize + taps.min(0);
        let last = self.start as isize + taps.max(0) + rest as isize;
        assert!(first >= 0 && (last as usize) < self.data.len());
    }
}

/// The right matrix in panels of [`panel_vectors`] vectors, the last as narrow as it can be; a
/// panel holds its columns row after row, filled up with zeros.
pub struct Packed {
    values: Scratch,
    depth: usize,
    columns: usize,
}

impl Packed {
    /// Packs with all threads.
    pub fn new(source: Source) -> Self {
        vector::dispatch(Pack {
            source,
            parallel: true,
        })
    }

    /// Packs on this thread.
    #[inline(always)]
    pub fn here<S: Simd>(simd: S, source: Source) -> Self {
        Pack {
            source,
            parallel: false,
        }
        .with_simd(simd)
    }

    /// First value of panel `panel`, and how many vectors it is wide.
    #[inline(always)]
    fn panel<S: Simd>(&self, panel: usize) -> (*const f32, usize) {
        let width = panel_vectors::<S>() * S::F32_LANES;
        let columns = (self.columns - panel * width).min(width);
        let from = panel * width * self.depth;
        (self.values[from..].as_ptr(), columns.div_ceil(S::F32_LANES))
    }

    fn panels<S: Simd>(&self) -> usize {
        self.columns.div_ceil(panel_vectors::<S>() * S::F32_LANES)
    }
}

struct Pack<'a> {
    source: Source<'a>,
    parallel: bool,
}

impl WithSimd for Pack<'_> {
    type Output = Packed;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Packed {
        let Self { source, parallel } = self;
        source.check();
        let lanes = S::F32_LANES;
        let width = panel_vectors::<S>() * lanes;
        let depth = source.taps * source.channels;
        let padded = source.columns.next_multiple_of(lanes);
        let mut values = Scratch::new(padded * depth);
        let shared = Shared::new(&mut values);
        let panels = source.columns.div_ceil(width);
        // Channels a task takes, at all taps.
        let step = match parallel {
            true => source.channels.div_ceil(TASKS).max(64),
            false => source.channels.max(1),
        };
        let pieces = source.channels.div_ceil(step);
        let task = |task: usize| {
            let (panel, piece) = (task / pieces, task % pieces);
            let first = panel * width;
            simd.vectorize(PackPanel {
                source,
                first,
                columns: width.min(source.columns - first),
                channels: piece * step..source.channels.min((piece + 1) * step),
                // SAFETY: each row of a panel is written by one task.
                out: unsafe { shared.from(first * depth) },
            });
        };
        match parallel {
            true => for_each(panels * pieces, task),
            false => (0..panels * pieces).for_each(task),
        }
        Packed {
            values,
            depth,
            columns: source.columns,
        }
    }
}

/// `columns` columns from `first` on, some channels at all taps.
struct PackPanel<'a> {
    source: Source<'a>,
    first: usize,
    columns: usize,
    channels: std::ops::Range<usize>,
    out: Shared,
}

impl WithSimd for PackPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            source, columns, ..
        } = self;
        let lanes = S::F32_LANES;
        let width = columns.next_multiple_of(lanes);
        for tap in 0..source.taps {
            let at = source.start as isize + tap as isize * source.tap_step;
            let at = at as usize + self.first * source.column_step;
            for channel in self.channels.clone() {
                let row = tap * source.channels + channel;
                // SAFETY: `check` has seen that the source holds what is read; the panel is
                // `width` wide.
                unsafe {
                    let from = source.data.as_ptr().add(at + channel * source.channel_step);
                    let to = self.out.at(row * width);
                    if source.column_step == 1 {
                        for column in (0..width).step_by(lanes) {
                            let values = vector::load(simd, from.add(column), columns - column);
                            vector::store(simd, to.add(column), lanes, values);
                        }
                    } else {
                        for column in 0..columns {
                            *to.add(column) = *from.add(column * source.column_step);
                        }
                        for column in columns..width {
                            *to.add(column) = 0.0;
                        }
                    }
                }
            }
        }
    }
}

/// What happens to a vector of the result.
pub trait Finish: Sync {
    /// `lanes` values of row `row` from `column` on.
    ///
    /// # Safety
    /// The row and columns are those of the result that this was made for.
    unsafe fn finish<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    );
}

/// Writes the result, row-major, after adding a bias if there is one.
pub struct Store<'a> {
    out: Shared,
    stride: usize,
    bias: Option<&'a [f32]>,
}

impl<'a> Store<'a> {
    /// Rows of `out` are `stride` apart.
    pub fn new(out: &mut [f32], stride: usize, bias: Option<&'a [f32]>) -> Self {
        Self {
            out: Shared::new(out),
            stride,
            bias,
        }
    }

    /// Into a buffer whose parts other tasks write.
    pub fn shared(out: Shared, stride: usize) -> Self {
        Self {
            out,
            stride,
            bias: None,
        }
    }

    #[inline(always)]
    unsafe fn biased<S: Simd>(
        &self,
        simd: S,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) -> S::f32s {
        match self.bias {
            Some(bias) => unsafe {
                simd.add_f32s(values, vector::load(simd, bias.as_ptr().add(column), lanes))
            },
            None => values,
        }
    }
}

impl Finish for Store<'_> {
    #[inline(always)]
    unsafe fn finish<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) {
        unsafe {
            let values = self.biased(simd, column, lanes, values);
            vector::store(simd, self.out.at(row * self.stride + column), lanes, values);
        }
    }
}

/// Writes the result and its GELU.
pub struct StoreGelu<'a> {
    /// The result before the GELU, where a gradient will want it.
    pub linear: Option<Store<'a>>,
    /// The GELU; its bias is the linear result's.
    pub gelu: Store<'a>,
}

impl Finish for StoreGelu<'_> {
    #[inline(always)]
    unsafe fn finish<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) {
        unsafe {
            let values = self.gelu.biased(simd, column, lanes, values);
            if let Some(linear) = &self.linear {
                let to = linear.out.at(row * linear.stride + column);
                vector::store(simd, to, lanes, values);
            }
            let (below, _) = vector::normal(simd, values);
            let to = self.gelu.out.at(row * self.gelu.stride + column);
            vector::store(simd, to, lanes, simd.mul_f32s(values, below));
        }
    }
}

/// Writes, or adds to what is there.
struct Sum {
    store: Store<'static>,
    add: bool,
}

impl Finish for Sum {
    #[inline(always)]
    unsafe fn finish<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) {
        unsafe {
            let at = self.store.out.at(row * self.store.stride + column);
            let values = match self.add {
                true => simd.add_f32s(vector::load(simd, at, lanes), values),
                false => values,
            };
            vector::store(simd, at, lanes, values);
        }
    }
}

/// `A·B`, vector after vector into `finish`, with all threads.
pub fn multiply(a: Rows, b: &Packed, finish: &impl Finish) {
    vector::dispatch(Multiply {
        a,
        b,
        finish,
        parallel: true,
    });
}

/// As [`multiply`], on this thread.
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
    for panel in panels {
        let (values, vectors) = b.panel::<S>(panel);
        let column = panel * panel_vectors::<S>() * S::F32_LANES;
        let block = Block {
            simd,
            a,
            starts: &starts[..rows],
            b: values,
            columns: b.columns,
            first,
            column,
            finish,
        };
        // SAFETY: `a` was checked, the panel is `vectors` wide and as deep as `a`.
        unsafe {
            match vectors {
                1 => block.tiles::<1>(),
                2 => block.tiles::<2>(),
                _ => block.tiles::<3>(),
            }
        }
    }
}

struct Block<'a, S, F> {
    simd: S,
    a: Rows<'a>,
    starts: &'a [*const f32],
    b: *const f32,
    columns: usize,
    first: usize,
    column: usize,
    finish: &'a F,
}

impl<S: Simd, F: Finish> Block<'_, S, F> {
    #[inline(always)]
    unsafe fn tiles<const V: usize>(&self) {
        let rows = self.starts.len();
        let mut row = 0;
        unsafe {
            if tile_rows::<S>() == 8 {
                while rows - row >= 8 {
                    self.tile::<8, V>(row);
                    row += 8;
                }
            }
            while rows - row >= 4 {
                self.tile::<4, V>(row);
                row += 4;
            }
            if rows - row >= 2 {
                self.tile::<2, V>(row);
                row += 2;
            }
            if rows > row {
                self.tile::<1, V>(row);
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<const R: usize, const V: usize>(&self, row: usize) {
        let simd = self.simd;
        let lanes = S::F32_LANES;
        unsafe {
            let mut rows = [std::ptr::null(); R];
            for r in 0..R {
                rows[r] = *self.starts.get_unchecked(row + r);
            }
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            let mut b = self.b;
            for _ in 0..self.a.runs {
                for k in 0..self.a.run {
                    let mut panel = [simd.splat_f32s(0.0); V];
                    for v in 0..V {
                        panel[v] = load_all::<S>(b.add(v * lanes));
                    }
                    b = b.add(V * lanes);
                    for r in 0..R {
                        let value = simd.splat_f32s(*rows[r].add(k));
                        for v in 0..V {
                            sums[r][v] = simd.mul_add_e_f32s(value, panel[v], sums[r][v]);
                        }
                    }
                }
                for r in 0..R {
                    rows[r] = rows[r].wrapping_add(self.a.run_step);
                }
            }
            // A copy, so that the sums stay in registers whatever is done with it.
            let mut done = [[simd.splat_f32s(0.0); V]; R];
            for r in 0..R {
                for v in 0..V {
                    done[r][v] = sums[r][v];
                }
            }
            for (r, done) in done.iter().enumerate() {
                for (v, done) in done.iter().enumerate() {
                    let column = self.column + v * lanes;
                    let left = lanes.min(self.columns - column);
                    self.finish
                        .finish(simd, self.first + row + r, column, left, *done);
                }
            }
        }
    }
}

/// `Aᵀ·B`, `[depth of a, columns of b]`, row-major: the gradient of weights, where `b` (`[rows of
/// a, columns]`) is the gradient of the result.
pub fn outer(a: Rows, b: &[f32], columns: usize) -> Vec<f32> {
    assert_eq!(b.len(), a.count * columns);
    a.check();
    let len = a.depth() * columns;
    if a.count == 0 {
        return vec![0.0; len];
    }
    let tiles = a.tiles();
    // Many rows are parted, so that each is fetched once, and the parts added.
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
        let b = Packed::new(rows_of(b, &rows, columns));
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
        // Also without any rows, so that the result is written.
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
                        sums[r][v] = simd.mul_add_e_f32s(value, panel[v], sums[r][v]);
                    }
                }
            }
            for r in 0..R {
                for v in 0..V {
                    let column = self.column + v * lanes;
                    let left = lanes.min(self.columns - column);
                    finish.finish(simd, self.row + row + r, column, left, sums[r][v]);
                }
            }
        }
    }
}
