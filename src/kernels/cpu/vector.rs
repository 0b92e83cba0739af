//! Vectors, as every kernel uses them: the widest of the machine, loads and stores of whole or partial
//! vectors, the exponential and the normal distribution.

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
        #[cfg(target_family = "wasm")]
        if let Some(values) = browser::load::<S>(from, lanes) {
            return values;
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
            return to.cast::<S::f32s>().write_unaligned(values);
        }
        #[cfg(target_family = "wasm")]
        if browser::store::<S>(to, lanes, values) {
            return;
        }
        simd.mask_store_ptr_f32s(first(simd, lanes), to, values);
    }
}

/// `a · b + c`, in one step and with one rounding where the machine can. Every kernel's innermost
/// operation.
#[inline(always)]
pub fn mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    #[cfg(all(target_family = "wasm", target_feature = "relaxed-simd"))]
    if let Some(sum) = browser::mul_add::<S>(a, b, c) {
        return sum;
    }
    simd.mul_add_e_f32s(a, b, c)
}

/// `x` within `low` and `high`; NaN stays.
#[inline(always)]
fn clamp<S: Simd>(simd: S, x: S::f32s, low: f32, high: f32) -> S::f32s {
    let (low, high) = (simd.splat_f32s(low), simd.splat_f32s(high));
    lesser(simd, greater(simd, x, low), high)
}

/// The greater of both, `x` where it is NaN.
#[inline(always)]
pub fn greater<S: Simd>(simd: S, x: S::f32s, than: S::f32s) -> S::f32s {
    #[cfg(target_family = "wasm")]
    if let Some(greater) = browser::greater::<S>(x, than) {
        return greater;
    }
    simd.select_f32s(simd.less_than_f32s(x, than), than, x)
}

/// The lesser of both, `x` where it is NaN.
#[inline(always)]
fn lesser<S: Simd>(simd: S, x: S::f32s, than: S::f32s) -> S::f32s {
    #[cfg(target_family = "wasm")]
    if let Some(lesser) = browser::lesser::<S>(x, than) {
        return lesser;
    }
    simd.select_f32s(simd.greater_than_f32s(x, than), than, x)
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

/// `e^x` of each `x` to within 2 units in the last place; e⁻⁸⁷ below −87, e⁸⁸ above 88, NaN for NaN.
#[inline(always)]
pub fn exp<S: Simd, const N: usize>(simd: S, x: [S::f32s; N]) -> [S::f32s; N] {
    let s = |value: f32| simd.splat_f32s(value);
    let x = x.map(|x| clamp(simd, x, -87.0, 88.0));
    // x = n ln 2 + r. Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x.map(|x| mul_add(simd, x, s(std::f32::consts::LOG2_E), s(ROUND)));
    let mut r = x;
    for i in 0..N {
        let n = simd.sub_f32s(rounded[i], s(ROUND));
        r[i] = mul_add(simd, n, s(-0.693_359_4), r[i]);
        r[i] = mul_add(simd, n, s(2.121_944_4e-4), r[i]);
    }
    // Cephes' polynomial for e^r − 1 − r over r².
    let mut p = [s(1.987_569_1e-4); N];
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        for i in 0..N {
            p[i] = mul_add(simd, p[i], r[i], s(coefficient));
        }
    }
    let mut out = p;
    for i in 0..N {
        let p = simd.mul_f32s(p[i], r[i]);
        let p = mul_add(simd, p, r[i], simd.add_f32s(r[i], s(1.0)));
        // Times 2ⁿ: n is added to the exponent.
        let n = simd.transmute_u32s_f32s(rounded[i]);
        let n = simd.wrapping_dyn_shl_u32s(n, simd.splat_u32s(23));
        out[i] = simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), n));
    }
    out
}

/// The distribution function of the standard normal at each `z`, Φ(z), to within 4e-7.
///
/// Φ(z) = 1/2 + z·P(z²)/Q(z²), fitted on |z| ≤ 5.2 for the smallest maximum error of z·Φ(z). Beyond,
/// Φ is within 1e-7 of 0 or 1, and its value at ±5.2 is taken.
#[inline(always)]
pub fn distribution<S: Simd, const N: usize>(simd: S, z: [S::f32s; N]) -> [S::f32s; N] {
    let z = z.map(|z| clamp(simd, z, -5.2, 5.2));
    let squares = z.map(|z| simd.mul_f32s(z, z));
    // Coefficient by coefficient: each is loaded once for all vectors.
    let polynomial = |highest: f32, rest: &[f32]| {
        let mut sums = [simd.splat_f32s(highest); N];
        for coefficient in rest {
            let coefficient = simd.splat_f32s(*coefficient);
            for n in 0..N {
                sums[n] = mul_add(simd, sums[n], squares[n], coefficient);
            }
        }
        sums
    };
    let p = polynomial(
        -1.976_015e-8,
        &[
            6.805_054_5e-6,
            5.224_52e-4,
            6.765_555_6e-3,
            7.039_528e-2,
            0.398_941_58,
        ],
    );
    let q = polynomial(
        1.772_507e-4,
        &[3.878_991e-3, 4.917_325_5e-2, 0.343_105_38, 1.0],
    );
    let half = simd.splat_f32s(0.5);
    let mut out = z;
    for n in 0..N {
        out[n] = mul_add(simd, z[n], simd.div_f32s(p[n], q[n]), half);
    }
    out
}

