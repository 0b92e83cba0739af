//! `karyolens card`: a checkpoint's model card, with the figures of its sibling by field and the doubt
//! about its thresholds.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{ArgGroup, Args};

use super::read_checkpoint;
use crate::devices::DeviceChoice;
use crate::files::write_atomically;
use crate::train::cells::card::{add_by_field, add_unsure};

/// Print a checkpoint's model card as JSON.
///
/// With --output, write a copy that tells more: with --by-field the figures of a model that was
/// trained the same way on a split by field, with --unsure-from at which probabilities about each
/// threshold a call is in doubt.
#[derive(Args)]
#[command(group(ArgGroup::new("more").args(["by_field", "unsure_from"]).multiple(true).requires("output")))]
pub(super) struct Arguments {
    /// The checkpoint.
    #[arg(value_name = "FILE")]
    model: PathBuf,
    /// The sibling's checkpoint: the same settings, but `--split by-field`, and a start and teachers
    /// that were trained so, too.
    #[arg(long, value_name = "FILE")]
    by_field: Option<PathBuf>,
    /// The data folder that the checkpoint was trained on: its thresholds are searched again on
    /// random resamples of the validation cells. `train` does that itself at its end.
    #[arg(long, value_name = "FOLDER")]
    unsure_from: Option<PathBuf>,
    /// Where to run, for --unsure-from: cpu, gpu, cuda or remote:ADDRESS; of several devices the
    /// first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The copy to write; its weights are the same.
    #[arg(short, long, value_name = "FILE", requires = "more")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut checkpoint = read_checkpoint(&arguments.model)?;
    if let Some(sibling) = &arguments.by_field {
        let by_field = read_checkpoint(sibling)?;
        add_by_field(&mut checkpoint, &by_field)
            .with_context(|| format!("cannot take the figures of {}", sibling.display()))?;
    }
    if let Some(data) = &arguments.unsure_from {
        add_unsure(&mut checkpoint, data, arguments.device.open_one()?)?;
    }
    if let Some(output) = &arguments.output {
        let bytes = checkpoint.write(checkpoint.card.precision())?;
        write_atomically(output, &bytes)?;
    }
    say!("{}", serde_json::to_string_pretty(&checkpoint.card)?);
    Ok(ExitCode::SUCCESS)
}
