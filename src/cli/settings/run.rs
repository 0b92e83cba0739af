//! The options of every run.

use clap::Args;
use serde::Serialize;

use super::{Options, choice};
use crate::devices::DeviceChoice;
use crate::kernels::MatmulPrecision;
use crate::train::run::RunSettings;

/// The precisions of matrix products.
pub(super) const PRECISIONS: &[(&str, &str)] = &[
    (
        "medium",
        "bfloat16 products, added up in f32: about 3 digits",
    ),
    (
        "high",
        "Every f32 as the sum of two bfloat16: about 5 digits",
    ),
    ("highest", "f32, about 7 digits"),
];

/// How long, how fast and where to train.
#[derive(Args, Serialize)]
pub(in crate::cli) struct RunOptions {
    /// Passes over the training cells.
    #[arg(long)]
    epochs: usize,
    /// Cells a step.
    #[arg(long)]
    batch: usize,
    /// Batches whose gradients are averaged before the weights move.
    #[arg(long, value_name = "BATCHES")]
    accumulate: usize,
    /// The highest learning rate.
    #[arg(long)]
    lr: f64,
    /// Share of the steps in which the learning rate rises linearly; it then falls as a cosine.
    #[arg(long, value_name = "SHARE")]
    warmup: f64,
    /// The learning rate of each layer over the rate of the next layer, for fine-tuning: 0.7, say.
    #[arg(long, value_name = "FACTOR")]
    layer_decay: f64,
    /// Epochs at the start in which only the head learns; batch norms still follow the data.
    #[arg(long, value_name = "EPOCHS")]
    freeze: usize,
    /// AdamW's decoupled weight decay; biases, norms and scales have none.
    #[arg(long)]
    weight_decay: f32,
    /// Decay of an exponential moving average of the weights, which is then validated and kept in
    /// their place: 0.998, say; 0 keeps none.
    #[arg(long, value_name = "DECAY")]
    ema: f64,
    /// Where to train: cpu, gpu, cuda or remote:ADDRESS. Several devices share each step.
    #[arg(long)]
    device: DeviceChoice,
    /// The precision of matrix products on a CPU that multiplies bfloat16 faster than f32.
    #[arg(long, value_parser = choice::<MatmulPrecision>(PRECISIONS))]
    matmul: MatmulPrecision,
    /// The same number repeats a run exactly, with the same program on the same machine's CPU.
    #[arg(long)]
    seed: u64,
}

impl Options for RunOptions {
    type Settings = RunSettings;
}
