//! The instructions of this machine that multiply bfloat16.

use std::arch::x86_64::__cpuid_count;
use std::sync::LazyLock;

use super::Halves;

/// An instruction set that multiplies bfloat16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// AMX, Intel's since Sapphire Rapids: sixteen times as many products a second as f32's.
    Tiles,
    /// AVX-512's dot products, AMD's since Zen 4 and Intel's since Cooper Lake: twice as many.
    Dots,
}

impl Unit {
    /// The better one of this machine.
    pub fn best() -> Option<Self> {
        static BEST: LazyLock<Option<Unit>> = LazyLock::new(|| {
            [Unit::Tiles, Unit::Dots]
                .into_iter()
                .find(|unit| unit.is_there())
        });
        *BEST
    }

    /// Whether this machine has it and lets this process use it.
    pub fn is_there(self) -> bool {
        let vectors = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bf16");
        vectors
            && match self {
                Self::Tiles => may_use_tiles(),
                Self::Dots => true,
            }
    }

    /// The number of uses of a value from which on these halves of it pay; `None` if they never do.
    /// With these numbers ResNet-18 and ConvNeXt-Atto trained fastest (`benches/train.sh`).
    pub fn pays_from(self, halves: Halves) -> Option<usize> {
        match (self, halves) {
            (Self::Tiles, Halves::High) => Some(64),
            (Self::Tiles, Halves::HighAndLow) => Some(256),
            (Self::Dots, Halves::High) => Some(64),
            // Three products at twice the speed.
            (Self::Dots, Halves::HighAndLow) => None,
        }
    }
}

/// Asks the system for AMX.
fn may_use_tiles() -> bool {
    const REQUEST_PERMISSION: i64 = 0x1023;
    const TILE_DATA: i64 = 18;
    let leaf = __cpuid_count(7, 0);
    let (bf16, tiles) = (leaf.edx & 1 << 22, leaf.edx & 1 << 24);
    bf16 != 0
        && tiles != 0
        // SAFETY: the call grants a permission or fails; it touches no memory.
        && unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) } == 0
}
