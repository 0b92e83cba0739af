//! `karyolens train`: a network from a folder of labelled cells.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use super::data::faults;
use crate::train::augment::Augment;
use crate::train::data::{SplitKind, SplitSettings, check};
use crate::train::fit::{TrainConfig, fit};
use crate::train::progress::EpochLines;
use crate::train::sampler::Sampler;

/// Train a network on labelled cell images.
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder: `images/<split>/<id>.jpg` and `labels/<split>.json`, or `images/<id>.jpg` and
    /// `labels.json`; `features.json` names the features where they are not the nine nuclear ones.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Where the splits come from.
    #[arg(long, value_enum, default_value_t = SplitKind::Published)]
    split: SplitKind,
    #[command(flatten)]
    splits: SplitSettings,
    /// The network, such as convnext-atto.
    #[arg(long, value_name = "NAME")]
    arch: String,
    /// A checkpoint to start from.
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// The folder to write, which must not hold a run yet.
    #[arg(long, value_name = "FOLDER")]
    run: PathBuf,
    /// Side of the input in pixels.
    #[arg(long, default_value_t = 64, value_name = "PIXELS")]
    input_size: u32,
    /// Passes over the training cells.
    #[arg(long, default_value_t = 20)]
    epochs: usize,
    /// Cells a step.
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// The highest learning rate.
    #[arg(long, default_value_t = 1e-3)]
    lr: f64,
    /// Share of the steps in which the learning rate rises.
    #[arg(long, default_value_t = 0.1)]
    warmup: f64,
    /// AdamW's weight decay.
    #[arg(long, default_value_t = 0.05)]
    weight_decay: f32,
    /// Rate of stochastic depth in the last block.
    #[arg(long, default_value_t = 0.0)]
    drop_path: f64,
    /// How an epoch draws its cells.
    #[arg(long, value_enum, default_value_t = Sampler::Weighted)]
    sampler: Sampler,
    /// Do not flip images.
    #[arg(long)]
    no_flips: bool,
    /// Rotate images by up to this many degrees either way.
    #[arg(long, default_value_t = 180.0, value_name = "DEGREES")]
    rotation: f32,
    /// Vary brightness, contrast and saturation by up to this share.
    #[arg(long, default_value_t = 0.2, value_name = "SHARE")]
    jitter: f32,
    /// The same number repeats a run exactly.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What the data is, for the model card.
    #[arg(long, default_value = "not stated", value_name = "TEXT")]
    data_name: String,
    /// What is known of the data's licence, for the model card.
    #[arg(long, default_value = "not stated", value_name = "TEXT")]
    data_licence: String,
    /// No dashboard: a bar and a line an epoch.
    #[arg(long)]
    plain: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let augment = Augment {
        flips: !arguments.no_flips,
        rotation: arguments.rotation,
        jitter: arguments.jitter,
    };
    let config = TrainConfig::new(arguments.data, arguments.arch)
        .with_split(arguments.split)
        .with_splits(arguments.splits)
        .with_init(arguments.init)
        .with_input_side(arguments.input_size)
        .with_epochs(arguments.epochs)
        .with_batch(arguments.batch)
        .with_learning_rate(arguments.lr)
        .with_warmup(arguments.warmup)
        .with_weight_decay(arguments.weight_decay)
        .with_drop_path(arguments.drop_path)
        .with_sampler(arguments.sampler)
        .with_augment(augment)
        .with_seed(arguments.seed)
        .with_data_name(arguments.data_name)
        .with_data_licence(arguments.data_licence);
    check_data(&config)?;
    // Without a renderer of ours, burn-train shows its dashboard.
    let plain = arguments.plain || !std::io::stdout().is_terminal();
    let renderer = plain.then(|| Box::new(EpochLines::new()) as _);
    let checkpoint = fit(&config, &arguments.run, renderer)?;
    println!(
        "wrote {}",
        arguments.run.join("model.safetensors").display()
    );
    for (name, value) in &checkpoint.card.metrics {
        println!("{name}: {value:.4}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks over the data of a run before it starts: prints what is doubtful, refuses what is broken.
fn check_data(config: &TrainConfig) -> Result<()> {
    let splits = [config.train_split.clone(), config.val_split.clone()];
    let report = check(&config.data_folder()?, &splits)?;
    ensure!(!report.is_broken(), faults(&report).join("\n"));
    for warning in report.warnings() {
        eprintln!("warning: {warning}");
    }
    let train = report
        .splits
        .iter()
        .find(|split| split.split == config.train_split);
    let without_any = train.map_or(0, |split| split.without_any);
    if without_any > 0 && config.sampler != Sampler::Uniform {
        eprintln!(
            "warning: {without_any} cells to train on show no feature, and the weighted sampler \
             never draws those; --sampler uniform does"
        );
    }
    Ok(())
}
