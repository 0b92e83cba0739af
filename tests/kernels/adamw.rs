//! The optimiser's update.

use burn::optim::{AdamWConfig, Optimizer};
use burn::tensor::Device;
use karyolens::train::run::adamw::AdamW;

use super::{assert_close, random};

#[test]
fn adamw_steps_as_burns_does() {
    let device = Device::flex();
    let ours = AdamW {
        weight_decay: 0.05,
        ..AdamW::default()
    };
    let theirs = AdamWConfig::new()
        .with_weight_decay(0.05)
        .with_epsilon(1e-8)
        .build();
    for shape in [[1, 1], [3, 17], [100, 401]] {
        let start = random(shape, &device);
        let (mut our, mut our_state) = (start.clone(), None);
        let (mut their, mut their_state) = (start, None);
        for time in 0..3 {
            let gradient = random([shape[0], shape[1]], &device) * (time as f32 - 1.5);
            (our, our_state) = ours.step(0.01, our, gradient.clone(), our_state);
            (their, their_state) = theirs.step(0.01, their, gradient, their_state);
        }
        assert_close(
            &format!("{shape:?}"),
            &vec![our.into_data()],
            &vec![their.into_data()],
        );
    }
}
