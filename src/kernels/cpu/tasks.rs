//! Work shared among threads, and memory for its results.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use pulp::{Simd, WithSimd};

use super::vector;

/// Runs `task` for every number below `tasks`, on as many threads as there are.
pub fn for_each(tasks: usize, task: impl Fn(usize) + Send + Sync) {
    #[cfg(not(target_family = "wasm"))]
    if tasks > 1 {
        use rayon::prelude::*;
        return (0..tasks).into_par_iter().for_each(task);
    }
    (0..tasks).for_each(task);
}

/// Memory for `len` values. The caller writes every value before it reads any.
#[allow(clippy::uninit_vec)]
pub fn buffer(len: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(len);
    // SAFETY: every bit pattern is an f32, and callers write every value.
    unsafe { values.set_len(len) };
    values
}

/// Memory for values that do not outlive an operation. The next operation gets it: fresh memory costs a
/// page fault every 4 KB.
pub struct Scratch {
    values: Vec<f32>,
    start: usize,
    len: usize,
}

/// Memory that operations have returned.
static SPARE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());
/// The most pieces that are kept: enough for some operations at a time.
const SPARES: usize = 16;

impl Scratch {
    /// Memory for `len` values. The caller writes every value before it reads any. It starts on a cache
    /// line, since a vector across two lines costs two loads.
    pub fn new(len: usize) -> Self {
        const LINE: usize = 16;
        let needed = len + LINE;
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that fits, unless it is far too large.
        let fitting = (0..spare.len())
            .filter(|&i| (needed..=4 * needed).contains(&spare[i].len()))
            .min_by_key(|&i| spare[i].len());
        let values = fitting.map(|i| spare.swap_remove(i));
        drop(spare);
        let values = values.unwrap_or_else(|| buffer(needed));
        let start = values.as_ptr().align_offset(4 * LINE).min(LINE);
        Self { values, start, len }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() == SPARES {
            spare.remove(0);
        }
        spare.push(std::mem::take(&mut self.values));
    }
}

impl Deref for Scratch {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &self.values[self.start..][..self.len]
    }
}

impl DerefMut for Scratch {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..][..self.len]
    }
}

/// A buffer that several tasks write, each its own part.
#[derive(Clone, Copy)]
pub struct Shared {
    start: *mut f32,
    len: usize,
}

// SAFETY: tasks write disjoint parts, see `part`.
unsafe impl Send for Shared {}
unsafe impl Sync for Shared {}

impl Shared {
    pub fn new(values: &mut [f32]) -> Self {
        Self {
            start: values.as_mut_ptr(),
            len: values.len(),
        }
    }

    /// The values from `from` on, `len` of them.
    ///
    /// # Safety
    /// The buffer still exists, and nothing else holds a part that overlaps this one.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part(&self, from: usize, len: usize) -> &mut [f32] {
        assert!(from + len <= self.len);
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }

    /// The buffer from `from` on, still shared.
    ///
    /// # Safety
    /// As for [`part`](Self::part), for every write through it.
    pub unsafe fn from(&self, from: usize) -> Self {
        assert!(from <= self.len);
        Self {
            start: unsafe { self.start.add(from) },
            len: self.len - from,
        }
    }

    /// Where value `index` lies.
    ///
    /// # Safety
    /// `index` is at most the buffer's length.
    #[inline(always)]
    pub unsafe fn at(&self, index: usize) -> *mut f32 {
        debug_assert!(index <= self.len);
        unsafe { self.start.add(index) }
    }
}

/// Values a task takes of a list that is read and written once.
pub const PIECE: usize = 1 << 14;
/// Rows a task takes of a matrix that is read and written once.
pub const ROWS: usize = 256;

/// The sum of each column of `[rows, columns]`.
pub fn column_sums(matrix: &[f32], columns: usize) -> Vec<f32> {
    let rows = matrix.len() / columns;
    let parts = rows.div_ceil(ROWS).max(1);
    let mut sums = vec![0.0; parts * columns];
    let shared = Shared::new(&mut sums);
    for_each(parts, |part| {
        let first = part * ROWS;
        let rows = ROWS.min(rows - first);
        // SAFETY: one part a task.
        let sums = unsafe { shared.part(part * columns, columns) };
        vector::dispatch(AddRows {
            rows: &matrix[first * columns..][..rows * columns],
            sums,
        });
    });
    fold(sums, columns)
}

/// The sum of `parts` of `len` values each, in their order.
pub fn fold(mut parts: Vec<f32>, len: usize) -> Vec<f32> {
    let (sums, rest) = parts.split_at_mut(len);
    if !rest.is_empty() {
        const PIECE: usize = 1 << 13;
        let shared = Shared::new(sums);
        for_each(len.div_ceil(PIECE), |piece| {
            let from = piece * PIECE;
            // SAFETY: one piece a task.
            let sums = unsafe { shared.part(from, PIECE.min(len - from)) };
            for part in rest.chunks_exact(len) {
                let rows = &part[from..][..sums.len()];
                vector::dispatch(AddRows { rows, sums });
            }
        });
    }
    parts.truncate(len);
    parts
}

/// Adds every row to `sums`.
struct AddRows<'a> {
    rows: &'a [f32],
    sums: &'a mut [f32],
}

impl WithSimd for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.sums.len();
        for row in self.rows.chunks_exact(columns) {
            let (sums, sums_tail) = S::as_mut_simd_f32s(self.sums);
            let (values, values_tail) = S::as_simd_f32s(row);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = simd.add_f32s(*sum, *value);
            }
            for (sum, value) in sums_tail.iter_mut().zip(values_tail) {
                *sum += *value;
            }
        }
    }
}
