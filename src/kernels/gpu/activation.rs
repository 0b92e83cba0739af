//! The activation that ends a product.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// The activations, by the numbers that kernels get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    None = 0,
    Relu = 1,
    Gelu = 2,
}

/// `value` after the activation with this number.
#[cube]
pub fn activate<F: Float, N: Size>(value: Vector<F, N>, activation: u32) -> Vector<F, N> {
    let mut result = value;
    if activation == comptime!(Activation::Relu as u32) {
        result = max(value, Vector::new(F::from_int(0)));
    }
    if activation == comptime!(Activation::Gelu as u32) {
        result = gelu::<F, N>(value);
    }
    result
}

/// z·Φ(z), the exact GELU: the normal distribution by Abramowitz and Stegun 7.1.26, to within 2e-7.
#[cube]
fn gelu<F: Float, N: Size>(z: Vector<F, N>) -> Vector<F, N> {
    let one = Vector::<F, N>::new(F::new(1.0_f32));
    let magnitude = z.abs();
    let x = magnitude * Vector::new(F::new(0.707_106_77_f32));
    let t = one / (one + x * Vector::new(F::new(0.327_591_1_f32)));
    // Halved, since the tail of the distribution is erfc / 2.
    let mut tail = Vector::<F, N>::new(F::new(0.530_702_7_f32));
    tail = tail * t + Vector::new(F::new(-0.726_576_f32));
    tail = tail * t + Vector::new(F::new(0.710_706_87_f32));
    tail = tail * t + Vector::new(F::new(-0.142_248_37_f32));
    tail = tail * t + Vector::new(F::new(0.127_414_8_f32));
    tail = tail * t * (-(x * x)).exp();
    // Below 0 Φ is the tail, above it 1 − the tail: z·Φ(z) = max(z, 0) − |z|·tail.
    max(z, Vector::new(F::from_int(0))) - magnitude * tail
}
