//! The gradients of our kernels on the Flex backend.
//!
//! Each operation is one step of burn's graph: the forward pass hands what it wants to keep to the
//! step, the step turns the gradient of the result into those of the inputs that ask for one.

mod steps;

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Flex, TensorMetadata};

use super::cpu::conv::{self, Window};
use super::cpu::gemm::{Epilogue, MatmulPrecision};
use super::cpu::{attention, batch_norm, elementwise, layer_norm, pool};
use super::flex::{self, contiguous, heads, images, last, scales, tensor, values};
use super::{AdamWStep, Kernels, Maybe, Norm};
use steps::{Attention, BatchNorm, Convolve, Depthwise, Join, LayerNorm, Linear, MaxPool, Step};

type Tensor = FloatTensor<Autodiff<Flex>>;

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

/// [`linear_join`](super::linear_join) and [`convolve_join`](super::convolve_join) take their steps
/// one by one where gradients are kept.
fn assert_no_residual<C: CheckpointStrategy>(residual: Maybe<Autodiff<Flex, C>>) {
    assert!(
        residual.option().is_none(),
        "a gradient passes through a residual as a step of its own"
    );
}

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn linear(
        x: Tensor,
        weight: Tensor,
        bias: Maybe<Self>,
        residual: Maybe<Self>,
        gelu: bool,
        precision: MatmulPrecision,
    ) -> Tensor {
        assert_no_residual(residual);
        let ((x, of_x), (weight, of_weight)) = (parts(x), parts(weight));
        let (bias, of_bias) = or_empty(bias);
        let epilogue = Epilogue::bias(bias.as_ref().map(values));
        let (out, linear) = flex::linear(&x, &weight, epilogue, gelu, true, precision);
        let step = Linear {
            x,
            weight,
            linear,
            precision,
        };
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

    fn convolve(
        x: Tensor,
        weight: Tensor,
        bias: Maybe<Self>,
        window: Window,
        residual: Maybe<Self>,
        relu: bool,
        precision: MatmulPrecision,
    ) -> Tensor {
        assert_no_residual(residual);
        assert!(!relu, "a gradient passes through ReLU as a step of its own");
        let ((x, of_x), (weight, of_weight)) = (parts(x), parts(weight));
        let (bias, of_bias) = or_empty(bias);
        let [to, from, ..] = weight.shape().dims::<4>();
        let packed = conv::pack(values(&weight), window, from, to, precision);
        let sides = images(&x);
        let epilogue = Epilogue::bias(bias.as_ref().map(values));
        let out = conv::forward(values(&x), sides, &packed, window, to, epilogue);
        let out = tensor(out, window.output(sides, to).shape());
        let step = Convolve {
            x,
            weight,
            window,
            precision,
        };
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
