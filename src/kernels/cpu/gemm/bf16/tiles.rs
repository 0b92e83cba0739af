//! AMX by way of inline assembly: stable Rust has no intrinsics for its tiles.

use std::arch::asm;

use super::{Block, Halves, SIDE};

/// The shape of each of the eight tile registers: 16 rows of 64 bytes.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_a_row: [u16; 16],
    rows: [u8; 16],
}

static CONFIG: TileConfig = TileConfig {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes_a_row: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Runs `work` with this thread's tiles set up; that takes as long as a hundred products.
///
/// # Safety
/// This machine has [`Method::Tiles`](super::Method::Tiles).
#[inline(always)]
pub unsafe fn with_tiles(work: impl FnOnce()) {
    // SAFETY: compiled code uses no tiles, so none of its values are overwritten.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &CONFIG, options(nostack, preserves_flags)) };
    work();
    // Empty tiles are not saved when the thread is put aside.
    unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
}

/// A panel of `A` times a panel of `B`, `chunks` of `$block` bytes each: the sums are in tiles 0
/// to 3, blocks pass through 4 to 7.
macro_rules! multiply_panels {
    ($a:ident, $b:ident, $chunks:ident, $sums:ident, $block:literal, $($product:literal),+) => {
        // SAFETY: loads stay in the panels, stores in the block; compiled code knows no tiles.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                $($product,)+
                concat!("add {a}, ", $block),
                concat!("add {b}, ", $block),
                "dec {chunks}",
                "jnz 2b",
                "tilestored [{out} + {stride}], tmm0",
                "tilestored [{out} + {stride} + 64], tmm1",
                "tilestored [{out} + {stride} + 2048], tmm2",
                "tilestored [{out} + {stride} + 2112], tmm3",
                a = inout(reg) $a.as_ptr() => _,
                b = inout(reg) $b.as_ptr() => _,
                chunks = inout(reg) $chunks => _,
                out = in(reg) $sums.0.as_mut_ptr(),
                line = in(reg) 64usize,
                stride = in(reg) 4 * SIDE,
                options(nostack),
            )
        }
    };
}

/// # Safety
/// It runs [`with_tiles`], and both panels are `chunks` blocks of [`Halves::High`], at least one.
pub unsafe fn multiply_high(a: &[f32], b: &[f32], chunks: usize, sums: &mut Block) {
    debug_assert!(a.len() == chunks * Halves::High.block() && a.len() == b.len() && chunks > 0);
    multiply_panels!(
        a,
        b,
        chunks,
        sums,
        2048,
        "tileloadd tmm4, [{a} + {line}]",
        "tileloadd tmm6, [{b} + {line}]",
        "tileloadd tmm7, [{b} + {line} + 1024]",
        "tileloadd tmm5, [{a} + {line} + 1024]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7"
    );
}

/// # Safety
/// It runs [`with_tiles`], and both panels are `chunks` blocks of [`Halves::HighAndLow`], at least
/// one.
pub unsafe fn multiply_high_and_low(a: &[f32], b: &[f32], chunks: usize, sums: &mut Block) {
    let panel = chunks * Halves::HighAndLow.block();
    debug_assert!(a.len() == panel && b.len() == panel && chunks > 0);
    multiply_panels!(
        a,
        b,
        chunks,
        sums,
        4096,
        // High halves of A times low halves of B,
        "tileloadd tmm4, [{a} + {line}]",
        "tileloadd tmm6, [{b} + {line} + 2048]",
        "tileloadd tmm7, [{b} + {line} + 3072]",
        "tileloadd tmm5, [{a} + {line} + 1024]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7",
        // times high ones,
        "tileloadd tmm6, [{b} + {line}]",
        "tileloadd tmm7, [{b} + {line} + 1024]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7",
        // and low halves times high ones.
        "tileloadd tmm4, [{a} + {line} + 2048]",
        "tileloadd tmm5, [{a} + {line} + 3072]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7"
    );
}
