//! What there is to learn of each cell: what its labels say, and what teachers say of it.
//!
//! Teachers are asked once, before the first epoch: what varies an image afterwards leaves its
//! features alone. Their answers are kept in the run's folder, for a run that goes on and for
//! others that learn from the same teachers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::config::TrainConfig;
use super::data::Record;
use super::metrics::{DEFAULT_THRESHOLD, logit};
use super::seen::Seen;
use super::teachers::Teachers;
use crate::checkpoint::{Array, Checkpoint, Precision, StateDict};
use crate::files::write_atomically;
use crate::nuclei::FeatureSet;

/// A cell and what is to be learnt of it.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The cell; its labels say how it is drawn and mixed.
    pub record: Record,
    /// 0 to 1 for each feature.
    pub targets: Vec<f32>,
    /// What the teachers say of each feature, at the run's temperature.
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

/// What teachers say of cells, by the path of the image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Who was asked: the paths of their models.
    pub teachers: Vec<String>,
    /// The probability of each feature.
    pub cells: BTreeMap<String, Vec<f32>>,
}

/// The tensor of the file, `[cells, features]`, and the lists in its metadata.
const PROBABILITIES: &str = "probabilities";
const CELLS: &str = "cells";
const TEACHERS: &str = "teachers";

impl Answers {
    /// The answers of a run's `answers.safetensors`.
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
        Ok(Self {
            teachers: list(TEACHERS)?,
            cells: cells.into_iter().zip(rows).collect(),
        })
    }

    fn write(&self, path: &Path) -> Result<()> {
        let probabilities = Array {
            shape: vec![
                self.cells.len(),
                self.cells.values().next().map_or(0, Vec::len),
            ],
            values: self.cells.values().flatten().copied().collect(),
        };
        let tensors = StateDict(BTreeMap::from([(PROBABILITIES.into(), probabilities)]));
        let cells: Vec<&String> = self.cells.keys().collect();
        let metadata = HashMap::from([
            (CELLS.into(), serde_json::to_string(&cells)?),
            (TEACHERS.into(), serde_json::to_string(&self.teachers)?),
        ]);
        write_atomically(path, &tensors.write(Precision::F32, metadata)?)
    }

    fn ask(teachers: &Teachers, cells: &[&Record]) -> Result<Self> {
        let answers = cells.iter().zip(teachers.answers(cells)?);
        Ok(Self {
            teachers: teachers.names(),
            cells: answers.map(|(cell, answer)| (key(cell), answer)).collect(),
        })
    }

    fn of(&self, record: &Record) -> Result<&[f32]> {
        let (key, features) = (key(record), record.labels.len());
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
    beside: Beside,
}

/// Who says something beside the labels.
#[derive(Debug)]
enum Beside {
    Nobody,
    Teachers(Teachers),
    /// Teachers that were asked before.
    Known(Answers),
}

impl Cells {
    /// Reads and checks all that `config` names; cells without labels of the fields of `val` are
    /// left out, so that nobody learns from pictures of what is validated on. `kept` is what a run
    /// that goes on has of its teachers already.
    pub fn read(
        config: &TrainConfig,
        val: &[Record],
        features: &FeatureSet,
        device: &burn::tensor::Device,
        kept: Option<&Path>,
    ) -> Result<Self> {
        let mut unlabelled = match &config.unlabelled {
            Some(folder) => Record::unlabelled(folder, features.len())?,
            None => Vec::new(),
        };
        let validated: HashSet<&str> = val.iter().map(Record::field).collect();
        unlabelled.retain(|cell| !validated.contains(cell.field()));
        let beside = match (kept.or(config.answers.as_deref()), &config.teachers[..]) {
            (Some(answers), _) => Beside::Known(Answers::read(answers)?),
            (None, []) => Beside::Nobody,
            (None, paths) => Beside::Teachers(Teachers::read(paths, features, device)?),
        };
        let cells = Self {
            labelled: config.training_cells(features)?,
            unlabelled,
            beside,
        };
        match &cells.beside {
            Beside::Nobody => {}
            Beside::Teachers(teachers) => teachers.refuse_validated(&config.data, val)?,
            Beside::Known(answers) => {
                for record in cells.all() {
                    answers.of(record)?;
                }
                // Those of whom the model is still there.
                for name in &answers.teachers {
                    let bytes = std::fs::read(name).unwrap_or_default();
                    if let Ok(teacher) = Checkpoint::read(&bytes) {
                        Seen::by(&teacher).refuse_validated(name, &config.data, val)?;
                    }
                }
            }
        }
        Ok(cells)
    }

    fn all(&self) -> impl Iterator<Item = &Record> {
        self.labelled.iter().chain(&self.unlabelled)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all().count()
    }

    /// Of labelled cells what the labels say and what the teachers do; of others what the teachers
    /// say alone. What they say is kept at `keep`.
    pub fn learn(&self, config: &TrainConfig, keep: &Path) -> Result<Vec<Lesson>> {
        let asked;
        let answers = match &self.beside {
            Beside::Nobody => {
                let labelled = self.labelled.iter().cloned();
                return Ok(labelled.map(Lesson::of_labels).collect());
            }
            Beside::Known(answers) => answers,
            Beside::Teachers(teachers) => {
                asked = Answers::ask(teachers, &self.all().collect::<Vec<_>>())?;
                &asked
            }
        };
        answers.write(keep)?;
        self.lessons(answers, config)
    }

    fn lessons(&self, answers: &Answers, config: &TrainConfig) -> Result<Vec<Lesson>> {
        let temperature = config.objective.temperature;
        let labelled = self.labelled.iter().map(|record| {
            let answer = answers.of(record)?;
            Ok(Lesson::of_labels(record.clone()).with_answer(answer, temperature))
        });
        let unlabelled = self.unlabelled.iter().map(|record| {
            let answer = answers.of(record)?;
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
    let logit = logit(f64::from(probability)) / temperature;
    (1.0 / (1.0 + (-logit).exp())) as f32
}
