//! Our kernels against burn's own operations: results and every gradient, over sizes that divide
//! by nothing, and twice with the same bits.

use burn::optim::{AdamWConfig, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};
use karyolens::kernels::{self, BatchNorm, MatmulPrecision, Window, compose};
use karyolens::train::adamw::AdamW;

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

/// A result, and the gradients of what went in.
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
        let weights = Tensor::arange(0..result.shape().num_elements() as i64, &result.device())
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

#[test]
fn layer_norm() {
    let device = device();
    for shape in [[1, 1, 1, 2], [2, 3, 5, 7], [3, 9, 11, 40], [1, 20, 20, 97]] {
        // Far from 0, where a careless variance loses its digits.
        let x = (random(shape, &device) + 30.0).detach().require_grad();
        let gamma = random([shape[3]], &device);
        let beta = random([shape[3]], &device);
        check(
            &format!("{shape:?}"),
            || {
                run!(
                    |x, g, b| kernels::layer_norm::<4>(x, g, b, 1e-6),
                    x,
                    gamma,
                    beta
                )
            },
            || {
                run!(
                    |x, g, b| compose::layer_norm::<4>(x, g, b, 1e-6),
                    x,
                    gamma,
                    beta
                )
            },
        );
    }
}

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
                let x = compose::convolve(x, weight, bias, window);
                vec![compose::join_relu(x, residual(), true).into_data()]
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

#[test]
fn depthwise() {
    let device = device();
    for (shape, kernel) in [
        ([1, 1, 1, 1], 7),
        ([2, 3, 3, 320], 7),
        ([1, 5, 9, 17], 7),
        ([3, 14, 16, 40], 7),
        ([2, 8, 7, 33], 5),
        ([2, 6, 15, 9], 3),
        ([2, 12, 12, 6], 9),
    ] {
        let [_, _, _, channels] = shape;
        let x = random(shape, &device);
        let weight = random([channels, 1, kernel, kernel], &device);
        let bias = random([channels], &device);
        check(
            &format!("{shape:?}, kernel {kernel}"),
            || run!(kernels::depthwise, x, weight, bias),
            || run!(compose::depthwise, x, weight, bias),
        );
    }
}

#[test]
fn join() {
    let device = device();
    for shape in [[1, 1, 1], [4, 50, 37], [3, 200, 40]] {
        let [batch, _, channels] = shape;
        let residual = random(shape, &device);
        let branch = random(shape, &device);
        let scale = random([channels], &device);
        let keep = random([batch], &device).detach();
        let keep = || Some(keep.clone());
        check(
            &format!("{shape:?} with both"),
            || {
                run!(
                    |r, b, s| kernels::join::<3>(r, b, Some(s), keep()),
                    residual,
                    branch,
                    scale
                )
            },
            || {
                run!(
                    |r, b, s| compose::join::<3>(r, b, Some(s), keep()),
                    residual,
                    branch,
                    scale
                )
            },
        );
        check(
            &format!("{shape:?} with a scale"),
            || {
                run!(
                    |r, b, s| kernels::join::<3>(r, b, Some(s), None),
                    residual,
                    branch,
                    scale
                )
            },
            || {
                run!(
                    |r, b, s| compose::join::<3>(r, b, Some(s), None),
                    residual,
                    branch,
                    scale
                )
            },
        );
        check(
            &format!("{shape:?} with keep"),
            || {
                run!(
                    |r, b| kernels::join::<3>(r, b, None, keep()),
                    residual,
                    branch
                )
            },
            || {
                run!(
                    |r, b| compose::join::<3>(r, b, None, keep()),
                    residual,
                    branch
                )
            },
        );
        check(
            &format!("{shape:?} alone"),
            || {
                run!(
                    |r, b| kernels::join::<3>(r, b, None, None),
                    residual,
                    branch
                )
            },
            || {
                run!(
                    |r, b| compose::join::<3>(r, b, None, None),
                    residual,
                    branch
                )
            },
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
fn batch_norm() {
    let device = device();
    for shape in [[2, 2, 2, 1], [2, 7, 5, 33], [4, 12, 12, 64]] {
        let channels = shape[3];
        let x = (random(shape, &device) + 10.0).detach().require_grad();
        let residual = random(shape, &device);
        let gamma = random([channels], &device);
        let beta = random([channels], &device);
        let running = random([channels], &device).detach();
        for training in [true, false] {
            let norm = |gamma: Tensor<1>, beta: Tensor<1>| {
                let (mean, variance) = match training {
                    true => kernels::statistics(x.clone()),
                    false => (running.clone(), running.clone().abs()),
                };
                BatchNorm {
                    mean,
                    variance,
                    gamma,
                    beta,
                    epsilon: 1e-5,
                    training,
                }
            };
            for relu in [true, false] {
                let name = format!("{shape:?}, training {training}, ReLU {relu}");
                check(
                    &name,
                    || {
                        run!(
                            |x, g, b| kernels::batch_norm(x, norm(g, b), None, relu),
                            x,
                            gamma,
                            beta
                        )
                    },
                    || {
                        run!(
                            |x, g, b| compose::batch_norm(x, norm(g, b), None, relu),
                            x,
                            gamma,
                            beta
                        )
                    },
                );
                check(
                    &format!("{name}, with a shortcut"),
                    || {
                        run!(
                            |x, g, b, r| kernels::batch_norm(x, norm(g, b), Some(r), relu),
                            x,
                            gamma,
                            beta,
                            residual
                        )
                    },
                    || {
                        run!(
                            |x, g, b, r| compose::batch_norm(x, norm(g, b), Some(r), relu),
                            x,
                            gamma,
                            beta,
                            residual
                        )
                    },
                );
            }
        }
        let (mean, variance) = kernels::statistics(x.clone());
        let (their_mean, their_variance) = compose::statistics(x);
        assert_close(
            "statistics",
            &vec![mean.into_data(), variance.into_data()],
            &vec![their_mean.into_data(), their_variance.into_data()],
        );
    }
}

#[test]
fn max_pool() {
    let device = device();
    for (shape, kernel, stride, pad) in [
        ([1, 3, 3, 1], 3, 2, 1),
        ([2, 11, 8, 19], 3, 2, 1),
        ([2, 6, 6, 5], 2, 2, 0),
    ] {
        let window = Window {
            kernel,
            stride,
            pad,
        };
        let x = random(shape, &device);
        check(
            &format!("{shape:?}, {window:?}"),
            || run!(|x| kernels::max_pool(x, window), x),
            || run!(|x| compose::max_pool(x, window), x),
        );
    }
}

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
            compose::linear(x.clone(), weight.clone(), None).into_data(),
            compose::linear_gelu(x, weight, None).into_data(),
            compose::convolve(images, filters, None, window).into_data(),
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
    // Changed in place, where nobody else holds it.
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
