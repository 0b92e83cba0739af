//! `karyolens train`: a network from a folder of labelled cells.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use super::data::faults;
use crate::train::config::TrainConfig;
use crate::train::data::check;
use crate::train::fit::{fit, resume};
use crate::train::progress::EpochLines;
use crate::train::run::RunFolder;
use crate::train::sampler::Sampler;

/// Train a network on labelled cell images.
///
/// Needs --run, --data and --arch, or --resume alone.
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder to write, which must not hold a run yet.
    #[arg(long, value_name = "FOLDER", required_unless_present = "resume")]
    run: Option<PathBuf>,
    /// Go on with an interrupted run, with its own settings, to the weights that it would have
    /// had; no other option but --plain may be given.
    #[arg(long, value_name = "RUN", conflicts_with = "run")]
    resume: Option<PathBuf>,
    #[command(flatten)]
    config: TrainConfig,
    /// No dashboard but a bar and a line an epoch, as where the output is no terminal.
    #[arg(long)]
    plain: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    // Without a renderer of ours, burn-train shows its dashboard.
    let plain = arguments.plain || !std::io::stdout().is_terminal();
    let renderer = plain.then(|| Box::new(EpochLines::new()) as _);
    let (folder, checkpoint) = match (arguments.resume, arguments.run) {
        (Some(folder), _) => {
            ensure!(
                !arguments.config.is_chosen(),
                "--resume goes on with the settings of {}: leave out all others but --plain",
                folder.display()
            );
            check_data(&RunFolder::open(&folder)?.1)?;
            let checkpoint = resume(&folder, renderer)?;
            (folder, checkpoint)
        }
        (None, folder) => {
            let folder = folder.unwrap_or_default();
            check_data(&arguments.config)?;
            let checkpoint = fit(&arguments.config, &folder, renderer)?;
            (folder, checkpoint)
        }
    };
    println!("wrote {}", folder.join("model.safetensors").display());
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
