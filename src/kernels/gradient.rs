//! Gradients on burn's CPU backend: how an operation becomes a step of burn's graph.
//!
//! The forward pass of an operation hands a [`Step`] everything that the backward pass needs. The step
//! turns the gradient of the result into the gradients of those inputs that ask for one.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Flex};

use super::flex::{contiguous, tensor};
use super::optional::Optional;

/// A tensor of burn's graph.
pub type GraphTensor = FloatTensor<Autodiff<Flex>>;

/// An operation's backward pass, with the tensors and settings that its forward pass kept.
pub trait Step<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs that are `wanted`, from the gradient of the result.
    fn gradients(self, gradient: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// A [`Step`] in the form that burn knows.
#[derive(Debug)]
struct Recorded<S>(PhantomData<fn() -> S>);

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
pub fn record<C: CheckpointStrategy, S: Step<N>, const N: usize>(
    inputs: [NodeGuard; N],
    result: FlexTensor,
    step: S,
) -> GraphTensor {
    match Recorded(PhantomData)
        .prepare::<C>(inputs)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => prepared.finish(step, result),
        OpsKind::UnTracked(prepared) => prepared.finish(result),
    }
}

/// A tensor that no gradient passes through.
pub fn constant<C: CheckpointStrategy>(tensor: FlexTensor) -> GraphTensor {
    Autodiff::<Flex, C>::from_inner(tensor)
}

/// A tensor in memory order, and its place in the graph.
pub fn parts(tensor: GraphTensor) -> (FlexTensor, NodeGuard) {
    let (tensor, node) = tensor.into_parts();
    (contiguous(tensor), node)
}

/// The [`parts`] of a tensor that may be absent; then an empty tensor has its place in the graph.
pub fn optional_parts<C: CheckpointStrategy>(
    optional: Optional<Autodiff<Flex, C>>,
) -> (Option<FlexTensor>, NodeGuard) {
    match optional.option() {
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
