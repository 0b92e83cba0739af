//! The gradients of our kernels on the Flex backend.
//!
//! Each operation is one step of burn's graph: the forward pass hands what it wants to keep to the
//! step, the step turns the gradient of the result into those of the inputs that ask for one.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Flex, TensorMetadata};

use super::cpu::conv::{self, Window};
use super::cpu::gemm::{self, Packed, Rows, Source, Store};
use super::cpu::layer_norm::{self, Statistics};
use super::cpu::{attention, batch_norm, buffer, column_sums, depthwise, elementwise, pool};
use super::flex::{self, contiguous, heads, images, last, scales, tensor, values};
use super::{AdamWStep, Kernels, Maybe, Norm};

type Tensor = FloatTensor<Autodiff<Flex>>;

/// One operation on the way back.
trait Step<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs that are `wanted`, from that of the result.
    fn gradients(self, gradient: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// [`Step`] as burn knows it.
#[derive(Debug)]
struct Recorded<S>(std::marker::PhantomData<fn() -> S>);

impl<S: Step<N>, const N: usize> Backward<Flex, N> for Recorded<S> {
    type State = S;

    fn backward(self, ops: Ops<S, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = ops.state.gradients(gradient, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// The result of an operation, with its step recorded if one of its inputs asks for a gradient.
fn record<C: CheckpointStrategy, S: Step<N>, const N: usize>(
    inputs: [NodeGuard; N],
    result: FlexTensor,
    step: S,
) -> Tensor {
    let recorded = Recorded(std::marker::PhantomData);
    match recorded.prepare::<C>(inputs).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(step, result),
        OpsKind::UnTracked(prepared) => prepared.finish(result),
    }
}

/// A tensor apart from the graph.
fn constant<C: CheckpointStrategy>(tensor: FlexTensor) -> Tensor {
    Autodiff::<Flex, C>::from_inner(tensor)
}

/// The tensor, or an empty one in its place in the graph.
fn or_empty<C: CheckpointStrategy>(
    maybe: Maybe<Autodiff<Flex, C>>,
) -> (Option<FlexTensor>, NodeGuard) {
    match maybe.option() {
        Some(given) => {
            let (given, node) = parts(given);
            (Some(given), node)
        }
        None => {
            let empty = constant::<C>(tensor(Vec::new(), [0]));
            (None, empty.node())
        }
    }
}

fn parts(tensor: Tensor) -> (FlexTensor, NodeGuard) {
    let (tensor, node) = tensor.into_parts();
    (contiguous(tensor), node)
}

#[derive(Clone, Debug)]
struct Linear {
    x: FlexTensor,
    weight: FlexTensor,
    /// What went into the GELU, if there is one.
    linear: Option<FlexTensor>,
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
            let right = Packed::new(Source::transposed(values(&self.weight), to, from, to));
            let mut out = buffer(rows * from);
            let left = Rows::plain(gradient, rows, to, to);
            gemm::multiply(left, &right, &Store::new(&mut out, from, None));
            tensor(out, self.x.shape())
        });
        let of_weight = weight.then(|| {
            let left = Rows::plain(values(&self.x), rows, from, from);
            tensor(gemm::outer(left, gradient, to), [from, to])
        });
        let of_bias = bias.then(|| tensor(column_sums(gradient, to), [to]));
        [of_x, of_weight, of_bias]
    }
}

#[derive(Clone, Debug)]
struct LayerNorm {
    x: FlexTensor,
    gamma: FlexTensor,
    statistics: Arc<Statistics>,
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
struct Convolve {
    x: FlexTensor,
    weight: FlexTensor,
    window: Window,
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
            let out = conv::input_gradient(gradient, sides, weight, self.window, to);
            tensor(out, self.x.shape())
        });
        let of_weight = weight.then(|| {
            let x = values(&self.x);
            let out = conv::weight_gradient(x, sides, gradient, self.window, to);
            tensor(out, self.weight.shape())
        });
        let of_bias = bias.then(|| tensor(column_sums(gradient, to), [to]));
        [of_x, of_weight, of_bias]
    }
}

#[derive(Clone, Debug)]
struct Depthwise {
    x: FlexTensor,
    weight: FlexTensor,
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
struct Join {
    branch: FlexTensor,
    scale: Option<FlexTensor>,
    keep: Option<FlexTensor>,
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
struct Attention {
    qkv: FlexTensor,
    heads: usize,
    weights: FlexTensor,
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
struct BatchNorm {
    x: FlexTensor,
    norm: [FlexTensor; 4],
    epsilon: f32,
    /// The result, where a ReLU made it.
    out: Option<FlexTensor>,
    training: bool,
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
struct MaxPool {
    x: conv::Images,
    taps: Arc<Vec<f32>>,
    window: Window,
}

impl Step<1> for MaxPool {
    fn gradients(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let out = pool::max_gradient(&self.taps, self.x, values(&gradient), self.window);
        [Some(tensor(out, self.x.shape()))]
    }
}

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn linear(x: Tensor, weight: Tensor, bias: Maybe<Self>, gelu: bool) -> Tensor {
        let ((x, of_x), (weight, of_weight)) = (parts(x), parts(weight));
        let (bias, of_bias) = or_empty(bias);
        let (out, linear) = flex::linear(&x, &weight, bias.as_ref(), gelu, true);
        let step = Linear { x, weight, linear };
        record::<C, _, 3>([of_x, of_weight, of_bias], out, step)
    }

