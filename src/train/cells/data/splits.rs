//! The splits of a data folder, and their settings.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ByField, DataError};

/// The origin of the splits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Splits {
    /// The folder's own `labels/<split>.json`.
    Published,
    /// A JSON file `{"<split>": ["<id>", …]}`; it may list any of the folder's labelled cells,
    /// whatever split they were published in.
    File(PathBuf),
    /// All labelled cells of the folder but those published as `test`, no field on two sides:
    /// `val` is one fold, `train` the others.
    ByField(ByField),
}

impl fmt::Display for Splits {
    /// As a model card tells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Splits::Published => f.write_str("as published"),
            Splits::File(path) => {
                let name = path.file_name().unwrap_or_default();
                write!(f, "as listed in {}", name.to_string_lossy())
            }
            Splits::ByField(ByField { folds, fold, seed }) => write!(
                f,
                "by field (validation is fold {fold} of folds 0 to {}, fold seed {seed})",
                folds.saturating_sub(1)
            ),
        }
    }
}

/// Where splits come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitKind {
    /// The folder's own splits, or the splits of a split file.
    #[default]
    Published,
    /// All labelled cells except those published as `test`. No field lies on both sides: `val` is one
    /// fold, `train` the others.
    ByField,
}

/// The settings that both kinds of splits need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitSettings {
    /// A JSON file `{"train": [ids], "val": [ids]}` of splits in the place of the folder's own.
    pub split_file: Option<PathBuf>,
    /// Split by field: the number of folds.
    pub folds: usize,
    /// Split by field: the fold to validate on, from 0.
    pub fold: usize,
    /// Split by field: another number makes other folds.
    pub fold_seed: u64,
}

impl Default for SplitSettings {
    /// A fifth of the cells to validate on, as in the study.
    fn default() -> Self {
        Self {
            split_file: None,
            folds: 5,
            fold: 0,
            fold_seed: 0,
        }
    }
}

impl SplitSettings {
    /// The splits of this kind.
    ///
    /// # Errors
    /// [`DataError::FoldsWithoutFields`] and [`DataError::FileByField`] where a setting is not for
    /// this kind.
    pub fn splits(&self, kind: SplitKind) -> Result<Splits, DataError> {
        let by_field = ByField {
            folds: self.folds,
            fold: self.fold,
            seed: self.fold_seed,
        };
        let without_folds = Self {
            split_file: self.split_file.clone(),
            ..Self::default()
        };
        match (kind, &self.split_file) {
            (SplitKind::Published, _) if *self != without_folds => {
                Err(DataError::FoldsWithoutFields)
            }
            (SplitKind::Published, None) => Ok(Splits::Published),
            (SplitKind::Published, Some(file)) => Ok(Splits::File(file.clone())),
            (SplitKind::ByField, None) => Ok(Splits::ByField(by_field)),
            (SplitKind::ByField, Some(_)) => Err(DataError::FileByField),
        }
    }
}
