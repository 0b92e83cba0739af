//! The options of a training, whatever it trains: where it runs, or which run goes on.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use super::{Defaults, Options, in_options};
use crate::checkpoint::Checkpoint;
use crate::train::run::Display;

/// The options of a training with settings of `O`.
#[derive(Args)]
pub(in crate::cli) struct Training<O: Options> {
    /// The folder to write, which must not hold a run yet.
    #[arg(long, value_name = "FOLDER", required_unless_present = "resume")]
    run: Option<PathBuf>,
    /// Go on with an interrupted run, with its own settings, to the weights that it would have
    /// had; no other option but --plain may be given.
    #[arg(long, value_name = "RUN", conflicts_with = "run")]
    resume: Option<PathBuf>,
    #[command(flatten)]
    options: Defaults<O>,
    /// Show a bar and a line an epoch in the place of the dashboard, as where the output is no terminal.
    #[arg(long)]
    plain: bool,
}

impl<O: Options<Settings: PartialEq>> Training<O> {
    /// Trains by `fit`, or goes on by `resume`, and prints the figures of the result.
    pub fn run(
        self,
        fit: impl FnOnce(&O::Settings, &Path, Display) -> Result<Checkpoint>,
        resume: impl FnOnce(&Path, Display) -> Result<Checkpoint>,
    ) -> Result<ExitCode> {
        self.train(fit, resume).map_err(in_options)
    }

    fn train(
        self,
        fit: impl FnOnce(&O::Settings, &Path, Display) -> Result<Checkpoint>,
        resume: impl FnOnce(&Path, Display) -> Result<Checkpoint>,
    ) -> Result<ExitCode> {
        let settings = self.options.settings()?;
        let display = match self.plain || !std::io::stdout().is_terminal() {
            true => Display::Lines,
            false => Display::Dashboard,
        };
        let (folder, checkpoint) = match self.resume {
            Some(folder) => {
                ensure!(
                    settings == O::Settings::default(),
                    "--resume goes on with the settings of {}: leave out all others but --plain",
                    folder.display()
                );
                let checkpoint = resume(&folder, display)?;
                (folder, checkpoint)
            }
            None => {
                let folder = self.run.unwrap_or_default();
                let checkpoint = fit(&settings, &folder, display)?;
                (folder, checkpoint)
            }
        };
        say!("wrote {}", folder.join("model.safetensors").display());
        for (name, value) in &checkpoint.card.metrics {
            say!("{name}: {value:.4}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use clap::{Command, FromArgMatches};

    use super::super::{FieldsOptions, TrainOptions, leaves};
    use super::*;

    fn command<O: Options>() -> Command {
        Training::<O>::augment_args(Command::new("train"))
    }

    fn every_setting_is_an_option<O: Options>() {
        let settings = serde_json::to_value(O::Settings::default()).expect("settings");
        let mut expected = BTreeMap::new();
        leaves(&settings, &mut expected);
        let command = command::<O>();
        let ids = command.get_arguments().map(|o| o.get_id().as_str());
        let found: BTreeSet<&str> = ids
            .filter(|id| !["run", "resume", "plain"].contains(id))
            .collect();
        assert_eq!(found, expected.keys().map(String::as_str).collect());
    }

    fn defaults_are_those_of_the_library<O: Options>()
    where
        O::Settings: PartialEq + std::fmt::Debug,
    {
        let matches = command::<O>().get_matches_from(["train", "--resume", "run"]);
        let training = Training::<O>::from_arg_matches(&matches).expect("options");
        let settings = training.options.settings().expect("settings");
        assert_eq!(settings, O::Settings::default());
    }

    #[test]
    fn every_setting_of_a_training_has_an_option() {
        every_setting_is_an_option::<TrainOptions>();
        every_setting_is_an_option::<FieldsOptions>();
    }

    #[test]
    fn an_empty_command_line_gives_the_defaults() {
        defaults_are_those_of_the_library::<TrainOptions>();
        defaults_are_those_of_the_library::<FieldsOptions>();
    }
}
