//! The targets of each training cell: its labels, and the answers of teachers.
//!
//! Teachers are asked once, before the first epoch: the variation of an image leaves its features
//! alone. Their answers are kept in the run's folder, for a run that goes on and for others that
//! learn from the same teachers.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Result;
use burn::tensor::Device;

use super::answers::Answers;
use super::config::TrainConfig;
use super::data::Record;
use super::metrics::{DEFAULT_THRESHOLD, logit};
use super::seen::Seen;
use super::teachers::Teachers;
use crate::nuclei::FeatureSet;

/// A cell and its targets.
#[derive(Clone, Debug)]
pub struct TrainingCell {
    /// The cell; its labels decide how it is drawn and mixed.
    pub record: Record,
    /// 0 to 1 for each feature.
    pub targets: Vec<f32>,
    /// The teachers' answer for each feature, at the run's temperature.
    pub answer: Option<Vec<f32>>,
}

impl TrainingCell {
    /// A cell with its labels alone.
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

    /// A cell without labels: the teachers' answer takes their place.
    fn of_answer(record: &Record, answer: &[f32]) -> Self {
        let called = |&p: &f32| f64::from(p) >= DEFAULT_THRESHOLD;
        Self {
            record: Record {
                labels: answer.iter().map(called).collect(),
                ..record.clone()
            },
            targets: answer.to_vec(),
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

/// The training cells of a run, before teachers are asked about them.
#[derive(Debug)]
pub struct TrainingCells {
    labelled: Vec<Record>,
    unlabelled: Vec<Record>,
    answers: AnswerSource,
}

/// The origin of answers beside the labels.
#[derive(Debug)]
enum AnswerSource {
    None,
    Teachers(Teachers),
    /// Answers that teachers have given to another run, or to this one before it was stopped.
    File(Answers),
}

impl TrainingCells {
    /// Reads and checks the cells and teachers that `config` names. Cells without labels are left out
    /// if their field has cells in `val`: no network may learn from pictures of validation cells.
    /// `kept` is the file of answers that a resumed run has already.
    ///
    /// # Errors
    /// Cells or teachers that cannot be read; teachers that have seen cells of `val`.
    pub fn read(
        config: &TrainConfig,
        val: &[Record],
        features: &FeatureSet,
        device: &Device,
        kept: Option<&Path>,
        warn: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        let mut unlabelled = match &config.unlabelled {
            Some(folder) => Record::unlabelled(folder, features.len())?,
            None => Vec::new(),
        };
        let validated: HashSet<&str> = val.iter().map(Record::field).collect();
        unlabelled.retain(|cell| !validated.contains(cell.field()));
        let answers = match (kept.or(config.answers.as_deref()), &config.teachers[..]) {
            (Some(answers), _) => AnswerSource::File(Answers::read(answers)?),
            (None, []) => AnswerSource::None,
            (None, paths) => AnswerSource::Teachers(Teachers::read(paths, features, device)?),
        };
        let cells = Self {
            labelled: config.training_cells(features)?,
            unlabelled,
            answers,
        };
        match &cells.answers {
            AnswerSource::None => {}
            AnswerSource::Teachers(teachers) => teachers.refuse_validated(val, warn)?,
            AnswerSource::File(answers) => {
                for record in cells.all() {
                    answers.of(record)?;
                }
                let name = format!("one of the teachers {}", answers.teachers.join(", "));
                answers.seen.refuse_validated(&name, val, warn)?;
            }
        }
        Ok(cells)
    }

    fn all(&self) -> impl Iterator<Item = &Record> {
        self.labelled.iter().chain(&self.unlabelled)
    }

    /// The cells whose labels a network that learns from these cells has seen, teachers' cells
    /// included.
    ///
    /// # Errors
    /// A picture that cannot be read.
    pub fn seen(&self) -> Result<Seen> {
        let mut seen = Seen::of(&self.labelled)?;
        match &self.answers {
            AnswerSource::None => {}
            AnswerSource::Teachers(teachers) => seen.extend(&teachers.seen()),
            AnswerSource::File(answers) => seen.extend(&answers.seen),
        }
        Ok(seen)
    }

    /// The cells with their targets. Labelled cells have labels and answers, the others answers alone.
    /// The answers are kept in the file `keep`.
    ///
    /// # Errors
    /// A teacher that fails, and any failure of the file system.
    pub fn with_targets(&self, temperature: f64, keep: &Path) -> Result<Vec<TrainingCell>> {
        let asked;
        let answers = match &self.answers {
            AnswerSource::None => {
                let labelled = self.labelled.iter().cloned();
                return Ok(labelled.map(TrainingCell::of_labels).collect());
            }
            AnswerSource::File(answers) => answers,
            AnswerSource::Teachers(teachers) => {
                asked = Answers::ask(teachers, &self.all().collect::<Vec<_>>())?;
                &asked
            }
        };
        answers.write(keep)?;
        let labelled = self.labelled.iter().map(|record| {
            let answer = answers.of(record)?;
            Ok(TrainingCell::of_labels(record.clone()).with_answer(answer, temperature))
        });
        let unlabelled = self.unlabelled.iter().map(|record| {
            let answer = answers.of(record)?;
            Ok(TrainingCell::of_answer(record, answer).with_answer(answer, temperature))
        });
        labelled.chain(unlabelled).collect()
    }
}

/// A probability at temperature T: sigmoid(logit / T).
pub fn soften(probability: f32, temperature: f64) -> f32 {
    let logit = logit(f64::from(probability)) / temperature;
    (1.0 / (1.0 + (-logit).exp())) as f32
}
