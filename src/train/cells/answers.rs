//! The answers of a run's teachers, in a file that other runs can learn from.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::data::{DataError, Record};
use super::seen::{Fingerprint, Seen};
use super::teachers::Teachers;
use crate::checkpoint::{Array, Checkpoint, Precision, StateDict};
use crate::files::write_atomically;

/// The file, in a run's folder.
pub const ANSWERS_FILE: &str = "answers.safetensors";
/// The tensor of the file, `[cells, features]`, and the lists in its metadata.
const PROBABILITIES: &str = "probabilities";
const CELLS: &str = "cells";
const TEACHERS: &str = "teachers";
/// The training cells of the teachers, in the metadata. Older files have none; the teachers tell them.
const TRAINED_ON: &str = "trained_on";

/// The answers of teachers about cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// The paths of the teachers' models.
    pub teachers: Vec<String>,
    /// The training cells of the teachers, as far as they tell.
    pub seen: Seen,
    /// The probability of each feature, by the [`Fingerprint`] of the cell, so that a data folder may
    /// move. Files of older versions have the path of the cell's image in its place.
    pub cells: BTreeMap<String, Vec<f32>>,
}

impl Answers {
    /// Asks `teachers` about `cells`.
    ///
    /// # Errors
    /// An image that cannot be read, or a device that fails.
    pub fn ask(teachers: &Teachers, cells: &[&Record]) -> Result<Self> {
        let keys = cells.iter().map(|cell| key(cell));
        let keys: Vec<String> = keys.collect::<Result<_, _>>()?;
        Ok(Self {
            teachers: teachers.names(),
            seen: teachers.seen(),
            cells: keys.into_iter().zip(teachers.answers(cells)?).collect(),
        })
    }

    /// The answers of a run's [`ANSWERS_FILE`].
    ///
    /// # Errors
    /// A file that cannot be read or holds something else.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&bytes)
            .with_context(|| format!("{} holds no answers of teachers", path.display()))
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let (mut tensors, metadata) = StateDict::read(bytes)?;
        tensors.check_finite()?;
        let list = |name: &str| -> Result<Vec<String>> {
            let json = metadata.get(name).context("a list is missing")?;
            Ok(serde_json::from_str(json)?)
        };
        let cells = list(CELLS)?;
        let tensor = tensors.0.remove(PROBABILITIES);
        let Array { shape, values } = tensor.context("a tensor is missing")?;
        ensure!(
            shape.len() == 2 && shape[0] == cells.len() && !values.is_empty(),
            "{PROBABILITIES} is not one row a cell"
        );
        let rows = values.chunks_exact(shape[1]).map(<[f32]>::to_vec);
        let teachers = list(TEACHERS)?;
        let seen = match metadata.get(TRAINED_ON) {
            Some(text) => Seen::decode(text, &teachers.join(", "))?,
            None => seen_by(&teachers)?,
        };
        Ok(Self {
            teachers,
            seen,
            cells: cells.into_iter().zip(rows).collect(),
        })
    }

    /// Writes the file that [`read`](Self::read) reads.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn write(&self, path: &Path) -> Result<()> {
        let features = self.cells.values().next().map_or(0, Vec::len);
        let probabilities = Array {
            shape: vec![self.cells.len(), features],
            values: self.cells.values().flatten().copied().collect(),
        };
        let tensors = StateDict(BTreeMap::from([(PROBABILITIES.into(), probabilities)]));
        let cells: Vec<&String> = self.cells.keys().collect();
        let metadata = HashMap::from([
            (CELLS.into(), serde_json::to_string(&cells)?),
            (TEACHERS.into(), serde_json::to_string(&self.teachers)?),
            (TRAINED_ON.into(), self.seen.encode()),
        ]);
        write_atomically(path, &tensors.write(Precision::F32, metadata)?)
    }

    /// The answer about one cell.
    ///
    /// # Errors
    /// A cell that no teacher was asked about, other features, or a picture that cannot be read.
    pub fn of(&self, record: &Record) -> Result<&[f32]> {
        let (path, features) = (record.path.display().to_string(), record.labels.len());
        let answer = self.cells.get(&key(record)?);
        let answer = answer.or_else(|| self.cells.get(&path));
        let answer = answer.with_context(|| format!("no teacher was asked about {path}"))?;
        ensure!(
            answer.len() == features,
            "of {path} the teachers answered with {} values for {features} features",
            answer.len()
        );
        Ok(answer)
    }
}

/// The training cells of teachers, as far as their models are still there.
fn seen_by(teachers: &[String]) -> Result<Seen> {
    let mut seen = Seen::default();
    for name in teachers {
        let bytes = std::fs::read(name).unwrap_or_default();
        match Checkpoint::read(&bytes) {
            Ok(teacher) => seen.extend(&Seen::by(name, &teacher)?),
            Err(_) => {
                seen.untold.insert(name.clone());
            }
        }
    }
    Ok(seen)
}

fn key(record: &Record) -> Result<String, DataError> {
    Ok(Fingerprint::of(record)?.to_string())
}
