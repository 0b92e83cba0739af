//! The networks' operations: kernels of our own for the CPU and for a browser's GPU.
//!
//! [`model`](crate::model) runs its layers with the functions of this module alone. Every tensor is
//! channels-last: an image is `[batch, height, width, channels]`, a sequence `[batch, tokens,
//! channels]`. So a layer over channels reads memory in order, and no layout changes between layers.
//!
//! # An operation is a room
//!
//! Each operation has a folder with the same files. A small operation needs fewer of them:
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the public functions, the checks of shapes, the trait that burn's backends implement |
//! | `compose.rs` | the same in burn's own operations: the tests' reference, and the code for every other device or type |
//! | `cpu.rs` | the forward pass for burn's CPU backend, Flex: one pass over the data, on slices |
//! | `gradient.rs` | the backward pass on the CPU; native code only |
//! | `gpu.rs` | the CubeCL kernel for a browser's GPU |
//! | `agreement.rs` | cases in which the GPU must agree with the CPU |
//!
//! A new operation is a new folder, two lines in this file and one in `agreement/mod.rs`; its tests are a
//! file in `tests/kernels`.
//!
//! The rooms share `cpu` (matrix products, vectors, threads), `flex` (burn's tensors as slices),
//! `gradient` (steps of burn's graph), `gpu` (launches, the product kernel) and `packed` (weights that
//! are packed once). A browser has no other kernels than ours: burn's own are not downloaded. Operations that
//! only networks in training have are native code.

// Loops over constant bounds are unrolled into registers; iterators hide the bounds.
#![allow(clippy::needless_range_loop)]

// The operations.
#[cfg(not(target_family = "wasm"))]
pub mod adamw;
pub mod attention;
#[cfg(not(target_family = "wasm"))]
pub mod batch_norm;
pub mod convolve;
pub mod depthwise;
#[cfg(not(target_family = "wasm"))]
pub mod join;
pub mod layer_norm;
pub mod linear;
pub mod max_pool;
pub mod pixel_mean;
pub mod tokens;
pub mod upsample;

// Parts that the operations share.
pub mod agreement;
#[cfg(not(target_family = "wasm"))]
mod compose;
#[cfg_attr(target_family = "wasm", allow(dead_code, unused_imports))] // Parts are for gradients.
mod cpu;
mod flex;
#[cfg(feature = "webgpu")]
mod gpu;
#[cfg(not(target_family = "wasm"))]
mod gradient;
mod images;
mod optional;
mod packed;
mod precision;
pub mod tiles;

#[cfg(not(target_family = "wasm"))]
use burn::tensor::DType;
use burn::tensor::{Device, Tensor};

#[cfg(not(target_family = "wasm"))]
pub use adamw::{AdamWStep, adamw};
pub use attention::{attention, attention_weights};
#[cfg(not(target_family = "wasm"))]
pub use batch_norm::{BatchNorm, batch_norm, statistics};
pub use convolve::{convolve, convolve_join};
pub use depthwise::depthwise;
#[cfg(feature = "webgpu")]
pub use gpu::set_staging;
pub use images::{Images, Window};
#[cfg(not(target_family = "wasm"))]
pub use join::join;
pub use layer_norm::layer_norm;
pub use linear::{linear, linear_gelu, linear_join};
pub use max_pool::max_pool;
pub use packed::release_unused;
pub use pixel_mean::pixel_mean;
pub use precision::MatmulPrecision;
pub use tokens::{beside, tokens};
pub use upsample::{Interpolation, upsample};

#[cfg(all(feature = "webgpu", not(target_family = "wasm")))]
compile_error!("the feature `webgpu` is for browsers; native GPUs have `gpu` and `cuda`");

/// Whether burn's own operations stand in for ours on `x`: natively on any device but the CPU, and for any
/// type but f32. In a browser every device has kernels of ours.
#[cfg(not(target_family = "wasm"))]
fn is_composed<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device();
    let device = match device.as_dispatch() {
        burn::backend::DispatchDevice::Autodiff(inner) => inner,
        device => device,
    };
    x.dtype() != DType::F32 || !matches!(device, burn::backend::DispatchDevice::Flex(_))
}

/// Whether `device` is a browser's GPU.
fn is_gpu(device: &Device) -> bool {
    match device.as_dispatch() {
        #[cfg(feature = "webgpu")]
        burn::backend::DispatchDevice::Cube(_) => true,
        _ => false,
    }
}

/// Whether the kernels of `device` read filters `[to, from, kernel, kernel]` best where they lie in
/// memory as `[kernel, kernel, from, to]`. Any layout works; the GPU copies other layouts at each call.
pub fn reads_filters_last(device: &Device) -> bool {
    is_gpu(device)
}

/// The number of images that go through a network together. In a browser the CPU takes one at a time: it has
/// one thread, and the maps of one image fill its caches. Any other device takes all at once.
pub fn images_at_once(device: &Device) -> usize {
    match cfg!(target_family = "wasm") && !is_gpu(device) {
        true => 1,
        false => usize::MAX,
    }
}

/// # Panics
/// Where a vector does not hold one value a channel: kernels read without a check.
fn check_channels<'a>(channels: usize, vectors: impl IntoIterator<Item = &'a Tensor<1>>) {
    for vector in vectors {
        assert_eq!(vector.dims(), [channels], "one value a channel");
    }
}