/// The GELU of each `z`, z·Φ(z).
#[inline(always)]
pub fn gelu<S: Simd, const N: usize>(simd: S, z: [S::f32s; N]) -> [S::f32s; N] {
    let mut out = distribution(simd, z);
    for n in 0..N {
        out[n] = simd.mul_f32s(z[n], out[n]);
    }
    out
}

/// The density of the standard normal at `z`.
#[inline(always)]
pub fn density<S: Simd>(simd: S, z: S::f32s) -> S::f32s {
    const AT_0: f32 = 0.398_942_3;
    let exponent = simd.mul_f32s(simd.mul_f32s(z, z), simd.splat_f32s(-0.5));
    let [power] = exp(simd, [exponent]);
    simd.mul_f32s(power, simd.splat_f32s(AT_0))
}

/// `values` with 0 in the lanes from `lanes` on.
#[inline(always)]
pub fn keep<S: Simd>(simd: S, values: S::f32s, lanes: usize) -> S::f32s {
    simd.select_f32s(first(simd, lanes).mask(), values, simd.splat_f32s(0.0))
}

/// Instructions of WebAssembly that pulp does not offer.
#[cfg(target_family = "wasm")]
mod browser {
    use core::arch::wasm32::{
        f32x4_pmax, f32x4_pmin, f32x4_splat, v128, v128_load32_lane, v128_load32_zero,
        v128_load64_zero, v128_store32_lane, v128_store64_lane,
    };
    use std::mem::transmute_copy;

    use pulp::Simd;

    /// `f` of vectors of four f32; `None` for any others.
    #[inline(always)]
    fn of_v128<S: Simd, const N: usize>(
        vectors: [S::f32s; N],
        f: impl Fn([v128; N]) -> v128,
    ) -> Option<S::f32s> {
        if size_of::<S::f32s>() != size_of::<v128>() {
            return None;
        }
        // SAFETY: four f32 are a v128, and a v128 four f32.
        unsafe {
            let vectors = vectors.map(|vector| transmute_copy(&vector));
            Some(transmute_copy(&f(vectors)))
        }
    }

    /// The first `lanes` of four values, the others 0; pulp reads them one by one.
    ///
    /// # Safety
    /// `lanes` values can be read at `from`.
    #[inline(always)]
    pub unsafe fn load<S: Simd>(from: *const f32, lanes: usize) -> Option<S::f32s> {
        of_v128::<S, 0>([], |[]| unsafe {
            match lanes {
                0 => f32x4_splat(0.0),
                1 => v128_load32_zero(from.cast()),
                2 => v128_load64_zero(from.cast()),
                _ => v128_load32_lane::<2>(v128_load64_zero(from.cast()), from.add(2).cast()),
            }
        })
    }

    /// Writes the first `lanes` (fewer than all) of four values. Returns whether vectors have four values.
    ///
    /// # Safety
    /// `lanes` values can be written at `to`.
    #[inline(always)]
    pub unsafe fn store<S: Simd>(to: *mut f32, lanes: usize, values: S::f32s) -> bool {
        let written = of_v128::<S, 1>([values], |[values]| unsafe {
            match lanes {
                0 => {}
                1 => v128_store32_lane::<0>(values, to.cast()),
                2 => v128_store64_lane::<0>(values, to.cast()),
                _ => {
                    v128_store64_lane::<0>(values, to.cast());
                    v128_store32_lane::<2>(values, to.add(2).cast());
                }
            }
            values
        });
        written.is_some()
    }

    /// Relaxed SIMD's multiply-add. Only browsers that know it load a module that is built with it.
    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    pub fn mul_add<S: Simd>(a: S::f32s, b: S::f32s, c: S::f32s) -> Option<S::f32s> {
        of_v128::<S, 3>([a, b, c], |[a, b, c]| {
            core::arch::wasm32::f32x4_relaxed_madd(a, b, c)
        })
    }

    /// `x < than ? than : x`.
    #[inline(always)]
    pub fn greater<S: Simd>(x: S::f32s, than: S::f32s) -> Option<S::f32s> {
        of_v128::<S, 2>([x, than], |[x, than]| f32x4_pmax(x, than))
    }

    /// `than < x ? than : x`.
    #[inline(always)]
    pub fn lesser<S: Simd>(x: S::f32s, than: S::f32s) -> Option<S::f32s> {
        of_v128::<S, 2>([x, than], |[x, than]| f32x4_pmin(x, than))
    }
}
