//! The ways of this machine to multiply bfloat16.

use std::arch::x86_64::__cpuid_count;
use std::sync::LazyLock;

use super::{Halves, SIDE};
use crate::kernels::MatmulPrecision;

/// A way to multiply bfloat16. There are values of this type only on machines that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// AMX, Intel's since Sapphire Rapids: sixteen times as many products a second as in f32.
    Tiles(Halves),
    /// AVX-512's dot products, AMD's since Zen 4 and Intel's since Cooper Lake: twice as many. They take
    /// [`Halves::High`]: three products at twice the speed would be slower than f32.
    Dots,
}

impl Method {
    /// The method for products of `depth` at `precision`, where every value of the one matrix is
    /// multiplied by at least `uses` values of the other. `None` where the machine has none, where
    /// `precision` asks for f32, or where making blocks costs more than the method gains.
    pub fn of(precision: MatmulPrecision, depth: usize, uses: usize) -> Option<Self> {
        let methods: &[Self] = match precision {
            MatmulPrecision::Highest => &[],
            MatmulPrecision::High => &[Self::Tiles(Halves::HighAndLow)],
            // The faster one first.
            MatmulPrecision::Medium => &[Self::Tiles(Halves::High), Self::Dots],
        };
        let method = *methods.iter().find(|method| method.is_there())?;
        (depth >= SIDE && uses >= method.pays_from()).then_some(method)
    }

    /// The bfloat16 that stand for each f32.
    pub fn halves(self) -> Halves {
        match self {
            Self::Tiles(halves) => halves,
            Self::Dots => Halves::High,
        }
    }

    /// Whether this machine has it and lets this process use it.
    pub fn is_there(self) -> bool {
        static DOTS: LazyLock<bool> = LazyLock::new(|| {
            is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bf16")
        });
        static TILES: LazyLock<bool> = LazyLock::new(|| *DOTS && may_use_tiles());
        match self {
            Self::Tiles(_) => *TILES,
            Self::Dots => *DOTS,
        }
    }

    /// The number of uses of a value from which on it pays. With these numbers ResNet-18 and ConvNeXt-Atto
    /// trained fastest (`benches/train.sh`).
    fn pays_from(self) -> usize {
        match self {
            Self::Tiles(Halves::High) | Self::Dots => 64,
            Self::Tiles(Halves::HighAndLow) => 256,
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
