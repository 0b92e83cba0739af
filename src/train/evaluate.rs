//! How good a model is on a split.

use anyhow::Result;
use serde::Serialize;

use super::data::Record;
use super::metrics::{DEFAULT_THRESHOLD, Scores, Summary};
use crate::classify::Classifier;

/// Cell images decoded at a time: a bound on memory, whatever the split's size.
const CHUNK: usize = 64;

/// A model's figures on a split, beside those of calling every feature present.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// The figures at probability 0.5.
    #[serde(flatten)]
    pub summary: Summary,
    /// Macro-F1 at the thresholds of the model card.
    pub macro_f1_tuned: f64,
    /// Micro-F1 at the thresholds of the model card.
    pub micro_f1_tuned: f64,
    /// What calling every feature present would get.
    pub all_present: Summary,
}

/// Probabilities and labels of a split, row after row.
#[derive(Clone, Debug)]
pub struct SplitScores {
    /// `[cells, features]`.
    pub probabilities: Vec<f64>,
    /// `[cells, features]`.
    pub targets: Vec<bool>,
    /// How many features there are.
    pub features: usize,
}

impl SplitScores {
    /// Runs `classifier` over `records`, calling `progress` with the number of cells done.
    ///
    /// # Errors
    /// An image that cannot be read, or a device that fails.
    pub fn compute(
        classifier: &Classifier,
        records: &[Record],
        mut progress: impl FnMut(usize),
    ) -> Result<Self> {
        let features = classifier.card().features.len();
        let mut scores = Self {
            probabilities: Vec::new(),
            targets: Vec::new(),
            features,
        };
        for records in records.chunks(CHUNK) {
            let cells = records
                .iter()
                .map(Record::read)
                .collect::<Result<Vec<_>, _>>()?;
            let probabilities = pollster::block_on(classifier.probabilities(&cells))?;
            scores
                .probabilities
                .extend(probabilities.into_iter().map(f64::from));
            scores.targets.extend(
                records
                    .iter()
                    .flat_map(|record| record.labels.iter().copied()),
            );
            progress(scores.targets.len() / features);
        }
        Ok(scores)
    }

    /// The same as input of the metrics.
    ///
    /// # Errors
    /// Probabilities that are none.
    pub fn scores(&self) -> Result<Scores<'_>> {
        Ok(Scores::new(
            &self.probabilities,
            &self.targets,
            self.features,
        )?)
    }

    /// The figures at 0.5 and at `thresholds`.
    ///
    /// # Errors
    /// Probabilities that are none.
    pub fn evaluate(&self, thresholds: &[f64]) -> Result<Evaluation> {
        let scores = self.scores()?;
        let tuned = scores.summarise(thresholds);
        Ok(Evaluation {
            summary: scores.summarise(&vec![DEFAULT_THRESHOLD; self.features]),
            macro_f1_tuned: tuned.macro_f1,
            micro_f1_tuned: tuned.micro_f1,
            all_present: scores.all_present(),
        })
    }
}
