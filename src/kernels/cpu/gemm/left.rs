//! How a tile reads its rows of the left matrix.

/// The `R` rows of a tile, from a value on.
pub trait Left<const R: usize>: Copy {
    /// Value `k` of row `r` from here on.
    ///
    /// # Safety
    /// There is such a value.
    unsafe fn value(self, r: usize, k: usize) -> f32;

    /// The rows from `values` further on, which may lie beyond their end.
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

/// Four rows that [`side_by_side`] has copied. That is one address to move on instead of four; in the
/// browser each costs an instruction a step.
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

/// Copies four rows: value `k` of all of them, then value `k + 1`. Squares of 4×4 the compiler transposes
/// in registers.
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
            // SAFETY: each row has `depth` values, and no other is asked for.
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
