//! The products on the CPU.

use std::sync::Arc;

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};

use super::LinearOps;
use crate::kernels::MatmulPrecision;
use crate::kernels::cpu::gemm::{self, Epilogue, Packed, Rows, Source, Store, StoreGelu};
use crate::kernels::cpu::tasks::buffer;
use crate::kernels::flex::{contiguous, tensor, values, with_last};
use crate::kernels::optional::Optional;
use crate::kernels::packed::packed;

/// `x·weight` after its epilogue, then its GELU if `gelu`.
///
/// `keep` is for a gradient: the second result holds the values before the GELU, and the weights are packed
/// anew, since they change between two calls.
pub fn product(
    x: &FlexTensor,
    weight: &FlexTensor,
    epilogue: Epilogue,
    gelu: bool,
    keep: bool,
    precision: MatmulPrecision,
) -> (FlexTensor, Option<FlexTensor>) {
    let [from, to] = weight.shape().dims();
    let rows = x.shape().num_elements() / from;
    let left = Rows::plain(values(x), rows, from, from);
    let pack = || Packed::new(Source::plain(values(weight), from, to, to), precision);
    let right = match keep {
        true => Arc::new(pack()),
        false => packed(weight, precision, pack),
    };
    let mut out = buffer(rows * to);
    if !gelu {
        gemm::multiply(left, &right, &Store::new(&mut out, to, epilogue));
        return (tensor(out, with_last(x, to)), None);
    }
    let mut before_gelu = buffer(if keep { rows * to } else { 0 });
    let finish = StoreGelu {
        linear: keep.then(|| Store::new(&mut before_gelu, to, Epilogue::default())),
        gelu: Store::new(&mut out, to, epilogue),
    };
    gemm::multiply(left, &right, &finish);
    let before_gelu = keep.then(|| tensor(before_gelu, with_last(x, to)));
    (tensor(out, with_last(x, to)), before_gelu)
}

impl LinearOps for Flex {
    fn linear(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Optional<Self>,
        gelu: bool,
        precision: MatmulPrecision,
    ) -> FlexTensor {
        let (x, weight) = (contiguous(x), contiguous(weight));
        let bias = bias.option().map(contiguous);
        let epilogue = Epilogue::bias(bias.as_ref().map(values));
        product(&x, &weight, epilogue, gelu, false, precision).0
    }

    fn linear_join(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Optional<Self>,
        residual: FlexTensor,
        precision: MatmulPrecision,
    ) -> FlexTensor {
        let [x, weight, residual] = [x, weight, residual].map(contiguous);
        let bias = bias.option().map(contiguous);
        let epilogue = Epilogue {
            bias: bias.as_ref().map(values),
            residual: Some(values(&residual)),
            relu: false,
        };
        product(&x, &weight, epilogue, false, false, precision).0
    }
}
