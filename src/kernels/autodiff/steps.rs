//! What each operation keeps of its forward pass, and the gradients that it makes of it.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::super::Norm;
use super::super::cpu::conv::{self, Window};
use super::super::cpu::gemm::{self, Epilogue, MatmulPrecision, Packed, Rows, Source, Store};
use super::super::cpu::layer_norm::{self, Statistics};
use super::super::cpu::{attention, batch_norm, buffer, column_sums, depthwise, elementwise, pool};
use super::super::flex::{self, heads, images, last, scales, tensor, values};

/// One operation on the way back.
pub trait Step<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs that are `wanted`, from that of the result.
    fn gradients(self, gradient: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

#[derive(Clone, Debug)]
pub struct Linear {
    pub x: FlexTensor,
    pub weight: FlexTensor,
    /// What went into the GELU, if there is one.
    pub linear: Option<FlexTensor>,
    pub precision: MatmulPrecision,
}

impl Step<3> for Linear {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let gradient = match &self.linear {
            Some(linear) => {
                let shape = gradient.shape();
                let through = elementwise::gelu_gradient(values(linear), values(&gradient));
                tensor(through, shape)
            }
            None => gradient,
        };
        let gradient = values(&gradient);
        let [from, to] = self.weight.shape().dims();
        let rows = gradient.len() / to;
        let of_x = x.then(|| {
            let right = Source::transposed(values(&self.weight), to, from, to);
            let right = Packed::new(right, self.precision);
            let mut out = buffer(rows * from);
            let left = Rows::plain(gradient, rows, to, to);
            gemm::multiply(
                left,
                &right,
                &Store::new(&mut out, from, Epilogue::default()),
            );
            tensor(out, self.x.shape())
        });
        let of_weight = weight.then(|| {
            let left = Rows::plain(values(&self.x), rows, from, from);
            let out = gemm::outer(left, gradient, to, self.precision);
            tensor(out, [from, to])
        });
        let of_bias = bias.then(|| tensor(column_sums(gradient, to), [to]));
        [of_x, of_weight, of_bias]
    }
}

#[derive(Clone, Debug)]
pub struct LayerNorm {
    pub x: FlexTensor,
    pub gamma: FlexTensor,
    pub statistics: Arc<Statistics>,
}

impl Step<3> for LayerNorm {
    fn gradients(self, gradient: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (x, gamma, beta) = layer_norm::backward(
            values(&self.x),
            values(&self.gamma),
            &self.statistics,
            values(&gradient),
        );
        [
            Some(tensor(x, self.x.shape())),
            Some(tensor(gamma, self.gamma.shape())),
            Some(tensor(beta, self.gamma.shape())),
        ]
    }
}

#[derive(Clone, Debug)]
pub struct Convolve {
    pub x: FlexTensor,
    pub weight: FlexTensor,
    pub window: Window,
    pub precision: MatmulPrecision,
}

impl Step<3> for Convolve {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let (sides, gradient) = (images(&self.x), values(&gradient));
        let [to, ..] = self.weight.shape().dims::<4>();
        let of_x = x.then(|| {
            let weight = values(&self.weight);
            let out =
                conv::input_gradient(gradient, sides, weight, self.window, to, self.precision);
            tensor(out, self.x.shape())
        });
        let of_weight = weight.then(|| {
            let x = values(&self.x);
            let out = conv::weight_gradient(x, sides, gradient, self.window, to, self.precision);
            tensor(out, self.weight.shape())
        });
        let of_bias = bias.then(|| tensor(column_sums(gradient, to), [to]));
        [of_x, of_weight, of_bias]
    }
}

#[derive(Clone, Debug)]
pub struct Depthwise {
    pub x: FlexTensor,
    pub weight: FlexTensor,
}

impl Step<3> for Depthwise {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let (sides, gradient) = (images(&self.x), values(&gradient));
        let [_, _, kernel, _] = self.weight.shape().dims();
        let of_x = x.then(|| {
            let out = depthwise::input_gradient(gradient, sides, values(&self.weight), kernel);
            tensor(out, self.x.shape())
        });
        let of_weight = weight.then(|| {
            let out = depthwise::weight_gradient(values(&self.x), sides, gradient, kernel);
            tensor(out, self.weight.shape())
        });
        let channels = sides.channels;
        let of_bias = bias.then(|| tensor(column_sums(gradient, channels), [channels]));
        [of_x, of_weight, of_bias]
    }
}

#[derive(Clone, Debug)]
pub struct Join {
    pub branch: FlexTensor,
    pub scale: Option<FlexTensor>,
    pub keep: Option<FlexTensor>,
}

impl Step<3> for Join {
    fn gradients(self, gradient: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        if self.scale.is_none() && self.keep.is_none() {
            return [Some(gradient.clone()), Some(gradient), None];
        }
        let channels = last(&self.branch);
        let scales = scales(self.scale.as_ref(), self.keep.as_ref(), channels);
        let (branch, scale) =
            elementwise::join_backward(values(&self.branch), values(&gradient), scales);
        let branch = tensor(branch, self.branch.shape());
        [
            Some(gradient),
            Some(branch),
            Some(tensor(scale, [channels])),
        ]
    }
}

#[derive(Clone, Debug)]
pub struct Attention {
    pub qkv: FlexTensor,
    pub heads: usize,
    pub weights: FlexTensor,
}

impl Step<1> for Attention {
    fn gradients(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let heads = heads(&self.qkv, self.heads);
        let (qkv, weights) = (values(&self.qkv), values(&self.weights));
        let out = attention::backward(qkv, heads, weights, values(&gradient));
        [Some(tensor(out, self.qkv.shape()))]
    }
}

#[derive(Clone, Debug)]
pub struct BatchNorm {
    pub x: FlexTensor,
    pub norm: [FlexTensor; 4],
    pub epsilon: f32,
    /// The result, where a ReLU made it.
    pub out: Option<FlexTensor>,
    pub training: bool,
}

impl Step<4> for BatchNorm {
    fn gradients(self, gradient: FlexTensor, _: [bool; 4]) -> [Option<FlexTensor>; 4] {
        let [mean, variance, gamma, beta] = self.norm;
        let norm = Norm {
            mean,
            variance,
            gamma,
            beta,
        };
        let found = batch_norm::backward(
            values(&self.x),
            flex::batch_norm(&norm, self.epsilon),
            self.out.as_ref().map(values),
            values(&gradient),
            self.training,
        );
        [
            Some(tensor(found.x, self.x.shape())),
            Some(tensor(found.gamma, norm.gamma.shape())),
            Some(tensor(found.beta, norm.beta.shape())),
            Some(tensor(found.residual, self.x.shape())),
        ]
    }
}

#[derive(Clone, Debug)]
pub struct MaxPool {
    pub x: conv::Images,
    pub taps: Arc<Vec<f32>>,
    pub window: Window,
}

impl Step<1> for MaxPool {
    fn gradients(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let out = pool::max_gradient(&self.taps, self.x, values(&gradient), self.window);
        [Some(tensor(out, self.x.shape()))]
    }
}
