//! `A·B`, cut into tasks of whole tiles.

use pulp::{Simd, WithSimd};

use super::super::tasks::{Scratch, for_each};
use super::super::vector;
use super::finish::Finish;
use super::left::{Rows, side_by_side};
use super::packed::Packed;
use super::tile::{Block, tile_ranges};
use super::{BLOCK, COPIED_FROM, MAX_ROWS, TASKS, bf16, panel_vectors};

/// `A·B`, vector after vector into `finish`, with all threads.
pub fn multiply(a: Rows, b: &Packed, finish: &impl Finish) {
    if let Some(method) = b.method {
        return bf16::multiply(a, &b.values, method, b.columns, finish);
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
    if let Some(method) = b.method {
        return bf16::multiply(a, &b.values, method, b.columns, finish);
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
        // Blocks of rows; where they are few, tasks share out the panels too.
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

/// Rows of `depth` values, the rows of each tile of four side by side. The places of other tiles hold nothing.
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
