//! Weights that are packed once and kept.

use burn::tensor::{Device, Tensor};
use karyolens::kernels::{self, Window, convolve, linear};
use karyolens::train::run::adamw::AdamW;

use super::{EXACT, assert_close, random};

#[test]
fn packed_weights_follow_their_weights() {
    let plain = Device::flex();
    let x = random([5, 19], &plain);
    let images = random([2, 6, 7, 19], &plain);
    let window = Window {
        kernel: 3,
        stride: 2,
        pad: 1,
    };
    let answers = |weight: &Tensor<2>, filters: &Tensor<4>| {
        let (x, images) = (x.clone(), images.clone());
        let (weight, filters) = (weight.clone(), filters.clone());
        let ours = vec![
            kernels::linear(x.clone(), weight.clone(), None, EXACT).into_data(),
            kernels::linear_gelu(x.clone(), weight.clone(), None, EXACT).into_data(),
            kernels::convolve(images.clone(), filters.clone(), None, window, EXACT).into_data(),
        ];
        let theirs = vec![
            linear::compose::linear(x.clone(), weight.clone(), None).into_data(),
            linear::compose::linear_gelu(x, weight, None).into_data(),
            convolve::compose::convolve(images, filters, None, window).into_data(),
        ];
        assert_close("without gradients", &ours, &theirs);
        ours
    };
    // Of one shape, so that only the storage tells them apart.
    let mut weights = [1.0, 2.0].map(|factor| random([19, 23], &plain) * factor);
    let filters = random([11, 19, 3, 3], &plain);
    for _ in 0..2 {
        let [first, second] = weights.each_ref().map(|weight| answers(weight, &filters));
        assert!(first[0] != second[0]);
    }
    // Changed in place, since it has no other owner.
    let before = answers(&weights[0], &filters);
    let weight = std::mem::replace(&mut weights[0], random([1, 1], &plain));
    let gradient = weight.ones_like();
    let (mean, square) = (weight.zeros_like(), weight.zeros_like());
    let adamw = AdamW::default();
    let step = kernels::AdamWStep {
        rate: 0.5,
        decay: adamw.weight_decay,
        beta_1: adamw.beta_1,
        beta_2: adamw.beta_2,
        epsilon: adamw.epsilon,
        time: 1,
    };
    let (weight, ..) = kernels::adamw(weight, gradient, mean, square, step);
    assert!(answers(&weight, &filters)[0] != before[0]);
    kernels::release_unused();
    answers(&weight, &filters);
}
