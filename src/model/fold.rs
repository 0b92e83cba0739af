//! Layers folded into their neighbours, once, for a network that only runs.
//!
//! A batch norm with running statistics, a layer scale and the normalisation of the input multiply
//! and add the same numbers for every image. A linear layer beside them can do both in one step. The
//! sums are taken in f64, so a folded network differs by the rounding of its weights alone.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Tensor, TensorData};

use super::pixels::Normalisation;

/// Channels that are read at once: a vector of WebGPU's and of WebAssembly's.
const CHANNELS: usize = 4;

/// `conv` and the `norm` after it as one convolution, by the running statistics.
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
    let bias: Vec<f32> = (0..scale.len())
        .map(|i| {
            let apart = f64::from(bias[i]) - f64::from(mean[i]);
            (f64::from(beta[i]) + apart * scale[i]) as f32
        })
        .collect();
    let device = conv.weight.val().device();
    let data = TensorData::new(bias, [scale.len()]);
    conv.bias = Some(Param::from_tensor(Tensor::from_data(data, &device)));
    let shape = conv.weight.dims();
    conv.weight = changed(conv.weight, shape, |mut weight| {
        for (weight, scale) in weight.chunks_exact_mut(weight_len(shape)).zip(&scale) {
            weight
                .iter_mut()
                .for_each(|weight| *weight = times(*weight, *scale));
        }
        weight
    });
    conv
}

/// `conv` with channels of zeros added to its input and its result until both divide by
/// [`CHANNELS`]. Where all convolutions of a network are padded so, the added channels stay zero.
pub fn padded(mut conv: Conv2d) -> Conv2d {
    let [to, from, height, width] = conv.weight.dims();
    let padded = [to, from].map(|channels| channels.next_multiple_of(CHANNELS));
    if padded == [to, from] {
        return conv;
    }
    let [more_to, more_from] = padded;
    let taps = height * width;
    let shape = [more_to, more_from, height, width];
    conv.weight = changed(conv.weight, shape, |weight| {
        let mut wider = vec![0.0; more_to * more_from * taps];
        let places = wider.chunks_exact_mut(more_from * taps);
        for (weight, place) in weight.chunks_exact(from * taps).zip(places) {
            place[..from * taps].copy_from_slice(weight);
        }
        wider
    });
    conv.bias = conv.bias.map(|bias| {
        changed(bias, [more_to], |mut bias| {
            bias.resize(more_to, 0.0);
            bias
        })
    });
    conv
}

/// `linear` with every channel of its result times `scale`, if there is one.
pub fn layer_scale(mut linear: Linear, scale: Option<Param<Tensor<1>>>) -> Linear {
    let Some(scale) = scale else {
        return linear;
    };
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
    linear.weight = changed(linear.weight, shape, scaled);
    linear.bias = linear.bias.map(|bias| changed(bias, [shape[1]], scaled));
    linear
}

/// `conv`, `[to, 3, kernel, kernel]`, for [`Pixels`](super::Pixels):
/// `[to, 4, kernel, kernel]`.
pub fn normalisation(mut conv: Conv2d, input: Normalisation) -> Conv2d {
    let [to, _, kernel, _] = conv.weight.dims();
    let taps = kernel * kernel;
    conv.weight = changed(conv.weight, [to, 4, kernel, kernel], |weight| {
        let mut folded = Vec::with_capacity(to * 4 * taps);
        for weight in weight.chunks_exact(3 * taps) {
            let mut of_ones = vec![0.0; taps];
            for (channel, weight) in weight.chunks_exact(taps).enumerate() {
                let [mean, std] = [input.mean, input.std].map(|colour| f64::from(colour[channel]));
                for (weight, of_ones) in weight.iter().zip(&mut of_ones) {
                    let weight = f64::from(*weight) / std;
                    folded.push(weight as f32);
                    *of_ones -= weight * mean;
                }
            }
            folded.extend(of_ones.into_iter().map(|weight| weight as f32));
        }
        folded
    });
    conv
}

/// Filters `[to, from, taps]` → `[taps, from, to]`. burn's own permutation moves value by value
/// through an iterator over any strides, which takes long in a browser.
pub fn outputs_last(filters: Vec<f32>, to: usize, from: usize, taps: usize) -> Vec<f32> {
    let mut turned = Vec::with_capacity(filters.len());
    for tap in 0..taps {
        for channel in 0..from {
            let first = channel * taps + tap;
            turned.extend((0..to).map(|output| filters[output * from * taps + first]));
        }
    }
    turned
}

/// Values that belong to one channel of a convolution's result.
fn weight_len([_, from, height, width]: [usize; 4]) -> usize {
    from * height * width
}

/// `value · scale`, rounded once.
fn times(value: f32, scale: f64) -> f32 {
    (f64::from(value) * scale) as f32
}

/// The values of a tensor, moved where no other handle to the tensor exists.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    data.try_into_vec().expect("weights to be f32 on the CPU")
}

/// `param` with its values changed by `change`, in `shape`.
fn changed<const D: usize>(
    param: Param<Tensor<D>>,
    shape: [usize; D],
    change: impl FnOnce(Vec<f32>) -> Vec<f32>,
) -> Param<Tensor<D>> {
    let id = param.id;
    let tensor = param.into_value();
    let device = tensor.device();
    let data = TensorData::new(change(values(tensor)), shape);
    Param::initialized(id, Tensor::from_data(data, &device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Values that differ from one another, of any shape.
    fn counted<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        let values = (0..shape.iter().product()).map(|i: usize| (i as f32 * 0.7).sin());
        Tensor::from_data(TensorData::new(values.collect(), shape), device)
    }

    #[test]
    fn outputs_come_last_as_burn_turns_them() {
        let filters = counted([5, 3, 2, 4], &Device::flex());
        let turned = outputs_last(values(filters.clone()), 5, 3, 8);
        assert_eq!(turned, values(filters.permute([2, 3, 1, 0])));
    }
}
