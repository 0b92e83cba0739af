//! The update on the CPU, in one pass over a parameter.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::{AdamWOps, AdamWStep};
use crate::kernels::cpu::tasks::{PIECE, Shared, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{contiguous, values};

impl AdamWOps for Flex {
    fn adamw(
        parameter: FlexTensor,
        gradient: FlexTensor,
        mean: FlexTensor,
        square: FlexTensor,
        step: AdamWStep,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let gradient = contiguous(gradient);
        let [mut parameter, mut mean, mut square] = [parameter, mean, square].map(whole);
        update(
            parameter.storage_mut(),
            values(&gradient),
            mean.storage_mut(),
            square.storage_mut(),
            step,
        );
        (parameter, mean, square)
    }
}

/// A tensor whose storage holds its values in memory order and nothing else.
fn whole(tensor: FlexTensor) -> FlexTensor {
    let len = tensor.shape().num_elements();
    match tensor.is_contiguous() && tensor.storage::<f32>().len() == len {
        true => tensor,
        false => tensor.to_contiguous(),
    }
}

/// Moves a parameter and its two running means.
fn update(
    parameter: &mut [f32],
    gradient: &[f32],
    mean: &mut [f32],
    square: &mut [f32],
    step: AdamWStep,
) {
    let len = gradient.len();
    assert!(parameter.len() == len && mean.len() == len && square.len() == len);
    let [parameter, mean, square] = [parameter, mean, square].map(Shared::new);
    for_each(len.div_ceil(PIECE), |task| {
        let from = task * PIECE;
        let len = PIECE.min(len - from);
        // SAFETY: one piece a task.
        let [parameter, mean, square] =
            [parameter, mean, square].map(|shared| unsafe { shared.at(from) });
        vector::dispatch(Piece {
            parameter,
            gradient: &gradient[from..][..len],
            mean,
            square,
            step,
        });
    });
}

struct Piece<'a> {
    parameter: *mut f32,
    gradient: &'a [f32],
    mean: *mut f32,
    square: *mut f32,
    step: AdamWStep,
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let AdamWStep {
            rate,
            decay,
            beta_1,
            beta_2,
            epsilon,
            time,
        } = self.step;
        let s = |value: f32| simd.splat_f32s(value);
        let kept = s(1.0 - rate * decay);
        let (old_1, new_1) = (s(beta_1), s(1.0 - beta_1));
        let (old_2, new_2) = (s(beta_2), s(1.0 - beta_2));
        // A correction, since both means start at 0.
        let unbias_1 = s(-rate / (1.0 - beta_1.powi(time)));
        let unbias_2 = s(1.0 / (1.0 - beta_2.powi(time)));
        for at in (0..self.gradient.len()).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(self.gradient.len() - at);
            // SAFETY: all four are of one length.
            unsafe {
                let gradient = vector::load(simd, self.gradient.as_ptr().add(at), lanes);
                let mean = vector::load(simd, self.mean.add(at), lanes);
                let mean = vector::mul_add(simd, mean, old_1, simd.mul_f32s(gradient, new_1));
                let square = vector::load(simd, self.square.add(at), lanes);
                let fresh = simd.mul_f32s(simd.mul_f32s(gradient, gradient), new_2);
                let square = vector::mul_add(simd, square, old_2, fresh);
                let root = simd.sqrt_f32s(simd.mul_f32s(square, unbias_2));
                let change = simd.div_f32s(
                    simd.mul_f32s(mean, unbias_1),
                    simd.add_f32s(root, s(epsilon)),
                );
                let parameter = vector::load(simd, self.parameter.add(at), lanes);
                let parameter = vector::mul_add(simd, parameter, kept, change);
                vector::store(simd, self.parameter.add(at), lanes, parameter);
                vector::store(simd, self.mean.add(at), lanes, mean);
                vector::store(simd, self.square.add(at), lanes, square);
            }
        }
    }
}
