//! A value that is not a number stays one.

use burn::tensor::{Device, Tensor, TensorData};
use karyolens::kernels::{self, BatchNorm, Window};

#[test]
fn a_value_that_is_no_number_stays_one() {
    let plain = Device::flex();
    let mut values: Vec<f32> = vec![0.5; 2 * 4 * 4 * 3];
    values[40] = f32::NAN;
    let x = Tensor::<4>::from_data(TensorData::new(values, [2, 4, 4, 3]), &plain);
    let window = Window {
        kernel: 3,
        stride: 1,
        pad: 1,
    };
    let one = |value: f32| Tensor::<1>::from_floats([value; 3], &plain);
    let norm = BatchNorm {
        mean: one(0.0),
        variance: one(1.0),
        gamma: one(1.0),
        beta: one(0.0),
        epsilon: 1e-5,
        training: false,
    };
    let scores = x.clone().reshape([2, 4, 12]);
    for (name, found) in [
        (
            "ReLU",
            kernels::batch_norm(x.clone(), norm, None, true).into_data(),
        ),
        ("max pool", kernels::max_pool(x, window).into_data()),
        ("attention", kernels::attention(scores, 2).into_data()),
    ] {
        let lost = found.iter::<f32>().all(|value| value.is_finite());
        assert!(!lost, "{name} makes a number of it");
    }
}
