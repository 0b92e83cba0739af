//! Our kernels on burn's Flex backend: its tensors as slices, and slices as its tensors.

use std::sync::Arc;

use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Bytes, DType, Shape};

use super::cpu::attention::{self, Heads};
use super::cpu::batch_norm;
use super::cpu::conv::{self, Images, Window};
use super::cpu::elementwise::{self, Scales};
use super::cpu::gemm::{self, Epilogue, MatmulPrecision, Packed, Rows, Source, Store, StoreGelu};
use super::cpu::winograd::{self, Winograd};
use super::cpu::{adamw, buffer, depthwise, layer_norm, pool};
use super::packed::packed;
use super::{AdamWStep, Inference, Kernels, Maybe, Norm};

/// The tensor in memory order, copied only if it is not.
pub fn contiguous(tensor: FlexTensor) -> FlexTensor {
    match tensor.as_slice::<f32>() {
        Some(_) => tensor,
        None => tensor.to_contiguous(),
    }
}

#[cfg_attr(target_family = "wasm", allow(dead_code))]
/// A tensor whose storage holds its values in memory order and nothing else.
fn whole(tensor: FlexTensor) -> FlexTensor {
    let len = tensor.shape().num_elements();
    match tensor.is_contiguous() && tensor.storage::<f32>().len() == len {
        true => tensor,
        false => tensor.to_contiguous(),
    }
}

/// The values of a [`contiguous`] tensor.
pub fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor of f32")
}

/// A tensor of `values`.
pub fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    let shape = shape.into();
    assert_eq!(values.len(), shape.num_elements());
    FlexTensor::new(
        Bytes::from_elems(values),
        Layout::contiguous(shape),
        DType::F32,
    )
}

/// The sides of a batch of images.
pub fn images(tensor: &FlexTensor) -> Images {
    Images::new(tensor.shape().dims())
}

/// Values in the last axis.
pub fn last(tensor: &FlexTensor) -> usize {
    let shape = tensor.shape();
    shape[shape.num_dims() - 1]
}

/// `tensor`'s shape with another last axis.
pub fn with_last(tensor: &FlexTensor, last: usize) -> Shape {
    let mut shape = tensor.shape();
    let axes = shape.num_dims();
    shape[axes - 1] = last;
    shape
}

/// The sides of an attention.
pub fn heads(qkv: &FlexTensor, heads: usize) -> Heads {
    let [batch, tokens, width] = qkv.shape().dims();
    Heads {
        batch,
        tokens,
        heads,
        side: width / 3 / heads,
    }
}

/// What [`elementwise::join`] takes beside residual and branch.
pub fn scales<'a>(
    scale: Option<&'a FlexTensor>,
    keep: Option<&'a FlexTensor>,
    channels: usize,
) -> Scales<'a> {
    Scales {
        channel: scale.map(values),
        image: keep.map(values),
        channels,
    }
}

/// `x·weight` after its epilogue; then, if `gelu`, its GELU, and what went into that if `keep`.
pub fn linear(
    x: &FlexTensor,
    weight: &FlexTensor,
    epilogue: Epilogue,
    gelu: bool,
    keep: bool,
    precision: MatmulPrecision,
) -> (FlexTensor, Option<FlexTensor>) {
    let [from, to] = weight.shape().dims();
    let rows = x.shape().num_elements() / from;
    let left = Rows::plain(values(x), rows, from, from);
    let pack = || Packed::new(Source::plain(values(weight), from, to, to), precision);
    let right = if keep {
        Arc::new(pack())
    } else {
        packed(weight, precision, pack)
    };
    let mut out = buffer(rows * to);
    if !gelu {
        gemm::multiply(left, &right, &Store::new(&mut out, to, epilogue));
        return (tensor(out, with_last(x, to)), None);
    }
    let mut linear = buffer(if keep { rows * to } else { 0 });
    let finish = StoreGelu {
        linear: keep.then(|| Store::new(&mut linear, to, Epilogue::default())),
        gelu: Store::new(&mut out, to, epilogue),
    };
    gemm::multiply(left, &right, &finish);
    (
        tensor(out, with_last(x, to)),
        keep.then(|| tensor(linear, with_last(x, to))),
    )
}

