//! Labelled cell images in a folder.
//!
//! Two layouts are read: the published one, `images/<split>/<id>.jpg` with
//! `labels/<split>.json`, and a flat one, `images/<id>.jpg` with `labels.json` and a file that
//! lists the ids of each split. Labels are `{"<id>": [0, 1, …]}`, one entry a feature.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::image::{CellImage, DecodeError, NotACell, decode};
use crate::nuclei::FeatureSet;

/// Extensions that an image may have, in the order in which they are looked for.
const EXTENSIONS: [&str; 7] = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"];

/// Where labelled cells lie.
#[derive(Clone, Debug)]
pub struct DataFolder {
    /// The folder with `images` and the labels.
    pub folder: PathBuf,
    /// For the flat layout: a JSON file `{"<split>": ["<id>", …]}`.
    pub split_file: Option<PathBuf>,
}

/// One labelled cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The cell's id, `<field>_cell_<n>`.
    pub id: String,
    /// Its image.
    pub path: PathBuf,
    /// Whether it shows each feature, in label order.
    pub labels: Vec<bool>,
}

/// Why labelled cells cannot be read.
#[derive(Debug, Error)]
pub enum DataError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A JSON file is not what it should be.
    #[error("{} is not as expected: {error}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// The split file does not list the split.
    #[error("{} lists no split {split:?}; it has {}", path.display(), known.join(", "))]
    NoSplit {
        /// The split file.
        path: PathBuf,
        /// What was asked for.
        split: String,
        /// What there is.
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
    /// A listed cell has no labels.
    #[error("cell {id} is listed but has no labels")]
    NoLabels {
        /// The cell.
        id: String,
    },
    /// A label vector is not of 0 and 1, one a feature.
    #[error("cell {id} has the labels {labels:?}; they must be {features} values of 0 or 1")]
    Labels {
        /// The cell.
        id: String,
        /// What was found.
        labels: Vec<u8>,
        /// How many there should be.
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
        /// What is wrong.
        error: DecodeError,
    },
    /// An image is not one of a single cell.
    #[error("{}: {error}", path.display())]
    NotACell {
        /// The image.
        path: PathBuf,
        /// What is wrong.
        error: NotACell,
    },
}

type Labels = BTreeMap<String, Vec<u8>>;

impl DataFolder {
    /// The cells of `split`, in the order of their ids, each with a label for every one of
    /// `features` and an image that is there.
    ///
    /// # Errors
    /// [`DataError`] with the first cell or file that is wrong.
    pub fn split(&self, split: &str, features: &FeatureSet) -> Result<Vec<Record>, DataError> {
        let images = self.folder.join("images");
        let (images, labels) = match &self.split_file {
            None => {
                let labels: Labels =
                    read_json(&self.folder.join("labels").join(format!("{split}.json")))?;
                (images.join(split), labels)
            }
            Some(path) => (images, self.listed(path, split)?),
        };
        if labels.is_empty() {
            let folder = self.folder.clone();
            return Err(DataError::Empty {
                folder,
                split: split.into(),
            });
        }
        labels
            .into_iter()
            .map(|(id, labels)| record(&images, id, labels, features.len()))
            .collect()
    }

    /// The labels of the cells that the split file lists.
    fn listed(&self, path: &Path, split: &str) -> Result<Labels, DataError> {
        let mut splits: BTreeMap<String, Vec<String>> = read_json(path)?;
        let Some(ids) = splits.remove(split) else {
            let known = splits.into_keys().collect();
            return Err(DataError::NoSplit {
                path: path.into(),
                split: split.into(),
                known,
            });
        };
        let mut all: Labels = read_json(&self.folder.join("labels.json"))?;
        ids.into_iter()
            .map(|id| match all.remove(&id) {
                Some(labels) => Ok((id, labels)),
                None => Err(DataError::NoLabels { id }),
            })
            .collect()
    }
}

impl Record {
    /// The cell's image.
    ///
    /// # Errors
    /// [`DataError`], naming the file.
    pub fn read(&self) -> Result<CellImage, DataError> {
        let path = || self.path.clone();
        let bytes = std::fs::read(&self.path).map_err(|error| DataError::File {
            path: path(),
            error,
        })?;
        let picture = decode(&bytes).map_err(|error| DataError::Decode {
            path: path(),
            error,
        })?;
        CellImage::new(picture).map_err(|error| DataError::NotACell {
            path: path(),
            error,
        })
    }
}

fn record(
    images: &Path,
    id: String,
    labels: Vec<u8>,
    features: usize,
) -> Result<Record, DataError> {
    if labels.len() != features || labels.iter().any(|&label| label > 1) {
        return Err(DataError::Labels {
            id,
            labels,
            features,
        });
    }
    // Not `with_extension`: an id may contain a dot.
    let candidates = EXTENSIONS.map(|extension| images.join(format!("{id}.{extension}")));
    match candidates.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(Record {
            id,
            path,
            labels: labels.into_iter().map(|label| label == 1).collect(),
        }),
        None => Err(DataError::NoImage {
            path: images.join(&id),
            id,
        }),
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, DataError> {
    let text = std::fs::read(path).map_err(|error| DataError::File {
        path: path.into(),
        error,
    })?;
    serde_json::from_slice(&text).map_err(|error| DataError::Json {
        path: path.into(),
        error,
    })
}
