//! The three matrices along one axis, for vectors of channels.

use pulp::Simd;

use crate::kernels::cpu::vector;

#[inline(always)]
fn scaled<S: Simd>(simd: S, value: S::f32s, by: f32) -> S::f32s {
    simd.mul_f32s(value, simd.splat_f32s(by))
}

/// `value · by + plus`.
#[inline(always)]
fn times<S: Simd>(simd: S, value: S::f32s, by: f32, plus: S::f32s) -> S::f32s {
    vector::mul_add(simd, value, simd.splat_f32s(by), plus)
}

/// `G`, for the kernel's three taps of one axis.
#[inline(always)]
pub fn kernel_points<S: Simd, const N: usize>(simd: S, g: [S::f32s; 3]) -> [S::f32s; N] {
    let outer = simd.add_f32s(g[0], g[2]);
    let mut w = [g[0]; N];
    if N == 4 {
        w[1] = scaled(simd, simd.add_f32s(outer, g[1]), 0.5);
        w[2] = scaled(simd, simd.sub_f32s(outer, g[1]), 0.5);
    } else {
        w[0] = scaled(simd, g[0], 0.25);
        w[1] = scaled(simd, simd.add_f32s(outer, g[1]), -1.0 / 6.0);
        w[2] = scaled(simd, simd.sub_f32s(outer, g[1]), -1.0 / 6.0);
        let even = simd.add_f32s(
            scaled(simd, g[0], 1.0 / 24.0),
            scaled(simd, g[2], 1.0 / 6.0),
        );
        let odd = scaled(simd, g[1], 1.0 / 12.0);
        w[3] = simd.add_f32s(even, odd);
        w[4] = simd.sub_f32s(even, odd);
    }
    w[N - 1] = g[2];
    w
}

/// `Bᵀ`, for a tile's inputs along one axis.
#[inline(always)]
pub fn input_points<S: Simd, const N: usize>(simd: S, d: [S::f32s; N]) -> [S::f32s; N] {
    let mut v = d;
    if N == 4 {
        v[0] = simd.sub_f32s(d[0], d[2]);
        v[1] = simd.add_f32s(d[1], d[2]);
        v[2] = simd.sub_f32s(d[2], d[1]);
        v[3] = simd.sub_f32s(d[1], d[3]);
    } else {
        let (even, odd) = (times(simd, d[2], -4.0, d[4]), times(simd, d[1], -4.0, d[3]));
        v[1] = simd.add_f32s(even, odd);
        v[2] = simd.sub_f32s(even, odd);
        let (even, odd) = (simd.sub_f32s(d[4], d[2]), simd.sub_f32s(d[3], d[1]));
        v[3] = times(simd, odd, 2.0, even);
        v[4] = times(simd, odd, -2.0, even);
        v[0] = times(simd, simd.sub_f32s(d[0], d[2]), 4.0, even);
        v[5] = times(simd, odd, -4.0, simd.sub_f32s(d[5], d[3]));
    }
    v
}

/// `Aᵀ`, for a tile's results along one axis: `N − 2` outputs, then nothing.
#[inline(always)]
pub fn output_values<S: Simd, const N: usize>(simd: S, m: [S::f32s; N]) -> [S::f32s; N] {
    let (even, odd) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let mut y = m;
    if N == 4 {
        y[0] = simd.add_f32s(m[0], even);
        y[1] = simd.sub_f32s(odd, m[3]);
    } else {
        let (far_even, far_odd) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
        y[0] = simd.add_f32s(simd.add_f32s(m[0], even), far_even);
        y[1] = times(simd, far_odd, 2.0, odd);
        y[2] = times(simd, far_even, 4.0, even);
        y[3] = simd.add_f32s(times(simd, far_odd, 8.0, odd), m[5]);
    }
    y
}
