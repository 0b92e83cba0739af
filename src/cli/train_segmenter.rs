//! `karyolens train-segmenter`: a network from a folder of outlined fields.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::settings::{FieldsOptions, Training};
use crate::train::fields::fit::{fit, resume};

/// Train a network that finds nuclei on fields with outlined nuclei.
///
/// Needs --run and --data, or --resume alone.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    training: Training<FieldsOptions>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    arguments.training.run(fit, resume)
}
