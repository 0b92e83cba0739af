//! What training makes small.

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;

/// Binary cross-entropy from logits, the mean over batch and features.
///
/// `logits` and `targets` are `[batch, features]`, targets from 0 to 1. With p = sigmoid(z),
/// −y·log p − (1 − y)·log(1 − p) = (1 − y)·z − log p: no logarithm of a rounded 0. burn-nn's own
/// loss takes whole labels only.
pub fn binary_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let absent = targets.neg().add_scalar(1.0);
    (absent * logits.clone() - log_sigmoid(logits)).mean()
}