/// A convolution by way of `N` points an axis.
fn winograd<const N: usize>(
    x: &FlexTensor,
    weight: &FlexTensor,
    window: Window,
    epilogue: Epilogue,
) -> Vec<f32> {
    let [to, from, _, _] = weight.shape().dims();
    let sides = images(x);
    let right = packed(weight, MatmulPrecision::Highest, || {
        Winograd::<N>::new(values(weight), from, to)
    });
    let mut out = buffer(window.output(sides, to).values());
    let finish = Store::new(&mut out, to, epilogue);
    right.forward(values(x), sides, window.pad, &finish);
    out
}

pub fn batch_norm<'a>(norm: &'a Norm<Flex>, epsilon: f32) -> batch_norm::Norm<'a> {
    batch_norm::Norm {
        mean: values(&norm.mean),
        variance: values(&norm.variance),
        gamma: values(&norm.gamma),
        beta: values(&norm.beta),
        epsilon,
    }
}

impl Kernels for Flex {
    fn linear(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Maybe<Self>,
        residual: Maybe<Self>,
        gelu: bool,
        precision: MatmulPrecision,
    ) -> FlexTensor {
        let (x, weight) = (contiguous(x), contiguous(weight));
        let [bias, residual] = [bias, residual].map(|tensor| tensor.option().map(contiguous));
        let epilogue = Epilogue {
            bias: bias.as_ref().map(values),
            residual: residual.as_ref().map(values),
            relu: false,
        };
        linear(&x, &weight, epilogue, gelu, false, precision).0
    }

    fn layer_norm(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f32) -> FlexTensor {
        let [x, gamma, beta] = [x, gamma, beta].map(contiguous);
        let (out, _) = layer_norm::forward(values(&x), values(&gamma), values(&beta), epsilon);
        tensor(out, x.shape())
    }

    fn convolve(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Maybe<Self>,
        window: Window,
        residual: Maybe<Self>,
        relu: bool,
        precision: MatmulPrecision,
    ) -> FlexTensor {
        let (x, weight) = (contiguous(x), contiguous(weight));
        let [bias, residual] = [bias, residual].map(|tensor| tensor.option().map(contiguous));
        let [to, from, kernel, _] = weight.shape().dims();
        assert_eq!(kernel, window.kernel);
        let sides = images(&x);
        let output = window.output(sides, to);
        let epilogue = Epilogue {
            bias: bias.as_ref().map(values),
            residual: residual.as_ref().map(values),
            relu,
        };
        let out = match winograd::points(window, from, output, precision) {
            Some(winograd::FEW) => winograd::<{ winograd::FEW }>(&x, &weight, window, epilogue),
            Some(_) => winograd::<{ winograd::MANY }>(&x, &weight, window, epilogue),
            None => {
                let right = packed(&weight, precision, || {
                    conv::pack(values(&weight), window, from, to, precision)
                });
                conv::forward(values(&x), sides, &right, window, to, epilogue)
            }
        };
        tensor(out, output.shape())
    }

    fn depthwise(x: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let [_, _, kernel, _] = weight.shape().dims();
        let bias = Some(values(&bias));
        let out = depthwise::forward(values(&x), images(&x), values(&weight), bias, kernel);
        tensor(out, x.shape())
    }

    fn join(
        residual: FlexTensor,
        branch: FlexTensor,
        scale: Maybe<Self>,
        keep: Maybe<Self>,
    ) -> FlexTensor {
        let [residual, branch] = [residual, branch].map(contiguous);
        let [scale, keep] = [scale, keep].map(|tensor| tensor.option().map(contiguous));
        let scales = scales(scale.as_ref(), keep.as_ref(), last(&branch));
        let out = elementwise::join(values(&residual), values(&branch), scales);
        tensor(out, branch.shape())
    }

    fn attention(qkv: FlexTensor, count: usize) -> FlexTensor {
        let qkv = contiguous(qkv);
        let heads = heads(&qkv, count);
        let (out, _) = attention::forward(values(&qkv), heads, false);
        tensor(out, with_last(&qkv, heads.width()))
    }

