//! The gradients of the products, which are products too.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::LinearOps;
use super::cpu::product;
use crate::kernels::MatmulPrecision;
use crate::kernels::cpu::gemm::{self, Epilogue, Packed, Rows, Source, Store};
use crate::kernels::cpu::tasks::{PIECE, Shared, buffer, column_sums, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{tensor, values};
use crate::kernels::gradient::{GraphTensor, Step, optional_parts, parts, record};
use crate::kernels::join::JoinOps;
use crate::kernels::optional::Optional;

impl<C: CheckpointStrategy> LinearOps for Autodiff<Flex, C> {
    fn linear(
        x: GraphTensor,
        weight: GraphTensor,
        bias: Optional<Self>,
        gelu: bool,
        precision: MatmulPrecision,
    ) -> GraphTensor {
        let ((x, of_x), (weight, of_weight)) = (parts(x), parts(weight));
        let (bias, of_bias) = optional_parts(bias);
        let epilogue = Epilogue::bias(bias.as_ref().map(values));
        let (out, before_gelu) = product(&x, &weight, epilogue, gelu, true, precision);
        let step = LinearStep {
            x,
            weight,
            before_gelu,
            precision,
        };
        record::<C, _, 3>([of_x, of_weight, of_bias], out, step)
    }

    fn linear_join(
        x: GraphTensor,
        weight: GraphTensor,
        bias: Optional<Self>,
        residual: GraphTensor,
        precision: MatmulPrecision,
    ) -> GraphTensor {
        let branch = Self::linear(x, weight, bias, false, precision);
        Self::join(residual, branch, Optional::Absent, Optional::Absent)
    }
}

#[derive(Clone, Debug)]
struct LinearStep {
    x: FlexTensor,
    weight: FlexTensor,
    before_gelu: Option<FlexTensor>,
    precision: MatmulPrecision,
}

impl Step<3> for LinearStep {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let gradient = match &self.before_gelu {
            Some(before) => {
                let shape = gradient.shape();
                tensor(through_gelu(values(before), values(&gradient)), shape)
            }
            None => gradient,
        };
        let gradient = values(&gradient);
        let [from, to] = self.weight.shape().dims();
        let rows = gradient.len() / to;
        let of_x = x.then(|| {
            let right = Source::transposed(values(&self.weight), to, from, to);
            let right = Packed::new(right, self.precision);
            let mut out = buffer(rows * from);
            let left = Rows::plain(gradient, rows, to, to);
            let store = Store::new(&mut out, from, Epilogue::default());
            gemm::multiply(left, &right, &store);
            tensor(out, self.x.shape())
        });
        let of_weight = weight.then(|| {
            let left = Rows::plain(values(&self.x), rows, from, from);
            let out = gemm::outer(left, gradient, to, self.precision);
            tensor(out, [from, to])
        });
        let of_bias = bias.then(|| tensor(column_sums(gradient, to), [to]));
        [of_x, of_weight, of_bias]
    }
}

/// The gradient before a GELU of `z`: `gradient · (Φ(z) + z·φ(z))`.
fn through_gelu(z: &[f32], gradient: &[f32]) -> Vec<f32> {
    assert_eq!(z.len(), gradient.len());
    let mut out = buffer(z.len());
    let shared = Shared::new(&mut out);
    for_each(z.len().div_ceil(PIECE), |task| {
        let from = task * PIECE;
        let len = PIECE.min(z.len() - from);
        vector::dispatch(ThroughGelu {
            z: &z[from..][..len],
            gradient: &gradient[from..][..len],
            // SAFETY: one piece a task.
            out: unsafe { shared.part(from, len) },
        });
    });
    out
}

struct ThroughGelu<'a> {
    z: &'a [f32],
    gradient: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for ThroughGelu<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for at in (0..self.out.len()).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(self.out.len() - at);
            // SAFETY: the three slices are of one length.
            unsafe {
                let z = vector::load(simd, self.z.as_ptr().add(at), lanes);
                let gradient = vector::load(simd, self.gradient.as_ptr().add(at), lanes);
                let [below] = vector::distribution(simd, [z]);
                let slope = vector::mul_add(simd, z, vector::density(simd, z), below);
                let to = self.out.as_mut_ptr().add(at);
                vector::store(simd, to, lanes, simd.mul_f32s(gradient, slope));
            }
        }
    }
}
