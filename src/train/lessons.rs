//! What there is to learn of each cell: what its labels say, and what teachers say of it.
//!
//! Teachers are asked once, before the first epoch: what varies an image afterwards leaves its
//! features alone. Their answers are kept in the run's folder, for a run that goes on and for
//! others that learn from the same teachers.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::config::TrainConfig;
use super::data::Record;
use super::metrics::DEFAULT_THRESHOLD;
use super::teachers::Teachers;
use crate::files::write_atomically;
use crate::nuclei::FeatureSet;

/// Probabilities are kept this far from 0 and 1, so that they have a logit.
const EDGE: f64 = 1e-6;

/// A cell and what is to be learnt of it.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The cell; its labels say how it is drawn and mixed.
    pub record: Record,
    /// 0 to 1 for each feature.
    pub targets: Vec<f32>,
    /// What the teachers say of it, at the run's temperature.
    pub answer: Option<Vec<f32>>,
}

impl Lesson {
    /// What the labels of `record` say, and nobody else.
    pub fn of_labels(record: Record) -> Self {
        Self {
            targets: record
                .labels
                .iter()
                .map(|&shown| f32::from(u8::from(shown)))
                .collect(),
            record,
            answer: None,
        }
    }

    fn with_answer(self, answer: &[f32], temperature: f64) -> Self {
        let softened = answer.iter().map(|&p| soften(p, temperature));
        Self {
            answer: Some(softened.collect()),
            ..self
        }
    }
}

/// What teachers say of cells, by the path of the image: one probability a feature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Who was asked: the paths of their models.
    pub teachers: Vec<String>,
    /// What was answered.
    pub cells: BTreeMap<String, Vec<f32>>,
}

impl Answers {
    /// The answers of a run's `answers.json`.
    ///
    /// # Errors
    /// A file that cannot be read or holds something else.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&bytes)
            .with_context(|| format!("{} holds no answers of teachers", path.display()))
    }

    fn ask(teachers: &Teachers, cells: &[&Record]) -> Result<Self> {
        let answers = cells.iter().zip(teachers.answers(cells)?);
        Ok(Self {
            teachers: teachers.names(),
            cells: answers.map(|(cell, answer)| (key(cell), answer)).collect(),
        })
    }

    fn of(&self, record: &Record, features: usize) -> Result<&[f32]> {
        let key = key(record);
        let answer = self.cells.get(&key);
        let answer = answer.with_context(|| format!("no teacher was asked about {key}"))?;
        ensure!(
            answer.len() == features,
            "of {key} the teachers answered with {} values for {features} features",
            answer.len()
        );
        Ok(answer)
    }
}

fn key(record: &Record) -> String {
    record.path.display().to_string()
}

/// The cells of a run before anybody was asked about them.
#[derive(Debug)]
pub(super) struct Cells {
    labelled: Vec<Record>,
    unlabelled: Vec<Record>,
    teachers: Teachers,
    /// What teachers of an earlier run said.
    known: Option<Answers>,
}

impl Cells {
    /// Reads and checks all that `config` names; cells without labels of the fields of `val` are
    /// left out, so that nobody learns from pictures of what is validated on.
    pub fn read(
        config: &TrainConfig,
        val: &[Record],
        features: &FeatureSet,
        device: &burn::tensor::Device,
    ) -> Result<Self> {
        let mut unlabelled = match &config.unlabelled {
            Some(folder) => Record::unlabelled(folder, features.len())?,
            None => Vec::new(),
        };
        let validated: HashSet<&str> = val.iter().map(Record::field).collect();
        unlabelled.retain(|cell| !validated.contains(cell.field()));
        let cells = Self {
            labelled: config.training_cells(features)?,
            unlabelled,
            teachers: Teachers::read(&config.teachers, features, device)?,
            known: config.answers.as_deref().map(Answers::read).transpose()?,
        };
        if let Some(known) = &cells.known {
            cells.lessons(known, config)?;
        }
        Ok(cells)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.labelled.len() + self.unlabelled.len()
    }

    /// Of labelled cells what the labels say and what the teachers do; of others what the teachers
    /// say alone. What teachers say is read from `kept`, or asked and kept there.
    pub fn learn(&self, config: &TrainConfig, kept: &Path) -> Result<Vec<Lesson>> {
        if self.teachers.is_empty() && self.known.is_none() {
            return Ok(self
                .labelled
                .iter()
                .cloned()
                .map(Lesson::of_labels)
                .collect());
        }
        let answers = match (&self.known, kept.exists()) {
            (_, true) => Answers::read(kept)?,
            (Some(known), false) => known.clone(),
            (None, false) => {
                let all: Vec<&Record> = self.labelled.iter().chain(&self.unlabelled).collect();
                Answers::ask(&self.teachers, &all)?
            }
        };
        if !kept.exists() {
            write_atomically(kept, &serde_json::to_vec(&answers)?)?;
        }
        self.lessons(&answers, config)
    }

    fn lessons(&self, answers: &Answers, config: &TrainConfig) -> Result<Vec<Lesson>> {
        let temperature = config.objective.temperature;
        let labelled = self.labelled.iter().map(|record| {
            let answer = answers.of(record, record.labels.len())?;
            Ok(Lesson::of_labels(record.clone()).with_answer(answer, temperature))
        });
        let unlabelled = self.unlabelled.iter().map(|record| {
            let answer = answers.of(record, record.labels.len())?;
            let called = |&p: &f32| f64::from(p) >= DEFAULT_THRESHOLD;
            let lesson = Lesson {
                record: Record {
                    labels: answer.iter().map(called).collect(),
                    ..record.clone()
                },
                targets: answer.to_vec(),
                answer: None,
            };
            Ok(lesson.with_answer(answer, temperature))
        });
        labelled.chain(unlabelled).collect()
    }
}

/// A probability at temperature T: sigmoid(logit / T).
pub fn soften(probability: f32, temperature: f64) -> f32 {
    let p = f64::from(probability).clamp(EDGE, 1.0 - EDGE);
    let logit = (p / (1.0 - p)).ln() / temperature;
    (1.0 / (1.0 + (-logit).exp())) as f32
}
