//! Attention, and the weights that explanations read.

use burn::tensor::{Device, Tensor, TensorData};
use karyolens::kernels;
use karyolens::kernels::attention::compose;

use super::{assert_close, check, device, random, run};

#[test]
fn attention() {
    let device = device();
    for ([batch, tokens, width], heads) in [
        ([1, 1, 1], 1),
        ([2, 5, 6], 2),
        ([3, 50, 192], 3),
        ([1, 65, 35], 5),
        ([2, 197, 64], 1),
    ] {
        let qkv = random([batch, tokens, 3 * width], &device);
        check(
            &format!("{tokens} tokens of {width}, {heads} heads"),
            || run!(|qkv| kernels::attention(qkv, heads), qkv),
            || run!(|qkv| compose::attention(qkv, heads), qkv),
        );
    }
}

#[test]
fn attention_is_its_weights_times_the_values() {
    let device = Device::flex();
    let qkv = random([1, 5, 3 * 4], &device);
    let values: Vec<f32> = qkv.to_data().iter::<f32>().collect();
    let weights = kernels::attention_weights(&values, 5, 1);
    let weights = Tensor::<3>::from_data(TensorData::new(weights, [1, 5, 5]), &device);
    let sums = vec![weights.clone().sum_dim(2).into_data()];
    let ones = vec![Tensor::<3>::ones([1, 5, 1], &device).into_data()];
    assert_close("a row of weights", &sums, &ones);
    let mixed = vec![weights.matmul(qkv.clone().narrow(2, 8, 4)).into_data()];
    let attention = vec![kernels::attention(qkv, 1).into_data()];
    assert_close("attention", &attention, &mixed);
}
