//! PyTorch's `.pth` and `.pt` files, through burn-store's reader.
#![cfg(not(target_family = "wasm"))]

use std::path::Path;

use burn::store::pytorch::PytorchReader;
use burn::store::pytorch_reader::DType;
use safetensors::Dtype;

use super::super::storage::floats;
use super::super::{Array, StateDict};
use super::error::ImportError;

/// Keys under which training scripts nest the weights.
const NESTS: [&str; 2] = ["state_dict.", "model."];

/// The tensors of a PyTorch file, also where they are nested under `state_dict` or `model`.
///
/// # Errors
/// [`ImportError::PyTorch`] for anything that is not such a file.
pub fn read(path: &Path) -> Result<StateDict, ImportError> {
    let reader =
        PytorchReader::new(path).map_err(|error| ImportError::PyTorch(error.to_string()))?;
    let nest = NESTS
        .iter()
        .find(|nest| reader.keys().iter().any(|key| key.starts_with(**nest)));
    let mut weights = StateDict::default();
    for tensor in reader.tensors().values() {
        let name = match nest {
            Some(nest) => match tensor.name.strip_prefix(nest) {
                Some(name) => name,
                None => continue,
            },
            None => &tensor.name,
        };
        let bytes = tensor
            .read()
            .map_err(|error| ImportError::PyTorch(error.to_string()))?;
        let values = floats(name, dtype(tensor.dtype()), &bytes)?;
        weights.0.insert(
            name.into(),
            Array {
                shape: tensor.shape().to_vec(),
                values,
            },
        );
    }
    Ok(weights)
}

/// The same type of safetensors.
fn dtype(dtype: DType) -> Dtype {
    match dtype {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    }
}
