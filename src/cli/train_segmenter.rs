//! `karyolens train-segmenter`: a network from a folder of outlined fields.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use super::settings::{Defaults, FieldsOptions, in_options};
use crate::train::fields::config::FieldsConfig;
use crate::train::fields::fit::{fit, resume};
use crate::train::run::Display;

/// Train a network that finds nuclei on fields with outlined nuclei.
///
/// Needs --run and --data, or --resume alone.
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
    options: Defaults<FieldsOptions>,
    /// Show a bar and a line an epoch in the place of the dashboard, as where the output is no terminal.
    #[arg(long)]
    plain: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    train(arguments).map_err(in_options)
}

fn train(arguments: Arguments) -> Result<ExitCode> {
    let config = arguments.options.settings()?;
    let display = match arguments.plain || !std::io::stdout().is_terminal() {
        true => Display::Lines,
        false => Display::Dashboard,
    };
    let (folder, checkpoint) = match (arguments.resume, arguments.run) {
        (Some(folder), _) => {
            ensure!(
                config == FieldsConfig::default(),
                "--resume goes on with the settings of {}: leave out all others but --plain",
                folder.display()
            );
            let checkpoint = resume(&folder, display)?;
            (folder, checkpoint)
        }
        (None, folder) => {
            let folder = folder.unwrap_or_default();
            let checkpoint = fit(&config, &folder, display)?;
            (folder, checkpoint)
        }
    };
    say!("wrote {}", folder.join("model.safetensors").display());
    for (name, value) in &checkpoint.card.metrics {
        say!("{name}: {value:.4}");
    }
    Ok(ExitCode::SUCCESS)
}
