//! A data folder: its cells, their labels and their splits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::features::read_features;
use super::labels::{Labelled, read_json, read_labels};
use super::listing::{entries, images_in};
use super::splits::Splits;
use super::{ByField, DataError, Record, folds_by_field};
use crate::nuclei::FeatureSet;

/// The split to train on where the splits are made by field.
const TRAIN: &str = "train";
/// The split to validate on where the splits are made by field.
const VAL: &str = "val";
/// The published split that splits by field leave alone: it is kept for a last check.
const TEST: &str = "test";

/// A folder of labelled cells, and its splits.
#[derive(Clone, Debug)]
pub struct DataFolder {
    /// The folder with `images` and the labels.
    pub folder: PathBuf,
    /// The splits.
    pub splits: Splits,
}

impl DataFolder {
    /// The features of the labels, in their order: the names in `features.json`, or the nine nuclear
    /// features where that file is absent.
    ///
    /// # Errors
    /// [`DataError::Json`] and [`DataError::Features`] for a file that holds no list of different
    /// names.
    pub fn features(&self) -> Result<FeatureSet, DataError> {
        read_features(&self.folder)
    }

    /// The names of the splits, in alphabetical order.
    ///
    /// # Errors
    /// [`DataError`] where the folder or the split file cannot be read.
    pub fn split_names(&self) -> Result<Vec<String>, DataError> {
        match &self.splits {
            Splits::Published => self.published(),
            Splits::File(path) => {
                let splits: BTreeMap<String, Vec<String>> = read_json(path)?;
                Ok(splits.into_keys().collect())
            }
            Splits::ByField(_) => Ok(vec![TRAIN.into(), VAL.into()]),
        }
    }

    /// The cells of `split`, in the order of their ids, each with a label for every one of
    /// `features` and an image that is there.
    ///
    /// # Errors
    /// [`DataError::OtherFeatures`] where the labels are of other features; [`DataError`] with the first
    /// cell or file that is wrong.
    pub fn split(&self, split: &str, features: &FeatureSet) -> Result<Vec<Record>, DataError> {
        let found = self.features()?;
        if found != *features {
            return Err(DataError::OtherFeatures {
                named: features.clone(),
                folder: self.folder.clone(),
                found,
            });
        }
        self.cells(split, features)?.into_iter().collect()
    }

    /// As [`DataFolder::split`], but with an error for each cell that is wrong.
    pub(super) fn cells(
        &self,
        split: &str,
        features: &FeatureSet,
    ) -> Result<Vec<Result<Record, DataError>>, DataError> {
        let cells = match &self.splits {
            Splits::Published => {
                if self.is_flat() {
                    let folder = self.folder.clone();
                    return Err(DataError::NoSplits { folder });
                }
                let images = [self.images().join(split)];
                let record = |labelled: Labelled| labelled.record(&images, features.len());
                self.labels_of(split)?
                    .into_iter()
                    .map(|labelled| labelled.and_then(record))
                    .collect()
            }
            Splits::File(path) => self.listed(path, split, features)?,
            Splits::ByField(by_field) => self.fold(by_field, split, features)?,
        };
        if cells.is_empty() {
            let folder = self.folder.clone();
            return Err(DataError::Empty {
                folder,
                split: split.into(),
            });
        }
        Ok(cells)
    }

    /// The ids of all labelled cells, whatever split they are in.
    pub(super) fn labelled_ids(&self) -> Result<BTreeSet<String>, DataError> {
        let labelled = self.pool()?.into_iter().flatten();
        Ok(labelled.map(|labelled| labelled.id).collect())
    }

    /// Every image, whether it is labelled or not.
    pub(super) fn all_images(&self) -> Result<Vec<PathBuf>, DataError> {
        let mut images = Vec::new();
        for folder in self.image_folders()? {
            images.extend(images_in(&folder)?);
        }
        Ok(images)
    }

    fn images(&self) -> PathBuf {
        self.folder.join("images")
    }

    /// `images`, then every folder in it.
    fn image_folders(&self) -> Result<Vec<PathBuf>, DataError> {
        let mut folders = vec![self.images()];
        let inner = entries(&self.images())?;
        folders.extend(inner.into_iter().filter(|path| path.is_dir()));
        Ok(folders)
    }

    fn is_flat(&self) -> bool {
        self.folder.join("labels.json").is_file()
    }

