//! The dot products of AVX-512: two bfloat16 with two, sixteen times, added to sixteen sums.

use std::arch::x86_64::*;

use super::{Block, Halves, SIDE, TILE};

/// Rows whose sums are in registers at a time, two vectors each.
const ROWS: usize = 8;
/// Pairs of depth in a block.
const PAIRS: usize = SIDE / 2;

/// A panel of `A` times a panel of `B`.
///
/// # Safety
/// The machine has the vectors named, and both panels are `chunks` blocks of [`Halves::High`].
#[target_feature(enable = "avx512f,avx512bf16")]
pub unsafe fn multiply_high(a: &[f32], b: &[f32], chunks: usize, sums: &mut Block) {
    debug_assert!(a.len() == chunks * Halves::High.block() && a.len() == b.len());
    // SAFETY: a pair of bfloat16 is as wide as an f32; both types may hold any bits.
    let pairs = |x: __m512| unsafe { std::mem::transmute::<__m512, __m512bh>(x) };
    for first in (0..SIDE).step_by(ROWS) {
        let mut found = [[_mm512_setzero_ps(); 2]; ROWS];
        for chunk in 0..chunks {
            let at = chunk * Halves::High.block();
            // SAFETY: a block is two tiles of 16 rows, and of `PAIRS` lines of 16 columns.
            unsafe {
                let a = a.as_ptr().add(at + first * PAIRS);
                let b = b.as_ptr().add(at);
                for pair in 0..PAIRS {
                    let b = [0, TILE].map(|tile| pairs(_mm512_loadu_ps(b.add(tile + pair * 16))));
                    for (row, found) in found.iter_mut().enumerate() {
                        let a = pairs(_mm512_set1_ps(*a.add(row * PAIRS + pair)));
                        found[0] = _mm512_dpbf16_ps(found[0], a, b[0]);
                        found[1] = _mm512_dpbf16_ps(found[1], a, b[1]);
                    }
                }
            }
        }
        for (line, found) in sums.0[first..first + ROWS].iter_mut().zip(found) {
            // SAFETY: a line is two vectors.
            unsafe {
                _mm512_storeu_ps(line.as_mut_ptr(), found[0]);
                _mm512_storeu_ps(line.as_mut_ptr().add(16), found[1]);
            }
        }
    }
}
