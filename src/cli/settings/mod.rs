//! The settings of the library as options of the command line.
//!
//! A structure of options has the help texts. Its fields have the names and types of the settings that
//! they are for, so that serde turns one into the other; [`Defaults`] takes every default from the
//! library. So a setting has its help here, and its default and its meaning there.

mod cells;
mod fields;
mod run;
mod training;

use std::collections::BTreeMap;

use anyhow::{Error, Result, anyhow};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::Result as Parsed;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::train::cells::data::DataError;
use crate::train::run::{FolderError, RunError, SettingError};

pub(super) use cells::{SplitOptions, TrainOptions};
pub(super) use fields::FieldsOptions;
pub(super) use training::Training;

/// How thresholds are searched.
pub(super) const THRESHOLD_SEARCHES: &[(&str, &str)] = &[
    (
        "highest",
        "The highest F1 on the cells searched, the study's way. With few cells one lucky call can \
         move it far",
    ),
    (
        "expected",
        "The highest F1 to be expected: probabilities are calibrated on the cells searched \
         (Platt's logistic curve over the logits), and every cell then counts as that share of a \
         hit",
    ),
];

/// Options for the settings of one structure of the library.
pub(super) trait Options: Args + Serialize {
    /// That structure.
    type Settings: Default + Serialize + DeserializeOwned;
}

/// Options whose defaults are the defaults of their settings.
pub(super) struct Defaults<O>(O);

impl<O: Options> Defaults<O> {
    /// The settings that the options make.
    pub fn settings(&self) -> Result<O::Settings> {
        let options = serde_json::to_value(&self.0)?;
        let (mut given, mut defaults) = (BTreeMap::new(), BTreeMap::new());
        leaves(&options, &mut given);
        leaves(
            &serde_json::to_value(O::Settings::default())?,
            &mut defaults,
        );
        // JSON has no number for NaN and infinity.
        let is_number = |name: &str| defaults.get(name).is_some_and(Value::is_number);
        let mut missing = given.iter().filter(|(_, value)| value.is_null());
        if let Some((name, _)) = missing.find(|(name, _)| is_number(name)) {
            let fault = format!("`{name}` must be a number, and not infinite");
            return Err(SettingError(fault).into());
        }
        Ok(serde_json::from_value(options)?)
    }

    /// Gives every option that would be required the default of its setting.
    fn with_defaults(command: Command) -> Command {
        // As text and back: an f32 then has its own digits, 0.05 and not 0.05000000074505806.
        let settings = serde_json::to_string(&O::Settings::default());
        let settings = settings.and_then(|text| serde_json::from_str(&text));
        let mut defaults = BTreeMap::new();
        leaves(&settings.unwrap_or_default(), &mut defaults);
        command.mut_args(|option| {
            let default = defaults.get(option.get_id().as_str()).and_then(text);
            match default.filter(|_| option.is_required_set()) {
                Some(default) => option.required(false).default_value(kept(default)),
                None => option,
            }
        })
    }
}

impl<O: Options> Args for Defaults<O> {
    fn augment_args(command: Command) -> Command {
        Self::with_defaults(O::augment_args(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        O::augment_args_for_update(command)
    }
}

impl<O: Options> FromArgMatches for Defaults<O> {
    fn from_arg_matches(matches: &ArgMatches) -> Parsed<Self> {
        O::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Parsed<()> {
        self.0.update_from_arg_matches(matches)
    }
}

/// Every setting by its name, inner structures included.
fn leaves(settings: &Value, found: &mut BTreeMap<String, Value>) {
    for (name, value) in settings.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) => leaves(value, found),
            _ => drop(found.insert(name.clone(), value.clone())),
        }
    }
}

/// A setting as a person types it; `None` where there is none.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_f64() => Some(number.as_f64()?.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The name of a choice, for a default that stands alone.
pub(super) fn name_of(choice: impl Serialize) -> &'static str {
    let name = serde_json::to_value(choice).ok().as_ref().and_then(text);
    kept(name.unwrap_or_default())
}

/// clap keeps a reference to each default for as long as the program runs.
fn kept(default: String) -> &'static str {
    default.leak()
}

/// Reads a `T` by one of the names that serde knows it by; `choices` are these names and their help.
pub(super) fn choice<T>(
    choices: &[(&'static str, &'static str)],
) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    let values = choices
        .iter()
        .map(|(name, help)| PossibleValue::new(*name).help(*help));
    PossibleValuesParser::new(values.collect::<Vec<_>>())
        .try_map(|name| serde_json::from_value::<T>(Value::String(name)))
}

/// The error of a training or of its settings in the words of the command line: `` `lr` `` becomes
/// `--lr`. Other errors stay as they are.
pub(super) fn in_options(error: Error) -> Error {
    if let Some(FolderError::Taken(folder)) = error.downcast_ref() {
        let folder = folder.display();
        return anyhow!(
            "{error}; choose another folder with --run, or go on with it: --resume {folder}"
        );
    }
    if let Some(RunError::Stopped { folder }) = error.downcast_ref() {
        let folder = folder.display();
        return anyhow!("stopped before the last epoch; go on with --resume {folder}");
    }
    let is_of_settings = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<SettingError>() || cause.is::<DataError>() || cause.is::<RunError>()
    };
    if !error.chain().any(is_of_settings) {
        return error;
    }
    let mut told = with_options(&format!("{error:#}"));
    if let Some(DataError::FoldsWithoutFields) = error.downcast_ref() {
        told += ": train --split by-field, evaluate and data check --by-field";
    }
    anyhow!(told)
}

/// `text` with options of `train` in the place of settings between backticks.
pub(super) fn with_options(text: &str) -> String {
    let command = Defaults::<TrainOptions>::augment_args(Command::new("train"));
    let mut told = text.to_string();
    for (name, option) in command
        .get_arguments()
        .filter_map(|option| Some((option.get_id(), option.get_long()?)))
    {
        for parent in ["", "augment.", "cutmix.", "objective.", "splits."] {
            told = told.replace(&format!("`{parent}{name}`"), &format!("--{option}"));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::cells::config::TrainConfig;

    #[test]
    fn errors_of_settings_speak_of_options() {
        for (change, told) in [
            (|c: &mut TrainConfig| c.run.lr = 0.0, "--lr is 0;"),
            (
                |c: &mut TrainConfig| c.cutmix.rare_below = 0.2,
                "--rare-below does nothing without --cutmix",
            ),
            (
                |c: &mut TrainConfig| c.objective.temperature = 2.0,
                "without --teacher or --answers",
            ),
            (
                |c: &mut TrainConfig| c.crop = 0,
                "--crop and --input-size make",
            ),
        ] as [(fn(&mut TrainConfig), &str); 4]
        {
            let mut config = TrainConfig::default();
            change(&mut config);
            let error = config.check().expect_err(told);
            let error = in_options(error.into()).to_string();
            assert!(error.contains(told), "{told}: {error}");
        }
        let other = in_options(anyhow!("no `lr` here")).to_string();
        assert_eq!(other, "no `lr` here");
    }
}
