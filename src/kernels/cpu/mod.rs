//! The arithmetic on the CPU: slices of `f32` in, slices of `f32` out; nothing here knows of burn.
//!
//! Images lie channels-last, `[batch, height, width, channels]`, so that the innermost axis is the
//! one every loop is vectorised over. All matrix products, dense convolutions included, run
//! through [`gemm`], which reads the windows of a convolution where they lie instead of copying
//! them out.
//!
//! Work is cut into tasks by sizes alone, never by the number of threads, and partial sums are
//! added in the order of the tasks: results do not depend on who computes what.

// Loops over constant bounds are unrolled into registers; iterators hide the bounds.
#![allow(clippy::needless_range_loop)]

pub mod adamw;
pub mod attention;
pub mod batch_norm;
pub mod conv;
pub mod depthwise;
pub mod elementwise;
pub mod gemm;
pub mod layer_norm;
pub mod pool;
mod tasks;
mod vector;
pub mod winograd;

pub use tasks::{buffer, column_sums};