    fn layer_norm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: f32) -> Tensor {
        let [(x, of_x), (gamma, of_gamma), (beta, of_beta)] = [x, gamma, beta].map(parts);
        let (out, statistics) =
            layer_norm::forward(values(&x), values(&gamma), values(&beta), epsilon);
        let out = tensor(out, x.shape());
        let statistics = Arc::new(statistics);
        let step = LayerNorm {
            x,
            gamma,
            statistics,
        };
        record::<C, _, 3>([of_x, of_gamma, of_beta], out, step)
    }

    fn convolve(x: Tensor, weight: Tensor, bias: Maybe<Self>, window: Window) -> Tensor {
        let ((x, of_x), (weight, of_weight)) = (parts(x), parts(weight));
        let (bias, of_bias) = or_empty(bias);
        let [to, from, ..] = weight.shape().dims::<4>();
        let packed = conv::pack(values(&weight), window, from, to);
        let sides = images(&x);
        let bias = bias.as_ref().map(values);
        let out = conv::forward(values(&x), sides, &packed, bias, window, to);
        let out = tensor(out, window.output(sides, to).shape());
        let step = Convolve { x, weight, window };
        record::<C, _, 3>([of_x, of_weight, of_bias], out, step)
    }

    fn depthwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor {
        let [(x, of_x), (weight, of_weight), (bias, of_bias)] = [x, weight, bias].map(parts);
        let out = <Flex as Kernels>::depthwise(x.clone(), weight.clone(), bias);
        record::<C, _, 3>([of_x, of_weight, of_bias], out, Depthwise { x, weight })
    }

    fn join(residual: Tensor, branch: Tensor, scale: Maybe<Self>, keep: Maybe<Self>) -> Tensor {
        let [(residual, of_residual), (branch, of_branch)] = [residual, branch].map(parts);
        let (scale, of_scale) = or_empty(scale);
        let (keep, _) = or_empty(keep);
        let factors = scales(scale.as_ref(), keep.as_ref(), last(&branch));
        let out = elementwise::join(values(&residual), values(&branch), factors);
        let out = tensor(out, branch.shape());
        let step = Join {
            branch,
            scale,
            keep,
        };
        record::<C, _, 3>([of_residual, of_branch, of_scale], out, step)
    }

    fn attention(qkv: Tensor, count: usize) -> Tensor {
        let (qkv, of_qkv) = parts(qkv);
        let sides = heads(&qkv, count);
        let (out, weights) = attention::forward(values(&qkv), sides, true);
        let out = tensor(out, flex::with_last(&qkv, sides.width()));
        let len = weights.len();
        let step = Attention {
            qkv,
            heads: count,
            weights: tensor(weights, [len]),
        };
        record::<C, _, 1>([of_qkv], out, step)
    }

    fn statistics(x: Tensor) -> (Tensor, Tensor) {
        let (mean, variance) = <Flex as Kernels>::statistics(x.into_primitive());
        (constant::<C>(mean), constant::<C>(variance))
    }

    fn batch_norm(
        x: Tensor,
        norm: Norm<Self>,
        residual: Maybe<Self>,
        epsilon: f32,
        relu: bool,
        training: bool,
    ) -> Tensor {
        let (x, of_x) = parts(x);
        let [mean, variance] = [norm.mean, norm.variance].map(|tensor| parts(tensor).0);
        let ((gamma, of_gamma), (beta, of_beta)) = (parts(norm.gamma), parts(norm.beta));
        let (residual, of_residual) = or_empty(residual);
        let norm = Norm {
            mean,
            variance,
            gamma,
            beta,
        };
        let out = batch_norm::forward(
            values(&x),
            flex::batch_norm(&norm, epsilon),
            residual.as_ref().map(values),
            relu,
        );
        let out = tensor(out, x.shape());
        let step = BatchNorm {
            x,
            norm: [norm.mean, norm.variance, norm.gamma, norm.beta],
            epsilon,
            out: relu.then(|| out.clone()),
            training,
        };
        record::<C, _, 4>([of_x, of_gamma, of_beta, of_residual], out, step)
    }

    fn max_pool(x: Tensor, window: Window) -> Tensor {
        let (x, of_x) = parts(x);
        let sides = images(&x);
        let (out, taps) = pool::max(values(&x), sides, window, true);
        let out = tensor(out, window.output(sides, sides.channels).shape());
        let step = MaxPool {
            x: sides,
            taps: Arc::new(taps),
            window,
        };
        record::<C, _, 1>([of_x], out, step)
    }

    fn adamw(
        parameter: Tensor,
        gradient: Tensor,
        mean: Tensor,
        square: Tensor,
        step: AdamWStep,
    ) -> (Tensor, Tensor, Tensor) {
        let (parameter, mean, square) = <Flex as Kernels>::adamw(
            parameter.into_primitive(),
            gradient.into_primitive(),
            mean.into_primitive(),
            square.into_primitive(),
            step,
        );
        (
            constant::<C>(parameter),
            constant::<C>(mean),
            constant::<C>(square),
        )
    }
}
