//! The room's function in burn's own operations.

use burn::tensor::Tensor;

use super::Interpolation;

/// See [`upsample`](super::upsample).
pub fn upsample(x: Tensor<4>, interpolation: Interpolation) -> Tensor<4> {
    [1, 2].into_iter().fold(x, |x, axis| {
        let (even, odd) = match interpolation {
            Interpolation::Nearest => (x.clone(), x),
            Interpolation::Bilinear => bilinear(x, axis),
        };
        interleaved(even, odd, axis)
    })
}

/// The pixels at even and at odd places along an axis.
fn bilinear(x: Tensor<4>, axis: usize) -> (Tensor<4>, Tensor<4>) {
    let side = x.dims()[axis];
    let first = x.clone().narrow(axis, 0, 1);
    let last = x.clone().narrow(axis, side - 1, 1);
    let (before, after) = match side {
        1 => (first, last),
        _ => (
            Tensor::cat(vec![first, x.clone().narrow(axis, 0, side - 1)], axis),
            Tensor::cat(vec![x.clone().narrow(axis, 1, side - 1), last], axis),
        ),
    };
    let near = x * 0.75;
    (near.clone() + before * 0.25, near + after * 0.25)
}

/// Pixels of `even` and `odd` in turn along an axis.
fn interleaved(even: Tensor<4>, odd: Tensor<4>, axis: usize) -> Tensor<4> {
    let mut shape = even.dims();
    shape[axis] *= 2;
    Tensor::stack::<5>(vec![even, odd], axis + 1).reshape(shape)
}
