//! Karyolens reads thyroid cell nuclei: nine nuclear features a nucleus, in a browser tab.
//!
//! One crate, two faces. Compiled to WebAssembly it runs a trained network on the browser's own
//! WebGPU or CPU, behind a thin page; compiled natively it trains, evaluates and serves. For
//! research and teaching; not a medical device.
//!
//! # From an image to a prediction
//!
//! bytes → [`image::decode()`] → [`image::CellImage`] → [`image::InputSpec`] →
//! [`model::FoldedModel`] → probabilities → [`classify::Prediction`].
//!
//! [`classify::Classifier`] goes all these steps. The command line, the evaluation and the page share
//! it, and so one preprocessing, one forward pass and one thresholding.
//!
//! # The map
//!
//! A module may use the modules of its last column, and the modules that those may use.
//! `tests/architecture` fails on any other use, on a circle between files, and on `clap` outside
//! `cli`.
//!
//! | module | contents | may use |
//! |---|---|---|
//! | [`nuclei`] | the features, the rule that calls them, the risk | nothing |
//! | [`image`] | from bytes to pixels, and to a network's input | `nuclei` |
//! | [`kernels`] | the networks' operations, on the CPU and on a browser's GPU | nothing |
//! | [`model`] | ResNet, ConvNeXt, ViT, the segmenter | `kernels` |
//! | [`checkpoint`] | weights with their model card; import, verify | `model`, `image`, `nuclei` |
//! | [`classify`] | from pixels to predictions | `checkpoint` |
//! | [`explain`] | the parts of a cell that spoke for a feature | `classify` |
//! | [`field`] | a field's nuclei: contours given and found, files, measurements, features | `classify` |
//! | `devices` | the CPU, GPUs, devices of another machine (native) | nothing |
//! | `bootstrap` | intervals by resampling (native) | nothing |
//! | `files` | writes a file whole or not at all (native) | nothing |
//! | `train` | training, in three rooms (native) | `train::run`, `train::cells`, `train::fields` |
//! | `train::run` | one run of any task: folder, loop, optimiser, resume | `kernels`, `devices`, `files` |
//! | `train::cells` | labelled cells: records, losses, metrics, report | `train::run`, `classify`, `field`, `bootstrap` |
//! | `train::fields` | outlined fields: views, targets, loss | `train::run`, `field` |
//! | `cli` | one file a subcommand (native) | everything but `web` |
//! | `web` | the functions that JavaScript calls (wasm) | `classify`, `field` |
//!
//! # Errors
//!
//! A module whose caller can act on a failure has an error enum of its own. A message names the file or
//! tensor, its value, and a right value. No input from outside makes the program panic.

#![warn(missing_docs)]

/// Tells checkouts that share a build folder apart, see `.cargo/config.toml`.
const _: Option<&str> = option_env!("KARYOLENS_CHECKOUT");

pub mod checkpoint;
pub mod classify;
pub mod explain;
pub mod field;
pub mod image;
pub mod kernels;
pub mod model;
pub mod nuclei;

#[cfg(not(target_family = "wasm"))]
pub mod bootstrap;
#[cfg(not(target_family = "wasm"))]
pub mod cli;
#[cfg(not(target_family = "wasm"))]
pub mod devices;
#[cfg(not(target_family = "wasm"))]
mod files;
#[cfg(not(target_family = "wasm"))]
pub mod train;

#[cfg(target_family = "wasm")]
mod web;
