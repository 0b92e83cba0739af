//! The copies on the CPU.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};

use super::TokensOps;
use crate::kernels::flex::{contiguous, last, tensor, values};

impl TokensOps for Flex {
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
