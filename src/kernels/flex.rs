//! The tensors of burn's CPU backend, Flex, as slices, and slices as its tensors.

use burn::backend::TensorMetadata;
use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Bytes, DType, Shape};

use super::Images;

/// The tensor in memory order, copied only if it is not.
pub fn contiguous(tensor: FlexTensor) -> FlexTensor {
    match tensor.as_slice::<f32>() {
        Some(_) => tensor,
        None => tensor.to_contiguous(),
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

/// The length of the last axis.
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
