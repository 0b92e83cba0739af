//! How exact matrix products are to be.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::{Deserialize, Serialize};

/// How exact matrix products are, where the machine has something faster than f32: the three levels
/// of PyTorch's `set_float32_matmul_precision`, and with the same meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum MatmulPrecision {
    /// bfloat16 products, added up in f32: about 3 digits.
    Medium,
    /// Every f32 as the sum of two bfloat16: about 5 digits.
    High,
    /// f32, about 7 digits.
    #[default]
    Highest,
}

static PRECISION: AtomicU8 = AtomicU8::new(MatmulPrecision::Highest as u8);

/// How exact this process wants its matrix products.
pub fn matmul_precision() -> MatmulPrecision {
    match PRECISION.load(Ordering::Relaxed) {
        0 => MatmulPrecision::Medium,
        1 => MatmulPrecision::High,
        _ => MatmulPrecision::Highest,
    }
}

/// Sets it for the whole process; weights that were packed before stay as they are.
pub fn set_matmul_precision(precision: MatmulPrecision) {
    PRECISION.store(precision as u8, Ordering::Relaxed);
}
