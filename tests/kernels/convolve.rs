//! Dense convolutions.

use burn::tensor::{Device, Tensor};
use karyolens::kernels::convolve::compose;
use karyolens::kernels::{self, Window};

use super::{EXACT, check, device, random, run};

#[test]
fn convolve() {
    let device = device();
    for ([batch, height, width, from], to, kernel, stride, pad) in [
        ([1, 1, 1, 1], 1, 1, 1, 0),
        ([2, 7, 5, 3], 4, 3, 1, 1),
        ([1, 9, 9, 17], 33, 3, 2, 1),
        ([2, 8, 11, 5], 9, 3, 2, 1),
        ([3, 12, 8, 3], 19, 4, 4, 0),
        ([2, 9, 7, 40], 80, 2, 2, 0),
        ([2, 13, 15, 3], 16, 7, 2, 3),
        ([2, 6, 6, 64], 48, 1, 1, 0),
        ([2, 7, 6, 10], 21, 1, 2, 0),
        ([1, 10, 10, 6], 7, 5, 3, 2),
        ([1, 6, 5, 4], 3, 3, 1, 0),
        ([16, 14, 14, 20], 24, 3, 1, 1),
    ] {
        let window = Window {
            kernel,
            stride,
            pad,
        };
        let x = random([batch, height, width, from], &device);
        let weight = random([to, from, kernel, kernel], &device);
        let bias = random([to], &device);
        let name = format!("[{batch}, {height}, {width}, {from}] to {to}, {window:?}");
        check(
            &name,
            || {
                run!(
                    |x, w, b| kernels::convolve(x, w, Some(b), window, EXACT),
                    x,
                    weight,
                    bias
                )
            },
            || {
                run!(
                    |x, w, b| compose::convolve(x, w, Some(b), window),
                    x,
                    weight,
                    bias
                )
            },
        );
        check(
            &format!("{name} without bias"),
            || {
                run!(
                    |x, w| kernels::convolve(x, w, None, window, EXACT),
                    x,
                    weight
                )
            },
            || run!(|x, w| compose::convolve(x, w, None, window), x, weight),
        );
    }
}

/// Without gradients dense 3×3 convolutions take another way, by tiles of outputs that fit no side
/// of these.
#[test]
fn convolve_without_gradients() {
    let device = Device::flex();
    for ([batch, height, width, from], to, pad) in [
        ([1, 5, 5, 16], 16, 1),
        ([2, 7, 7, 33], 21, 1),
        ([1, 6, 9, 64], 40, 0),
        ([3, 4, 11, 19], 70, 2),
        ([1, 10, 10, 16], 17, 1),
        ([2, 13, 9, 37], 30, 1),
        ([1, 15, 22, 20], 33, 0),
        ([2, 11, 17, 48], 19, 2),
        ([1, 14, 14, 128], 128, 1),
        ([5, 30, 31, 16], 24, 1),
    ] {
        let window = Window {
            kernel: 3,
            stride: 1,
            pad,
        };
        let x = random([batch, height, width, from], &device);
        let weight = random([to, from, 3, 3], &device);
        let bias = random([to], &device);
        let side = |side: usize| side + 2 * pad - 2;
        let residual = random([batch, side(height), side(width), to], &device);
        let name = format!("[{batch}, {height}, {width}, {from}] to {to}, {window:?}");
        let plain = || (x.clone(), weight.clone());
        let all = || (x.clone(), weight.clone(), Some(bias.clone()));
        let residual = || Some(residual.clone());
        check(
            &name,
            || {
                let (x, weight) = plain();
                vec![kernels::convolve(x, weight, None, window, EXACT).into_data()]
            },
            || {
                let (x, weight) = plain();
                vec![compose::convolve(x, weight, None, window).into_data()]
            },
        );
        check(
            &format!("{name}, and all that may follow"),
            || {
                let (x, weight, bias) = all();
                let x = kernels::convolve_join(x, weight, bias, window, residual(), true, EXACT);
                vec![x.into_data()]
            },
            || {
                let (x, weight, bias) = all();
                let x = compose::convolve_join(x, weight, bias, window, residual(), true);
                vec![x.into_data()]
            },
        );
    }
}

#[test]
fn convolve_reads_channels_first_images_too() {
    let device = device();
    let window = Window {
        kernel: 3,
        stride: 2,
        pad: 1,
    };
    let images = random([2, 3, 9, 7], &device);
    let weight = random([8, 3, 3, 3], &device);
    check(
        "images",
        || {
            run!(
                |x: Tensor<4>, w| kernels::convolve(
                    x.permute([0, 2, 3, 1]),
                    w,
                    None,
                    window,
                    EXACT
                ),
                images,
                weight
            )
        },
        || {
            run!(
                |x: Tensor<4>, w| compose::convolve(x.permute([0, 2, 3, 1]), w, None, window),
                images,
                weight
            )
        },
    );
}
