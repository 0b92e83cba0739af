//! Matrix products at less than f32's precision: as exact as they promise, the same every time,
//! and in use where the machine has a unit for them.

use burn::tensor::{Device, Distribution, Tensor};
use karyolens::kernels::{self, MatmulPrecision, Window};

/// A product's result and its gradients, one vector each.
type Found = Vec<Vec<f32>>;

/// A product at a precision.
type Product = Box<dyn Fn(MatmulPrecision) -> Found>;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device).require_grad()
}

/// `[rows, from]` by `[from, to]`, with the gradients of both.
fn linear([rows, from, to]: [usize; 3], device: &Device) -> Product {
    let (x, weight) = (random([1, rows, from], device), random([from, to], device));
    let weights = random([1, rows, to], device).detach();
    Box::new(move |precision| {
        let result = kernels::linear::<3>(x.clone(), weight.clone(), None, precision);
        let gradients = (result.clone() * weights.clone()).sum().backward();
        vec![
            values(result),
            values(x.grad(&gradients).expect("a gradient")),
            values(weight.grad(&gradients).expect("a gradient")),
        ]
    })
}

/// A convolution, with the gradients of image and weights.
fn convolve(shape: [usize; 4], to: usize, window: Window, device: &Device) -> Product {
    let x = random(shape, device);
    let weight = random([to, shape[3], window.kernel, window.kernel], device);
    Box::new(move |precision| {
        let result = kernels::convolve(x.clone(), weight.clone(), None, window, precision);
        let gradients = (result.clone() * result.clone()).sum().backward();
        vec![
            values(result),
            values(x.grad(&gradients).expect("a gradient")),
            values(weight.grad(&gradients).expect("a gradient")),
        ]
    })
}

/// How far `found` is from `exact`, as a share of the largest value of its tensor.
fn apart(found: &Found, exact: &Found) -> f32 {
    let tensors = found.iter().zip(exact);
    let worst = tensors.map(|(found, exact)| {
        let largest = exact.iter().fold(0f32, |most, value| most.max(value.abs()));
        let gaps = found.iter().zip(exact).map(|(a, b)| (a - b).abs());
        gaps.fold(0f32, f32::max) / largest
    });
    worst.fold(0.0, f32::max)
}

#[test]
fn products_are_as_exact_as_asked_for() {
    let device = Device::flex().autodiff();
    device.seed(11);
    let mut cases: Vec<(String, Product)> = Vec::new();
    // Large enough that lower precision pays, and odd.
    for sides in [[33, 300, 290], [300, 257, 1030], [700, 384, 300]] {
        cases.push((format!("linear {sides:?}"), linear(sides, &device)));
    }
    for (shape, to, kernel, stride, pad) in [
        ([1, 9, 9, 65], 260, 3, 2, 1),
        ([2, 13, 15, 70], 259, 2, 2, 0),
        ([2, 7, 6, 300], 270, 1, 1, 0),
    ] {
        let window = Window {
            kernel,
            stride,
            pad,
        };
        let name = format!("{shape:?} to {to}, {window:?}");
        cases.push((name, convolve(shape, to, window, &device)));
    }
    let exact = cases.iter().map(|(_, case)| case(MatmulPrecision::Highest));
    let exact: Vec<Found> = exact.collect();
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let (tiles, dots) = (flags.contains("amx_bf16"), flags.contains("avx512_bf16"));
    // A convolution's gradients here pass through its result twice.
    for (precision, tolerance, in_use) in [
        (MatmulPrecision::High, 2e-5, tiles),
        (MatmulPrecision::Medium, 2e-2, tiles || dots),
    ] {
        for ((name, case), exact) in cases.iter().zip(&exact) {
            let found = case(precision);
            let apart = apart(&found, exact);
            assert!(apart <= tolerance, "{name}, {precision:?}: {apart} apart");
            assert_eq!(in_use, apart > 0.0, "{name}, {precision:?}: {apart} apart");
            assert!(
                found == case(precision),
                "{name}, {precision:?} does not repeat"
            );
        }
    }
    let nan = Tensor::<3>::full([1, 40, 40], f32::NAN, &device);
    let one = Tensor::<2>::ones([40, 40], &device);
    let result = values(kernels::linear::<3>(nan, one, None, MatmulPrecision::High));
    assert!(result.iter().all(|value| value.is_nan()), "NaN is lost");
}
