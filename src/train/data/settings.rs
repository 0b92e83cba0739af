//! Splits as a command line and a run's `config.json` tell them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::super::config::defaults;
use super::{ByField, DataError, Splits};

/// Folds of a split by field: a fifth of the cells to validate on, as the study has it.
const FOLDS: usize = 5;

/// Where splits come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SplitKind {
    /// The folder's own, or those of --split-file.
    #[default]
    Published,
    /// All labelled cells but those published as `test`, no field on two sides: `val` is one fold,
    /// `train` the others; see --folds, --fold and --fold-seed.
    ByField,
}

/// What splits of either kind need.
#[derive(Args, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default = "defaults::<SplitSettings>", deny_unknown_fields)]
pub struct SplitSettings {
    /// A JSON file `{"train": [ids], "val": [ids]}` of splits to use instead of the folder's own.
    #[arg(long, value_name = "FILE")]
    pub split_file: Option<PathBuf>,
    /// Split by field: how many folds there are.
    #[arg(long, value_name = "K", default_value_t = FOLDS)]
    pub folds: usize,
    /// Split by field: the fold to validate on, from 0.
    #[arg(long, value_name = "I", default_value_t = 0)]
    pub fold: usize,
    /// Split by field: another number makes other folds.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub fold_seed: u64,
}

impl SplitSettings {
    /// The splits of this kind.
    ///
    /// # Errors
    /// [`DataError::Contradiction`] where a setting is not for this kind.
    pub fn splits(&self, kind: SplitKind) -> Result<Splits, DataError> {
        let by_field = ByField {
            folds: self.folds,
            fold: self.fold,
            seed: self.fold_seed,
        };
        let default = Self {
            split_file: self.split_file.clone(),
            ..defaults()
        };
        match (kind, &self.split_file) {
            (SplitKind::Published, _) if *self != default => Err(DataError::Contradiction(
                "--folds, --fold and --fold-seed are for splits by field: train --split by-field, \
                 evaluate and data check --by-field",
            )),
            (SplitKind::Published, None) => Ok(Splits::Published),
            (SplitKind::Published, Some(file)) => Ok(Splits::File(file.clone())),
            (SplitKind::ByField, None) => Ok(Splits::ByField(by_field)),
            (SplitKind::ByField, Some(_)) => Err(DataError::Contradiction(
                "--split-file lists the cells of each split, and a split by field makes its own",
            )),
        }
    }
}
