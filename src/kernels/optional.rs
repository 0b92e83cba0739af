//! A tensor that an operation may do without, as burn's dispatch passes it to a backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, ExtensionType};
use burn::tensor::Tensor;

/// An `Option` of a tensor; burn's dispatch takes types that derive [`ExtensionType`].
#[derive(ExtensionType)]
pub enum Optional<B: Backend> {
    Given(FloatTensor<B>),
    Absent,
}

impl<B: Backend> Optional<B> {
    pub fn option(self) -> Option<FloatTensor<B>> {
        match self {
            Self::Given(tensor) => Some(tensor),
            Self::Absent => None,
        }
    }
}

impl<const D: usize> From<Option<Tensor<D>>> for Optional<Dispatch> {
    fn from(tensor: Option<Tensor<D>>) -> Self {
        match tensor {
            Some(tensor) => Self::Given(tensor.into_dispatch()),
            None => Self::Absent,
        }
    }
}
