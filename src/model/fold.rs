//! What can be worked out once, when a network is only to be run.
//!
//! A batch norm by running statistics, a layer scale and the normalisation of the input multiply
//! and add the same numbers for every image; so does the layer beside them, which can do both at
//! once. The sums are taken in f64, so that a folded network differs by the rounding of its weights
//! alone.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Tensor, TensorData};

/// How colours from 0 to 1 become a network's input: less `mean`, over `std`, red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Normalisation {
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

impl Normalisation {
    /// Normalised images, `[channel, row, column]` each, of `pixels` pixels → the colours of their
    /// pixels, row by row.
    pub fn undone(self, images: &[f32], pixels: usize) -> impl Iterator<Item = [f32; 3]> {
        let colour = move |image: &[f32], pixel: usize| {
            [0, 1, 2].map(|channel| {
                image[channel * pixels + pixel] * self.std[channel] + self.mean[channel]
            })
        };
        images
            .chunks_exact(3 * pixels)
            .flat_map(move |image| (0..pixels).map(move |pixel| colour(image, pixel)))
    }
}

/// `conv` with `norm` after it, by its running statistics.
pub fn batch_norm(mut conv: Conv2d, norm: &BatchNorm) -> Conv2d {
    let [mean, variance] = [norm.running_mean.value(), norm.running_var.value()].map(values);
    let [gamma, beta] = [&norm.gamma, &norm.beta].map(|param| values(param.val()));
    let scale: Vec<f64> = gamma
        .iter()
        .zip(&variance)
        .map(|(gamma, variance)| f64::from(*gamma) / (f64::from(*variance) + norm.epsilon).sqrt())
        .collect();
    let bias = match &conv.bias {
        Some(bias) => values(bias.val()),
        None => vec![0.0; scale.len()],
    };
    let bias = (0..scale.len()).map(|i| {
        let apart = f64::from(bias[i]) - f64::from(mean[i]);
        (f64::from(beta[i]) + apart * scale[i]) as f32
    });
    let bias = bias.collect();
    let shape = conv.weight.dims();
    let mut weight = values(conv.weight.val());
    for (weight, scale) in weight.chunks_exact_mut(weight_len(shape)).zip(&scale) {
        weight
            .iter_mut()
            .for_each(|weight| *weight = times(*weight, *scale));
    }
    conv.weight = replaced(&conv.weight, weight, shape);
    conv.bias = Some(Param::from_tensor(tensor(
        bias,
        [scale.len()],
        &conv.weight,
    )));
    conv
}

/// `linear` with every channel of its result times `scale`.
pub fn layer_scale(mut linear: Linear, scale: &Param<Tensor<1>>) -> Linear {
    let scale: Vec<f64> = values(scale.val()).into_iter().map(f64::from).collect();
    let scaled = |mut values: Vec<f32>| {
        for row in values.chunks_exact_mut(scale.len()) {
            row.iter_mut()
                .zip(&scale)
                .for_each(|(value, scale)| *value = times(*value, *scale));
        }
        values
    };
    let shape = linear.weight.dims();
    let weight = scaled(values(linear.weight.val()));
    linear.weight = replaced(&linear.weight, weight, shape);
    linear.bias = linear
        .bias
        .map(|bias| replaced(&bias, scaled(values(bias.val())), [shape[1]]));
    linear
}

/// `conv`, `[to, 3, kernel, kernel]`, for the images of [`Model::folded`](super::Model::folded):
/// `[to, 4, kernel, kernel]`.
pub fn normalisation(mut conv: Conv2d, input: Normalisation) -> Conv2d {
    let [to, _, kernel, _] = conv.weight.dims();
    let taps = kernel * kernel;
    let weight = values(conv.weight.val());
    let mut folded = Vec::with_capacity(to * 4 * taps);
    for weight in weight.chunks_exact(3 * taps) {
        let mut of_ones = vec![0.0; taps];
        for (channel, weight) in weight.chunks_exact(taps).enumerate() {
            let (mean, std) = (
                f64::from(input.mean[channel]),
                f64::from(input.std[channel]),
            );
            for (weight, of_ones) in weight.iter().zip(&mut of_ones) {
                let weight = f64::from(*weight) / std;
                folded.push(weight as f32);
                *of_ones -= weight * mean;
            }
        }
        folded.extend(of_ones.into_iter().map(|weight| weight as f32));
    }
    conv.weight = replaced(&conv.weight, folded, [to, 4, kernel, kernel]);
    conv
}

/// Values that belong to one channel of a convolution's result.
fn weight_len([_, from, height, width]: [usize; 4]) -> usize {
    from * height * width
}

/// `value · scale`, rounded once.
fn times(value: f32, scale: f64) -> f32 {
    (f64::from(value) * scale) as f32
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    data.try_into_vec().expect("weights to be f32 on the CPU")
}

fn tensor<const D: usize, const L: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    like: &Param<Tensor<L>>,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), &like.val().device())
}

/// A parameter in the place of `old`.
fn replaced<const D: usize>(
    old: &Param<Tensor<D>>,
    values: Vec<f32>,
    shape: [usize; D],
) -> Param<Tensor<D>> {
    Param::initialized(old.id, tensor(values, shape, old))
}
