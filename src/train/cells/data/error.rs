//! The errors of labelled cells. Each names the file and the cell.

use std::path::PathBuf;

use thiserror::Error;

use crate::image::{DecodeError, NotACell};
use crate::nuclei::FeatureSet;

/// The number of names that a message lists.
const FEW: usize = 5;

/// Why labelled cells cannot be read.
#[derive(Debug, Error)]
pub enum DataError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// A JSON file has another form.
    #[error("{} is not as expected: {error}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The fault.
        error: serde_json::Error,
    },
    /// `features.json` holds no usable list of names.
    #[error("{}: {fault}; it must be a list of different names in label order", path.display())]
    Features {
        /// The file.
        path: PathBuf,
        /// The fault.
        fault: String,
    },
    /// A model names other features than the labels are of.
    #[error(
        "the model names {}, but the labels of {} are of {}; features.json in the data folder \
         names the features of its labels",
        listed(named), folder.display(), listed(found)
    )]
    OtherFeatures {
        /// The features of the model.
        named: FeatureSet,
        /// The data folder.
        folder: PathBuf,
        /// The features of its labels.
        found: FeatureSet,
    },
    /// A flat folder has no published splits.
    #[error(
        "{} has labels.json and so no splits of its own: name them in a file (`split_file`) or \
         split by field",
        folder.display()
    )]
    NoSplits {
        /// The data folder.
        folder: PathBuf,
    },
    /// There is no such split.
    #[error("{place} has no split {split:?}; it has {}", known.join(", "))]
    NoSplit {
        /// The place where it was looked for.
        place: String,
        /// The name that was asked for.
        split: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A split has no cells.
    #[error("the split {split:?} in {} is empty", folder.display())]
    Empty {
        /// The data folder.
        folder: PathBuf,
        /// The split.
        split: String,
    },
    /// A folder of cells without labels holds no image.
    #[error("there is no image in {}", folder.display())]
    NoImages {
        /// The folder.
        folder: PathBuf,
    },
    /// Some cells or splits are broken: the first faults, a line each.
    #[error("{0}")]
    Broken(String),
    /// Settings of folds, and a split that is not by field.
    #[error("`folds`, `fold` and `fold_seed` are for splits by field")]
    FoldsWithoutFields,
    /// A split file, and a split by field.
    #[error("`split_file` lists the cells of each split, and a split by field makes its own")]
    FileByField,
    /// The folds that were asked for cannot be made.
    #[error("fold {fold} of {folds} by field cannot be made: {fault}")]
    Folds {
        /// The number of folds.
        folds: usize,
        /// The fold.
        fold: usize,
        /// The reason.
        fault: String,
    },
    /// The split file lists cells that the folder does not have.
    #[error(
        "{} of the {listed} cells that {} lists for {split:?} have no labels in {}: {}",
        missing.len(), split_file.display(), folder.display(), few(missing)
    )]
    NotHere {
        /// The split file.
        split_file: PathBuf,
        /// The data folder.
        folder: PathBuf,
        /// The split.
        split: String,
        /// The number of cells in the split.
        listed: usize,
        /// The missing cells.
        missing: Vec<String>,
    },
    /// A file lists a cell twice.
    #[error("{} lists cell {id} twice", path.display())]
    Twice {
        /// The cell.
        id: String,
        /// The file.
        path: PathBuf,
    },
    /// Two splits hold the same cell.
    #[error("cell {id} is in two splits, {first:?} and {second:?}")]
    InTwoSplits {
        /// The cell.
        id: String,
        /// A split.
        first: String,
        /// The other.
        second: String,
    },
    /// A label vector is not of 0 and 1, one a feature.
    #[error("cell {id} has the labels {labels:?}; they must be {features} values of 0 or 1")]
    Labels {
        /// The cell.
        id: String,
        /// The labels that were found.
        labels: Vec<u8>,
        /// The number of labels that there should be.
        features: usize,
    },
    /// A labelled cell has no image.
    #[error("cell {id} has no image {}.jpg (or .png, .webp, .tif, .bmp)", path.display())]
    NoImage {
        /// The cell.
        id: String,
        /// The image, without its extension.
        path: PathBuf,
    },
    /// An image cannot be decoded.
    #[error("{}: {error}", path.display())]
    Decode {
        /// The image.
        path: PathBuf,
        /// The fault.
        error: DecodeError,
    },
    /// An image is not one of a single cell.
    #[error("{}: {error}", path.display())]
    NotACell {
        /// The image.
        path: PathBuf,
        /// The fault.
        error: NotACell,
    },
}

fn listed(features: &FeatureSet) -> String {
    match features.is_empty() {
        true => "no features".into(),
        false => features.names().join(", "),
    }
}

/// The first of `names`, and that there are more.
pub(super) fn few(names: &[impl AsRef<str>]) -> String {
    let mut told: Vec<&str> = names.iter().take(FEW).map(AsRef::as_ref).collect();
    if names.len() > FEW {
        told.push("…");
    }
    told.join(", ")
}