    /// The splits that have a file in `labels`.
    fn published(&self) -> Result<Vec<String>, DataError> {
        if self.is_flat() {
            let folder = self.folder.clone();
            return Err(DataError::NoSplits { folder });
        }
        let files = entries(&self.folder.join("labels"))?.into_iter();
        let json = files.filter(|path| path.extension().is_some_and(|kind| kind == "json"));
        Ok(json
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_string()))
            .collect())
    }

    /// The labels of a published split, by id.
    fn labels_of(&self, split: &str) -> Result<Vec<Result<Labelled, DataError>>, DataError> {
        let path = self.folder.join("labels").join(format!("{split}.json"));
        read_labels(&path, Some(split))
    }

    /// All labelled cells by id.
    fn pool(&self) -> Result<Vec<Result<Labelled, DataError>>, DataError> {
        if self.is_flat() {
            return read_labels(&self.folder.join("labels.json"), None);
        }
        let mut homes: HashMap<String, String> = HashMap::new();
        let mut pool = Vec::new();
        for split in self.published()? {
            for labelled in self.labels_of(&split)? {
                let labelled = labelled.and_then(|labelled| {
                    let id = labelled.id.clone();
                    match homes.insert(id.clone(), split.clone()) {
                        Some(first) if first != split => Err(DataError::InTwoSplits {
                            id,
                            first,
                            second: split.clone(),
                        }),
                        _ => Ok(labelled),
                    }
                });
                pool.push(labelled);
            }
        }
        let id = |cell: &Result<Labelled, DataError>| {
            cell.as_ref().ok().map(|labelled| labelled.id.clone())
        };
        pool.sort_by_cached_key(id);
        Ok(pool)
    }

    /// The records of the pool. An image is looked for in the folder of the split that it was
    /// published in, in `images`, and then in every folder there.
    fn records(
        &self,
        pool: Vec<Result<Labelled, DataError>>,
        features: &FeatureSet,
    ) -> Result<Vec<Result<Record, DataError>>, DataError> {
        let folders = self.image_folders()?;
        let record = |labelled: Labelled| {
            let home = labelled.home.as_ref().map(|home| self.images().join(home));
            let folders: Vec<PathBuf> = home.into_iter().chain(folders.clone()).collect();
            labelled.record(&folders, features.len())
        };
        Ok(pool
            .into_iter()
            .map(|labelled| labelled.and_then(record))
            .collect())
    }

    /// The cells that the split file lists.
    fn listed(
        &self,
        path: &Path,
        split: &str,
        features: &FeatureSet,
    ) -> Result<Vec<Result<Record, DataError>>, DataError> {
        let mut splits: BTreeMap<String, Vec<String>> = read_json(path)?;
        let Some(mut ids) = splits.remove(split) else {
            return Err(DataError::NoSplit {
                place: path.display().to_string(),
                split: split.into(),
                known: splits.into_keys().collect(),
            });
        };
        ids.sort();
        let listed = ids.len();
        let mut cells = Vec::new();
        let mut pool = HashMap::new();
        for labelled in self.pool()? {
            match labelled {
                Ok(labelled) => {
                    pool.insert(labelled.id.clone(), labelled);
                }
                Err(error) => cells.push(Err(error)),
            }
        }
        let (mut chosen, mut missing) = (Vec::new(), Vec::new());
        for twice in ids.chunk_by(|a, b| a == b).filter(|same| same.len() > 1) {
            cells.push(Err(DataError::Twice {
                id: twice[0].clone(),
                path: path.into(),
            }));
        }
        ids.dedup();
        for id in ids {
            match pool.remove(&id) {
                Some(labelled) => chosen.push(Ok(labelled)),
                None => missing.push(id),
            }
        }
        if !missing.is_empty() {
            cells.push(Err(DataError::NotHere {
                split_file: path.into(),
                folder: self.folder.clone(),
                split: split.into(),
                listed,
                missing,
            }));
        }
        cells.extend(self.records(chosen, features)?);
        Ok(cells)
    }

    /// One side of a split by field.
    fn fold(
        &self,
        by_field: &ByField,
        split: &str,
        features: &FeatureSet,
    ) -> Result<Vec<Result<Record, DataError>>, DataError> {
        let is_val = match split {
            TRAIN => false,
            VAL => true,
            _ => {
                return Err(DataError::NoSplit {
                    place: "a split by field".into(),
                    split: split.into(),
                    known: vec![TRAIN.into(), VAL.into()],
                });
            }
        };
        let (mut records, mut cells) = (Vec::new(), Vec::new());
        let mut pool = self.pool()?;
        pool.retain(|cell| !matches!(cell, Ok(cell) if cell.home.as_deref() == Some(TEST)));
        for record in self.records(pool, features)? {
            match record {
                Ok(record) => records.push(record),
                Err(error) => cells.push(Err(error)),
            }
        }
        by_field.check(&records)?;
        let folds = folds_by_field(&records, by_field.folds, by_field.seed);
        let side = records
            .into_iter()
            .zip(folds)
            .filter(|(_, fold)| (*fold == by_field.fold) == is_val);
        cells.extend(side.map(|(record, _)| Ok(record)));
        Ok(cells)
    }
}
