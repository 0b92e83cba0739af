//! What every kernel does with vectors: choose the widest that the machine has, load and store
//! whole or partial ones, and the exponential.

use pulp::{Arch, MemMask, Simd, WithSimd};

/// Runs `op` with the widest vectors of this machine.
#[inline]
pub fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    Arch::new().dispatch(op)
}

/// Loads the first `lanes` values at `from`; the rest of the vector is 0.
///
/// # Safety
/// `lanes` values can be read at `from`.
#[inline(always)]
pub unsafe fn load<S: Simd>(simd: S, from: *const f32, lanes: usize) -> S::f32s {
    unsafe {
        if lanes >= S::F32_LANES {
            return load_all::<S>(from);
        }
        simd.mask_load_ptr_f32s(first(simd, lanes), from)
    }
}

/// Loads one whole vector.
///
/// # Safety
/// A whole vector can be read at `from`.
#[inline(always)]
pub unsafe fn load_all<S: Simd>(from: *const f32) -> S::f32s {
    unsafe { from.cast::<S::f32s>().read_unaligned() }
}

/// Stores the first `lanes` values at `to`.
///
/// # Safety
/// `lanes` values can be written at `to`.
#[inline(always)]
pub unsafe fn store<S: Simd>(simd: S, to: *mut f32, lanes: usize, values: S::f32s) {
    unsafe {
        if lanes >= S::F32_LANES {
            to.cast::<S::f32s>().write_unaligned(values);
        } else {
            simd.mask_store_ptr_f32s(first(simd, lanes), to, values);
        }
    }
}

/// A mask of the first `lanes` lanes.
#[inline(always)]
fn first<S: Simd>(simd: S, lanes: usize) -> MemMask<S::m32s> {
    const COUNT: [u32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    assert!(S::U32_LANES <= COUNT.len());
    // SAFETY: a vector has at most 16 lanes.
    let count = unsafe { COUNT.as_ptr().cast::<S::u32s>().read_unaligned() };
    MemMask::new(simd.less_than_u32s(count, simd.splat_u32s(lanes as u32)))
}

/// `e^x` to within 2 units in the last place; e⁻⁸⁷ below −87, e⁸⁸ above 88, NaN for NaN.
#[inline(always)]
pub fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let s = |value: f32| simd.splat_f32s(value);
    let x = simd.select_f32s(simd.less_than_f32s(x, s(-87.0)), s(-87.0), x);
    let x = simd.select_f32s(simd.greater_than_f32s(x, s(88.0)), s(88.0), x);
    // x = n ln 2 + r. Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = simd.mul_add_e_f32s(x, s(std::f32::consts::LOG2_E), s(ROUND));
    let n = simd.sub_f32s(rounded, s(ROUND));
    let r = simd.mul_add_e_f32s(n, s(-0.693_359_4), x);
    let r = simd.mul_add_e_f32s(n, s(2.121_944_4e-4), r);
    // Cephes' polynomial for e^r − 1 − r over r².
    let mut p = s(1.987_569_1e-4);
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        p = simd.mul_add_e_f32s(p, r, s(coefficient));
    }
    let p = simd.mul_add_e_f32s(simd.mul_f32s(p, r), r, simd.add_f32s(r, s(1.0)));
    // Times 2ⁿ: n is added to the exponent.
    let n = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(rounded), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), n))
}

/// The standard normal distribution at `z`: its distribution function and its density.
///
/// Abramowitz and Stegun 7.1.26, to within 2e-7; the exponential serves both.
#[inline(always)]
pub fn normal<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let s = |value: f32| simd.splat_f32s(value);
    let x = simd.mul_f32s(simd.abs_f32s(z), s(std::f32::consts::FRAC_1_SQRT_2));
    let e = exp(simd, simd.neg_f32s(simd.mul_f32s(x, x)));
    let t = simd.div_f32s(s(1.0), simd.mul_add_e_f32s(x, s(0.327_591_1), s(1.0)));
    // Halved, since the tail of the distribution is erfc / 2.
    let mut p = s(0.5 * 1.061_405_4);
    for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = simd.mul_add_e_f32s(p, t, s(0.5 * coefficient));
    }
    let tail = simd.mul_f32s(simd.mul_f32s(p, t), e);
    let upper = simd.sub_f32s(s(1.0), tail);
    let below = simd.select_f32s(simd.less_than_f32s(z, s(0.0)), tail, upper);
    const DENSITY_AT_0: f32 = 0.398_942_3;
    (below, simd.mul_f32s(e, s(DENSITY_AT_0)))
}

/// `values` with 0 in all but the first `lanes` lanes.
#[inline(always)]
pub fn keep<S: Simd>(simd: S, values: S::f32s, lanes: usize) -> S::f32s {
    simd.select_f32s(first(simd, lanes).mask(), values, simd.splat_f32s(0.0))
}
