//! How exact matrix products are.

use serde::{Deserialize, Serialize};

/// How exact matrix products are where the machine has something faster than f32. The three levels
/// are those of PyTorch's `set_float32_matmul_precision` and mean the same.
///
/// Only kernels for the CPU heed it; GPUs multiply in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatmulPrecision {
    /// bfloat16 products, added up in f32: about 3 digits.
    Medium,
    /// Every f32 as the sum of two bfloat16: about 5 digits.
    High,
    /// f32, about 7 digits.
    #[default]
    Highest,
}
