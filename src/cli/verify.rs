//! `karyolens verify`: does a checkpoint give the logits of the library that it came from?

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::{read_checkpoint, read_file};
use crate::checkpoint::verify::{TOLERANCE, verify};
use crate::devices::DeviceChoice;

/// Compare a checkpoint's answers with reference logits.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where to run: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The checkpoint.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The other library's results: a `.safetensors` file with `input` and `logits` (or `class_token` and `patch_mean`).
    #[arg(long, value_name = "FILE")]
    against: PathBuf,
    /// The largest |difference| allowed, times max(1, largest |reference|).
    #[arg(long, default_value_t = TOLERANCE)]
    tolerance: f32,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let device = arguments.device.open_one()?;
    let checkpoint = read_checkpoint(&arguments.model)?;
    let context = || format!("cannot use {}", arguments.model.display());
    let card = checkpoint.card.clone().into_classifier();
    let card = card.with_context(context)?;
    let model = checkpoint.folded().with_context(context)?.on(&device);
    let reference = read_file(&arguments.against)?;
    let verification = pollster::block_on(verify(&model, &card, &reference, &device))
        .with_context(|| format!("cannot compare with {}", arguments.against.display()))?;

    for output in &verification.outputs {
        say!(
            "{}: largest |difference| {:.3e}",
            output.name,
            output.max_difference
        );
    }
    say!("largest |reference| {:.3e}", verification.max_reference);
    match verification.passes(arguments.tolerance) {
        true => {
            say!("the same within {:.1e}", arguments.tolerance);
            Ok(ExitCode::SUCCESS)
        }
        false => {
            eprintln!("not the same: the tolerance is {:.1e}", arguments.tolerance);
            Ok(ExitCode::FAILURE)
        }
    }
}
