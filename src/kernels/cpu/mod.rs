//! The CPU engine that the operations share: matrix products, vectors, and threads. Slices of `f32` in,
//! slices of `f32` out; nothing here knows of burn.
//!
//! Images lie channels-last, so that every loop runs in vectors over the innermost axis. All matrix
//! products, dense convolutions included, run through [`gemm`]. It reads the windows of a convolution
//! where they lie instead of copying them out.
//!
//! Work is cut into tasks by sizes alone, never by the number of threads, and partial sums are added in
//! the order of the tasks. So a result does not depend on which thread computes which part.

pub mod gemm;
pub mod tasks;
pub mod vector;
