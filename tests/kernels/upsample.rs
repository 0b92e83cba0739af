//! Upsampling by 2, against burn's operations, the values of PyTorch's documentation, and PyTorch's
//! formula written out pixel by pixel.

use burn::tensor::{Device, Tensor, TensorData};
use karyolens::kernels::upsample::compose;
use karyolens::kernels::{Interpolation, upsample};

use super::{Found, assert_close, check, device, random, run};

const SHAPES: [[usize; 4]; 5] = [
    [1, 1, 1, 1],
    [2, 3, 5, 7],
    [1, 1, 6, 33],
    [3, 8, 7, 16],
    [1, 9, 13, 65],
];

#[test]
fn as_burn_does() {
    let device = device();
    for shape in SHAPES {
        let x = random(shape, &device);
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            check(
                &format!("{shape:?}, {interpolation:?}"),
                || run!(|x| upsample(x, interpolation), x),
                || run!(|x| compose::upsample(x, interpolation), x),
            );
        }
    }
}

/// One channel of one image.
fn image<const W: usize>(rows: &[[f32; W]]) -> Tensor<4> {
    let shape = [1, rows.len(), W, 1];
    Tensor::from_data(TensorData::new(rows.concat(), shape), &Device::flex())
}

/// The examples of `torch.nn.Upsample`'s documentation; PyTorch 2.15 gives the same values.
#[test]
fn as_the_documentation_of_pytorch_shows() {
    let (small, large) = (
        image(&[[1.0, 2.0], [3.0, 4.0]]),
        image(&[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]),
    );
    for (x, interpolation, expected) in [
        (
            small.clone(),
            Interpolation::Nearest,
            image(&[
                [1.0, 1.0, 2.0, 2.0],
                [1.0, 1.0, 2.0, 2.0],
                [3.0, 3.0, 4.0, 4.0],
                [3.0, 3.0, 4.0, 4.0],
            ]),
        ),
        (
            small,
            Interpolation::Bilinear,
            image(&[
                [1.0, 1.25, 1.75, 2.0],
                [1.5, 1.75, 2.25, 2.5],
                [2.5, 2.75, 3.25, 3.5],
                [3.0, 3.25, 3.75, 4.0],
            ]),
        ),
        (
            large,
            Interpolation::Bilinear,
            image(&[
                [1.0, 1.25, 1.75, 1.5, 0.5, 0.0],
                [1.5, 1.75, 2.25, 1.875, 0.625, 0.0],
                [2.5, 2.75, 3.25, 2.625, 0.875, 0.0],
                [2.25, 2.4375, 2.8125, 2.25, 0.75, 0.0],
                [0.75, 0.8125, 0.9375, 0.75, 0.25, 0.0],
                [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            ]),
        ),
    ] {
        let found = upsample(x, interpolation).into_data();
        found.assert_eq(&expected.into_data(), true);
    }
}

/// The input's places that place `at` of the result reads, and how much of each: PyTorch's
/// `area_pixel_compute_source_index` with `align_corners=False`, and its `nearest`.
fn sources(at: usize, side: usize, interpolation: Interpolation) -> [(usize, f64); 2] {
    match interpolation {
        Interpolation::Nearest => [(at / 2, 1.0), (at / 2, 0.0)],
        Interpolation::Bilinear => {
            let source = ((at as f64 + 0.5) * 0.5 - 0.5).max(0.0);
            let low = source as usize;
            let share = source - low as f64;
            [(low, 1.0 - share), ((low + 1).min(side - 1), share)]
        }
    }
}

/// Result and gradient of `x`, given the result's gradient.
fn reference(
    x: &[f32],
    [batch, height, width, channels]: [usize; 4],
    gradient: &[f32],
    interpolation: Interpolation,
) -> Found {
    let output = [batch, 2 * height, 2 * width, channels];
    let mut result = vec![0.0; output.iter().product()];
    let mut of_x = vec![0.0; x.len()];
    for i in 0..result.len() {
        let (pixel, channel) = (i / channels, i % channels);
        let (line, column) = (pixel / (2 * width), pixel % (2 * width));
        let (image, row) = (line / (2 * height), line % (2 * height));
        for (y, of_y) in sources(row, height, interpolation) {
            for (x_at, of_x_at) in sources(column, width, interpolation) {
                let from = ((image * height + y) * width + x_at) * channels + channel;
                result[i] += f64::from(x[from]) * of_y * of_x_at;
                of_x[from] += f64::from(gradient[i]) * of_y * of_x_at;
            }
        }
    }
    let data = |values: Vec<f64>, shape: [usize; 4]| {
        let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
        TensorData::new(values, shape)
    };
    vec![
        data(result, output),
        data(of_x, [batch, height, width, channels]),
    ]
}

#[test]
fn as_the_formula_of_pytorch_says() {
    let device = device();
    for shape in SHAPES {
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            let x = random(shape, &device);
            let [batch, height, width, channels] = shape;
            let weights = random([batch, 2 * height, 2 * width, channels], &device).detach();
            let result = upsample(x.clone(), interpolation);
            let gradients = (result.clone() * weights.clone()).sum().backward();
            let of_x = x.grad(&gradients).expect("the input has a gradient");
            let found = vec![result.into_data(), of_x.into_data()];
            let values = |tensor: Tensor<4>| tensor.into_data().iter::<f32>().collect::<Vec<_>>();
            let expected = reference(&values(x), shape, &values(weights), interpolation);
            assert_close(&format!("{shape:?}, {interpolation:?}"), &found, &expected);
        }
    }
}
