//! The left matrix of a product: where its rows lie, and how a tile reads them.

use super::MAX_ROWS;

/// The left matrix: `count` rows of `runs` runs of `run` values, `run_step` apart. Row `i` of
/// `[images, lines, columns]` starts at the sum of its three indices times their steps.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The memory that holds the rows.
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
    pub(super) fn tiles(&self) -> usize {
        self.runs * self.run.div_ceil(MAX_ROWS)
    }

    /// Values a row.
    pub fn depth(&self) -> usize {
        self.runs * self.run
    }

    /// `len` values of row `row` from its value `from` on; `None` unless they lie side by side.
    #[inline]
    pub(super) fn slice(&self, row: usize, from: usize, len: usize) -> Option<&'a [f32]> {
        let (run, inner) = match self.runs {
            1 => (0, from),
            _ => (from / self.run, from % self.run),
        };
        let at = self.offset(row) + run * self.run_step + inner;
        (inner + len <= self.run).then(|| &self.data[at..at + len])
    }

    /// Values of row `row` from its value `from` on.
    #[inline]
    pub(super) fn copy(&self, row: usize, from: usize, to: &mut [f32]) {
        let start = self.offset(row);
        let (mut run, mut inner) = (from / self.run, from % self.run);
        let mut done = 0;
        while done < to.len() {
            let count = (self.run - inner).min(to.len() - done);
            let at = start + run * self.run_step + inner;
            to[done..done + count].copy_from_slice(&self.data[at..at + count]);
            (run, inner) = (run + 1, 0);
            done += count;
        }
    }

    #[inline(always)]
    pub(super) fn offset(&self, row: usize) -> usize {
        let (line, column) = (row / self.columns, row % self.columns);
        let (image, line) = (line / self.lines, line % self.lines);
        image * self.image_step + line * self.line_step + column * self.column_step
    }

    /// # Panics
    /// Where a value lies outside the data: the kernels read without a check.
    pub(super) fn check(&self) {
        assert!(self.count.is_multiple_of(self.columns * self.lines) || self.lines == 1);
        if self.count > 0 && self.depth() > 0 {
            let last = self.offset(self.count - 1) + (self.runs - 1) * self.run_step + self.run;
            assert!(last <= self.data.len(), "rows reach beyond their data");
        }
    }
}

/// The `R` rows of a tile, from a value on.
pub trait Left<const R: usize>: Copy {
    /// Value `k` of row `r` from here on.
    ///
    /// # Safety
    /// There is such a value.
    unsafe fn value(self, r: usize, k: usize) -> f32;

    /// The rows from `values` further on; that may lie beyond their end.
    fn after(self, values: usize) -> Self;
}

/// Rows that are read where they lie.
#[derive(Clone, Copy)]
pub struct Apart<const R: usize>(pub [*const f32; R]);

impl<const R: usize> Left<R> for Apart<R> {
    #[inline(always)]
    unsafe fn value(self, r: usize, k: usize) -> f32 {
        unsafe { *self.0[r].add(k) }
    }

    #[inline(always)]
    fn after(self, values: usize) -> Self {
        Self(self.0.map(|row| row.wrapping_add(values)))
    }
}

/// Four rows that [`side_by_side`] has copied. One address moves on instead of four: in the browser each
/// address costs an instruction a step.
#[derive(Clone, Copy)]
pub struct SideBySide(pub *const f32);

impl Left<4> for SideBySide {
    #[inline(always)]
    unsafe fn value(self, r: usize, k: usize) -> f32 {
        unsafe { *self.0.add(4 * k + r) }
    }

    #[inline(always)]
    fn after(self, values: usize) -> Self {
        Self(self.0.wrapping_add(4 * values))
    }
}

/// Copies four rows: value `k` of all four, then value `k + 1`. The compiler transposes squares of 4×4 in
/// registers.
///
/// # Safety
/// `to.len() / 4` values can be read at each row.
pub unsafe fn side_by_side(rows: [*const f32; 4], to: &mut [f32]) {
    let (squares, rest) = to.as_chunks_mut::<16>();
    for (square, to) in squares.iter_mut().enumerate() {
        let rows =
            rows.map(|row| unsafe { row.add(4 * square).cast::<[f32; 4]>().read_unaligned() });
        for (i, to) in to.iter_mut().enumerate() {
            *to = rows[i % 4][i / 4];
        }
    }
    let done = 4 * squares.len();
    for (i, to) in rest.iter_mut().enumerate() {
        *to = unsafe { *rows[i % 4].add(done + i / 4) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_reads_as_the_rows_do() {
        for depth in 0..=9 {
            let rows: [Vec<f32>; 4] =
                std::array::from_fn(|r| (0..depth).map(|k| (100 * r + k) as f32).collect());
            let starts = [0, 1, 2, 3].map(|r: usize| rows[r].as_ptr());
            let mut copy = vec![0.0; 4 * depth];
            // SAFETY: each row has `depth` values, and no other value is read.
            unsafe { side_by_side(starts, &mut copy) };
            let (apart, copied) = (Apart(starts), SideBySide(copy.as_ptr()));
            for (r, row) in rows.iter().enumerate() {
                for (k, value) in row.iter().enumerate() {
                    for from in 0..=k {
                        let (apart, copied) = (apart.after(from), copied.after(from));
                        assert_eq!(unsafe { apart.value(r, k - from) }, *value);
                        assert_eq!(unsafe { copied.value(r, k - from) }, *value);
                    }
                }
            }
        }
    }
}
