//! Labelled cell images in a folder.
//!
//! A cell is a [`Record`]: an image, its labels, and an id, `<field>_cell_<n>`. A [`DataFolder`]
//! reads them in two layouts: the published one, `images/<split>/<id>.jpg` with
//! `labels/<split>.json`, and a flat one, `images/<id>.jpg` with `labels.json`. Labels are
//! `{"<id>": [0, 1, …]}`, one entry a feature; `features.json`, a list of names, says which
//! features, and without it they are the nine nuclear ones. [`Splits`] tells the split of
//! each cell: as published, as a file lists them, or by field ([`folds_by_field`]).
//!
//! [`check()`] looks over a whole folder, [`import()`] makes one from a table, and [`crop_fields`]
//! cuts cells without labels out of fields. Nothing here knows of tensors.

mod check;
mod crop;
mod error;
mod features;
mod folder;
mod folds;
mod import;
mod labels;
mod listing;
mod splits;

use std::borrow::Borrow;
use std::path::{Path, PathBuf};

use crate::image::{CellImage, decode};
use listing::images_in;

pub use check::{Fault, Identical, Place, Report, SharedField, SplitCount, check};
pub use crop::crop_fields;
pub use error::DataError;
pub use folder::DataFolder;
pub use folds::{ByField, HoldOut, folds_by_field};
pub use import::{ImportError, ImportOptions, import};
pub use splits::{SplitKind, SplitSettings, Splits};

/// The text between field and number in a cell's id.
const FIELD_END: &str = "_cell_";
/// Cell images decoded at a time: a bound on memory, whatever there is to read.
const CHUNK: usize = 64;

/// `records` and their images, some at a time.
pub fn in_chunks<R: Borrow<Record>>(
    records: &[R],
) -> impl Iterator<Item = Result<(&[R], Vec<CellImage>), DataError>> {
    records.chunks(CHUNK).map(|records| {
        let images = records.iter().map(|record| record.borrow().read());
        Ok((records, images.collect::<Result<_, _>>()?))
    })
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

impl Record {
    /// The images of a folder as cells without labels: all of their `features` labels are false.
    ///
    /// # Errors
    /// [`DataError::File`] for a folder that cannot be read, [`DataError::NoImages`] for one without
    /// any.
    pub fn unlabelled(folder: &Path, features: usize) -> Result<Vec<Self>, DataError> {
        let images = images_in(folder)?;
        if images.is_empty() {
            return Err(DataError::NoImages {
                folder: folder.into(),
            });
        }
        let record = |path: PathBuf| Self {
            id: path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default(),
            path,
            labels: vec![false; features],
        };
        Ok(images.into_iter().map(record).collect())
    }

    /// The field that the cell was cut from: its id up to the last `_cell_`. A cell whose id names no
    /// field is alone in a field of its own.
    pub fn field(&self) -> &str {
        let parts = self.id.rsplit_once(FIELD_END);
        parts.map_or(&self.id, |(field, _)| field)
    }

    /// The bytes of the cell's image file.
    ///
    /// # Errors
    /// [`DataError::File`].
    pub fn bytes(&self) -> Result<Vec<u8>, DataError> {
        std::fs::read(&self.path).map_err(|error| DataError::File {
            path: self.path.clone(),
            error,
        })
    }

    /// The cell's image.
    ///
    /// # Errors
    /// [`DataError`], naming the file.
    pub fn read(&self) -> Result<CellImage, DataError> {
        let path = || self.path.clone();
        let picture = decode(&self.bytes()?).map_err(|error| DataError::Decode {
            path: path(),
            error,
        })?;
        CellImage::new(picture).map_err(|error| DataError::NotACell {
            path: path(),
            error,
        })
    }
}
