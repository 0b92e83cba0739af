//! Products with the last axis, alone and with GELU.

use burn::tensor::{Tensor, TensorData};
use karyolens::kernels;
use karyolens::kernels::linear::compose;

use super::{EXACT, check, device, random, run};

#[test]
fn linear() {
    let device = device();
    for [batch, rows, from, to] in [
        [1, 1, 1, 1],
        [1, 3, 5, 7],
        [2, 9, 40, 160],
        [3, 50, 67, 33],
        [1, 300, 16, 48],
        [2, 131, 384, 100],
    ] {
        let x = random([batch, rows, from], &device);
        let weight = random([from, to], &device);
        let bias = random([to], &device);
        let name = format!("{rows}×{from}×{to}");
        check(
            &name,
            || {
                run!(
                    |x, w, b| kernels::linear::<3>(x, w, Some(b), EXACT),
                    x,
                    weight,
                    bias
                )
            },
            || {
                run!(
                    |x, w, b| compose::linear::<3>(x, w, Some(b)),
                    x,
                    weight,
                    bias
                )
            },
        );
        check(
            &format!("{name} without bias"),
            || run!(|x, w| kernels::linear::<3>(x, w, None, EXACT), x, weight),
            || run!(|x, w| compose::linear::<3>(x, w, None), x, weight),
        );
        check(
            &format!("{name} with GELU"),
            || {
                run!(
                    |x, w, b| kernels::linear_gelu::<3>(x, w, Some(b), EXACT),
                    x,
                    weight,
                    bias
                )
            },
            || {
                run!(
                    |x, w, b| compose::linear_gelu::<3>(x, w, Some(b)),
                    x,
                    weight,
                    bias
                )
            },
        );
    }
}

#[test]
fn gelu_over_its_whole_range() {
    let device = device();
    let values: Vec<f32> = (-1000..=1000).map(|i| i as f32 * 0.012).collect();
    let x = Tensor::<2>::from_data(TensorData::new(values, [2001, 1]), &device).require_grad();
    let one = Tensor::<2>::ones([1, 1], &device);
    check(
        "GELU",
        || {
            run!(
                |x| kernels::linear_gelu::<2>(x, one.clone(), None, EXACT),
                x
            )
        },
        || run!(|x| compose::linear_gelu::<2>(x, one.clone(), None), x),
    );
}
