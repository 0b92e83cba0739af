//! `karyolens train`: a network from a folder of labelled cells.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::settings::{TrainOptions, Training, with_options};
use crate::train::cells::fit::{fit, resume};

/// Train a network on labelled cell images.
///
/// Needs --run, --data and --arch, or --resume alone.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    training: Training<TrainOptions>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let warn = |warning: &str| eprintln!("warning: {}", with_options(warning));
    arguments.training.run(
        |settings, folder, display| fit(settings, folder, display, &mut { warn }),
        |folder, display| resume(folder, display, &mut { warn }),
    )
}
