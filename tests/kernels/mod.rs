//! Our kernels against burn's own operations: results and every gradient, over sizes that divide
//! by nothing, and twice with the same bits.

mod adamw;
mod attention;
mod batch_norm;
mod convolve;
mod depthwise;
mod join;
mod layer_norm;
mod linear;
mod max_pool;
mod not_a_number;
mod packed;
mod upsample;

use burn::tensor::{Device, Tensor, TensorData};
use karyolens::kernels::MatmulPrecision;

/// How far a value may be off, as a share of the largest of its tensor.
const TOLERANCE: f32 = 2e-5;
/// Products in f32; tests/precision.rs holds the faster ones.
const EXACT: MatmulPrecision = MatmulPrecision::Highest;

/// Values about 0 with variance 1, the same for the same shape.
fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let mut state = shape
        .iter()
        .fold(17, |state, side| state * 31 + *side as u32);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * 3f32.sqrt()
        })
        .collect();
    let values = Tensor::from_data(TensorData::new(values, shape), device);
    match device.is_autodiff() {
        true => values.require_grad(),
        false => values,
    }
}

fn device() -> Device {
    Device::flex().autodiff()
}

/// A result, and the gradients of the inputs.
type Found = Vec<TensorData>;

fn assert_close(name: &str, ours: &Found, theirs: &Found) {
    assert_eq!(ours.len(), theirs.len());
    for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(ours.shape(), theirs.shape(), "{name}, tensor {i}");
        let (ours, theirs): (Vec<f32>, Vec<f32>) =
            (ours.iter::<f32>().collect(), theirs.iter::<f32>().collect());
        let largest = theirs
            .iter()
            .fold(1.0f32, |most, value| most.max(value.abs()));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let apart = (ours - theirs).abs();
            assert!(
                apart <= TOLERANCE * largest,
                "{name}, tensor {i}: {ours} is not {theirs}"
            );
        }
    }
}

/// Runs `ours` twice and `theirs` once: the same bits, then the same values.
fn check(name: &str, ours: impl Fn() -> Found, theirs: impl Fn() -> Found) {
    let (first, again) = (ours(), ours());
    for (first, again) in first.iter().zip(&again) {
        first.assert_eq(again, true);
    }
    assert_close(name, &first, &theirs());
}

/// `$f` of the tensors of `$inputs`: its result, and their gradients under a loss that weighs
/// every value differently.
macro_rules! run {
    ($f:expr, $($input:expr),+) => {{
        let result = $f($($input.clone()),+);
        let weights = burn::tensor::Tensor::arange(0..result.shape().num_elements() as i64, &result.device())
            .float()
            .sin()
            .reshape(result.dims());
        let gradients = (result.clone() * weights).sum().backward();
        vec![
            result.into_data(),
            $($input.grad(&gradients).expect("an input has a gradient").into_data()),+
        ]
    }};
}

use run;