    fn statistics(x: FlexTensor) -> (FlexTensor, FlexTensor) {
        let x = contiguous(x);
        let channels = last(&x);
        let (mean, variance) = batch_norm::statistics(values(&x), channels);
        (tensor(mean, [channels]), tensor(variance, [channels]))
    }

    fn batch_norm(
        x: FlexTensor,
        norm: Norm<Self>,
        residual: Maybe<Self>,
        epsilon: f32,
        relu: bool,
        _training: bool,
    ) -> FlexTensor {
        let x = contiguous(x);
        let norm = norm.map(contiguous);
        let residual = residual.option().map(contiguous);
        let residual = residual.as_ref().map(values);
        let out = batch_norm::forward(values(&x), batch_norm(&norm, epsilon), residual, relu);
        tensor(out, x.shape())
    }

    fn max_pool(x: FlexTensor, window: Window) -> FlexTensor {
        let x = contiguous(x);
        let sides = images(&x);
        let (out, _) = pool::max(values(&x), sides, window, false);
        tensor(out, window.output(sides, sides.channels).shape())
    }

    fn adamw(
        parameter: FlexTensor,
        gradient: FlexTensor,
        mean: FlexTensor,
        square: FlexTensor,
        step: AdamWStep,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let gradient = contiguous(gradient);
        let [mut parameter, mut mean, mut square] = [parameter, mean, square].map(whole);
        adamw::step(
            parameter.storage_mut(),
            values(&gradient),
            mean.storage_mut(),
            square.storage_mut(),
            step,
        );
        (parameter, mean, square)
    }
}

impl Norm<Flex> {
    /// Every tensor through `f`.
    pub fn map(self, f: impl Fn(FlexTensor) -> FlexTensor) -> Self {
        let Self {
            mean,
            variance,
            gamma,
            beta,
        } = self;
        Self {
            mean: f(mean),
            variance: f(variance),
            gamma: f(gamma),
            beta: f(beta),
        }
    }
}

impl Inference for Flex {
    fn tokens(patches: FlexTensor, class_token: FlexTensor, positions: FlexTensor) -> FlexTensor {
        let [patches, class_token, positions] = [patches, class_token, positions].map(contiguous);
        let [batch, count, width] = patches.shape().dims();
        let (first, others) = values(&positions).split_at(width);
        let sum = |a: &[f32], b: &[f32], out: &mut Vec<f32>| {
            out.extend(a.iter().zip(b).map(|(a, b)| a + b));
        };
        let mut out = Vec::with_capacity(batch * (count + 1) * width);
        for patches in values(&patches).chunks_exact(count * width) {
            sum(values(&class_token), first, &mut out);
            sum(patches, others, &mut out);
        }
        tensor(out, [batch, count + 1, width])
    }

    fn pixel_mean(x: FlexTensor) -> FlexTensor {
        let x = contiguous(x);
        let sides = images(&x);
        let share = 1.0 / (sides.height * sides.width) as f32;
        let mut out = vec![0.0; sides.batch * sides.channels];
        let means = out.chunks_exact_mut(sides.channels);
        for (image, mean) in values(&x).chunks_exact(sides.image()).zip(means) {
            for pixel in image.chunks_exact(sides.channels) {
                for (mean, value) in mean.iter_mut().zip(pixel) {
                    *mean += value;
                }
            }
            mean.iter_mut().for_each(|mean| *mean *= share);
        }
        tensor(out, [sides.batch, sides.channels])
    }

    fn beside(left: FlexTensor, right: FlexTensor) -> FlexTensor {
        let [left, right] = [left, right].map(contiguous);
        let ([rows, wide], other) = (left.shape().dims(), last(&right));
        let mut out = Vec::with_capacity(rows * (wide + other));
        let pairs = values(&left).chunks_exact(wide);
        for (left, right) in pairs.zip(values(&right).chunks_exact(other)) {
            out.extend_from_slice(left);
            out.extend_from_slice(right);
        }
        tensor(out, [rows, wide + other])
    }
}
