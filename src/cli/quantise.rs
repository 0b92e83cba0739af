//! `karyolens quantise`: a checkpoint of half the size, and its cost.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use clap::Args;

use super::read_checkpoint;
use crate::checkpoint::{Checkpoint, Precision, Task};
use crate::devices::DeviceChoice;
use crate::files::write_atomically;
use crate::train::cells::card::validate;
use crate::train::fields;

/// Write a copy of a checkpoint with its weights in 8 bits, half the size of f16.
///
/// Every output channel of a matrix or convolution gets a scale of its own, and each weight becomes
/// the nearest of 255 multiples of it. With --data the copy is measured, and its card tells its own
/// figures beside the thresholds that the original was given.
#[derive(Args)]
pub(super) struct Arguments {
    /// The checkpoint.
    #[arg(value_name = "FILE")]
    model: PathBuf,
    /// The data folder that the checkpoint was trained on. Needed where its card has figures, since
    /// those are of the weights as they were.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where to run, for --data: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The copy to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let bytes = read_checkpoint(&arguments.model)?.write(Precision::Int8)?;
    // As a reader of the file will see it.
    let mut checkpoint = Checkpoint::read(&bytes)?;
    let before = checkpoint.card.metrics.clone();
    match &arguments.data {
        Some(data) => {
            let device = arguments.device.open_one()?;
            let figures = figures(&checkpoint, data, device)
                .with_context(|| format!("cannot measure {}", arguments.model.display()))?;
            for (name, after) in figures {
                match before.get(&name) {
                    Some(before) => say!("{name}: {before:.4} -> {after:.4}"),
                    None => say!("{name}: {after:.4}"),
                }
                checkpoint.card.metrics.insert(name, after);
            }
        }
        None => ensure!(
            before.is_empty(),
            "the card of {} has figures, which are of the weights as they are: give the data with \
             --data, so that those of the copy can be measured",
            arguments.model.display()
        ),
    }
    let bytes = checkpoint.write(Precision::Int8)?;
    write_atomically(&arguments.output, &bytes)?;
    say!(
        "wrote {} ({:.1} MB)",
        arguments.output.display(),
        bytes.len() as f64 / 1e6
    );
    Ok(ExitCode::SUCCESS)
}

/// The figures of a checkpoint at its card's thresholds, on the data that it was validated on.
fn figures(checkpoint: &Checkpoint, data: &Path, device: Device) -> Result<Vec<(String, f64)>> {
    if let Task::Segment(_) = checkpoint.card.task {
        let scores = fields::evaluate::validate(checkpoint, data, &device)?;
        return Ok(fields::evaluate::on_card(&scores).into());
    }
    let (settings, scores) = validate(checkpoint, data, device)?;
    let thresholds = &checkpoint.card.classification()?.thresholds;
    let evaluation = scores.evaluate(thresholds, settings.threshold_search)?;
    Ok(evaluation
        .card_figures(&settings.val_split)
        .into_iter()
        .collect())
}
