//! The step that a network takes.

use std::fmt::Debug;

use burn::tensor::Tensor;
use burn::train::ItemLazy;
use burn::train::metric::{Adaptor, LossInput};

/// A step of training, and of validation.
pub trait Step<N>: Clone + Debug + Send + Sync + 'static {
    /// The input of a step.
    type Batch: Send + 'static;
    /// The input of an epoch's figures.
    type Output: ItemLazy + Adaptor<LossInput> + 'static;

    /// The loss to minimise, `[1]`, and the output. Where `is_frozen`, only the head is to learn.
    fn train(&self, network: &N, batch: Self::Batch, is_frozen: bool) -> (Tensor<1>, Self::Output);

    /// The output for a batch of the validation data.
    fn validate(&self, network: &N, batch: Self::Batch) -> Self::Output;
}
