//! Matrix products with the left matrix read where it lies.
//!
//! The left matrix is described by [`Rows`]: where each row starts, and the runs of values that it
//! is made of. The rows of a plain matrix are one run each; the windows of a convolution over a
//! channels-last image are one run for each line of the kernel. So a convolution is a matrix
//! product without a copy of its windows ("The Indirect Convolution Algorithm", Dukhan, arXiv
//! 1907.02129, with the indirection computed instead of stored).
//!
//! [`multiply`] is `A·B`, [`outer`] is `Aᵀ·B` (the gradient of weights). Both keep a tile of the
//! result in registers, broadcast values of `A`, and read vectors of `B` from [`Packed`] panels.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod bf16;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[path = "no_bf16.rs"]
mod bf16;
mod finish;
mod left;
mod multiply;
mod outer;
mod packed;
mod source;
mod tile;

use pulp::Simd;

use crate::kernels::MatmulPrecision;

pub use finish::{Epilogue, Finish, Store, StoreGelu};
pub use left::Rows;
pub use multiply::{multiply, multiply_alone, multiply_here};
pub use outer::{outer, outer_here};
pub use packed::Packed;
pub use source::Source;

/// The most rows of a tile, on any machine.
const MAX_ROWS: usize = 8;
/// Rows of `A` that go through all panels before the next rows do: whole tiles of any size.
const BLOCK: usize = 72;
/// Tasks of a large product: several for each thread, so that no thread waits long for another. The browser
/// has one thread.
const TASKS: usize = if cfg!(target_family = "wasm") { 1 } else { 16 };
/// Steps of a tile's loop at once. A browser's compiler unrolls short loops itself; in a longer one it moves
/// sums between registers and memory.
const UNROLL: usize = if cfg!(target_family = "wasm") { 1 } else { 4 };

/// The number of panels from which on tiles of four rows read a copy of their rows in the browser. With
/// fewer panels the copy costs more than it saves. Never natively, where each row's address has a register.
const COPIED_FROM: Option<usize> = if cfg!(target_family = "wasm") {
    Some(16)
} else {
    None
};

/// Vectors a panel is wide.
const fn panel_vectors<S: Simd>() -> usize {
    // A browser on an x86 machine has 16 registers.
    if cfg!(target_family = "wasm") || S::F32_LANES == 1 {
        2
    } else {
        3
    }
}

/// The most rows of a tile: with its panel, a tile fills the registers.
const fn tile_rows<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 && !cfg!(target_family = "wasm") {
        8
    } else {
        // In the browser eight sums: ten were no faster, and V8 keeps some of a larger number in memory.
        4
    }
}
