//! Trained networks whose answers another network learns beside the labels.
//!
//! They are asked about every cell as it is, in its four flips. A network repeats the labels of its
//! training cells, mistakes included. So a teacher is not asked about these cells while there is
//! another teacher that has not seen them. Teachers that each held out one fold of the training cells
//! ([`HoldOut`](super::data::HoldOut)) together answer for every cell unseen.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;

use super::data::{Record, in_chunks};
use super::seen::{Fingerprint, Seen};
use crate::checkpoint::Checkpoint;
use crate::classify::Classifier;
use crate::nuclei::FeatureSet;
use crate::train::run::MODEL_FILE;

/// Trained networks that answer about cells.
#[derive(Debug)]
pub struct Teachers(Vec<Teacher>);

#[derive(Debug)]
struct Teacher {
    name: String,
    classifier: Classifier,
    seen: Seen,
}

impl Teachers {
    /// Reads the models of runs' folders, or checkpoints, that name `features`.
    ///
    /// # Errors
    /// A file that is no checkpoint, or one that names other features. With several teachers, one whose
    /// training cells are not known: it would be asked about cells whose labels it only repeats.
    pub fn read(paths: &[PathBuf], features: &FeatureSet, device: &Device) -> Result<Self> {
        let read = |path: &PathBuf| {
            let path = model_file(path);
            let context = || format!("cannot learn from {}", path.display());
            let bytes = std::fs::read(&path).with_context(context)?;
            let checkpoint = Checkpoint::read(&bytes).with_context(context)?;
            let named = &checkpoint
                .card
                .classification()
                .with_context(context)?
                .features;
            ensure!(
                named == features,
                "{} names the features {}, the data {}",
                path.display(),
                named.names().join(", "),
                features.names().join(", ")
            );
            Ok(Teacher {
                seen: Seen::by(&path.display().to_string(), &checkpoint)?,
                name: path.display().to_string(),
                classifier: Classifier::new(checkpoint, device.clone())
                    .with_context(context)?
                    .with_flips(true),
            })
        };
        let teachers: Vec<Teacher> = paths.iter().map(read).collect::<Result<_>>()?;
        if let Some(unknown) = teachers.iter().find(|teacher| teacher.seen.is_unknown())
            && teachers.len() > 1
        {
            bail!(
                "{} is of an older version and does not tell its training cells, but each of several \
                 teachers is asked only about cells that it was not trained on. Put the data folder back \
                 that its card names, as it was then, or have one teacher alone",
                unknown.name
            );
        }
        Ok(Self(teachers))
    }

    /// Refuses teachers that were trained on cells of `val`. `warn` hears of those that do not tell.
    ///
    /// # Errors
    /// The first teacher that was.
    pub fn refuse_validated(&self, val: &[Record], warn: &mut dyn FnMut(&str)) -> Result<()> {
        let mut teachers = self.0.iter();
        teachers.try_for_each(|teacher| teacher.seen.refuse_validated(&teacher.name, val, warn))
    }

    /// The cells that any of them was trained on.
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        self.0.iter().for_each(|teacher| seen.extend(&teacher.seen));
        seen
    }

    /// The paths of their models.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|teacher| teacher.name.clone()).collect()
    }

    /// The probability of each feature for each of `records`: the mean over the teachers that were
    /// not trained on the cell, or over all teachers where every one was.
    ///
    /// # Errors
    /// An image that cannot be read, or a device that fails.
    ///
    /// # Panics
    /// Where there are no teachers.
    pub fn answers(&self, records: &[&Record]) -> Result<Vec<Vec<f32>>> {
        let prints = records.iter().map(|record| Fingerprint::of(record));
        let prints: Vec<Fingerprint> = prints.collect::<Result<_, _>>()?;
        let knows = |teacher: &Teacher, i: usize| teacher.seen.cells.contains(prints[i]);
        let features = self.0[0].classifier.card().task.features.len();
        let mut sums = vec![vec![0.0; features]; records.len()];
        let mut asked = vec![0; records.len()];
        for teacher in &self.0 {
            let asked_of: Vec<usize> = (0..records.len())
                .filter(|&i| !knows(teacher, i) || self.0.iter().all(|teacher| knows(teacher, i)))
                .collect();
            let unknown: Vec<&Record> = asked_of.iter().map(|&i| records[i]).collect();
            let mut cells = asked_of.into_iter();
            for chunk in in_chunks(&unknown) {
                let (_, images) = chunk?;
                let said = pollster::block_on(teacher.classifier.probabilities(&images))?;
                for (said, i) in said.chunks_exact(features).zip(&mut cells) {
                    asked[i] += 1;
                    for (sum, probability) in sums[i].iter_mut().zip(said) {
                        *sum += f64::from(*probability);
                    }
                }
            }
        }
        let answers = sums.into_iter().zip(asked).map(|(sums, asked)| {
            let mean = sums.iter().map(|sum: &f64| (sum / f64::from(asked)) as f32);
            mean.collect()
        });
        Ok(answers.collect())
    }
}

/// The checkpoint itself, or the checkpoint in a run's folder.
pub(super) fn model_file(path: &Path) -> PathBuf {
    match path.is_dir() {
        true => path.join(MODEL_FILE),
        false => path.into(),
    }
}
