//! How good a model is on a split.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::data::{Record, folds_by_field, in_chunks};
use super::metrics::{DEFAULT_THRESHOLD, Intervals, Scores, Summary, ThresholdSearch};
use crate::bootstrap::RESAMPLES;
use crate::classify::Classifier;

/// Parts that the cells are cut into for thresholds searched on other cells.
const FOLDS: usize = 5;

/// The seed of the bootstrap and of the folds: the same cells and probabilities give the same figures
/// everywhere.
const SEED: u64 = 0;

/// A model's figures on a split, and the figures of calling every feature present.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// The figures at probability 0.5.
    #[serde(flatten)]
    pub summary: Summary,
    /// 95 % bootstrap intervals of those figures, over 1,000 resamples of the cells.
    pub intervals: Intervals,
    /// Macro-F1 at the thresholds of the model card.
    pub macro_f1_tuned: f64,
    /// Micro-F1 at the thresholds of the model card.
    pub micro_f1_tuned: f64,
    /// Macro-F1 where each cell is called at thresholds that were searched on the cells of other
    /// fields, in five folds; `None` where there is only one field.
    pub macro_f1_cross_fitted: Option<f64>,
    /// Micro-F1 of the same calls.
    pub micro_f1_cross_fitted: Option<f64>,
    /// All figures at the thresholds of the model card.
    pub tuned: Summary,
    /// The figures of calling every feature present.
    pub all_present: Summary,
}

/// One figure over all features, by name, as tables show it.
#[derive(Clone, Debug)]
pub struct NamedFigure {
    /// Its name for people.
    pub name: &'static str,
    /// The model's value at probability 0.5; `None` where it is not defined.
    pub value: Option<f64>,
    /// Its 95 % interval, where one is worked out.
    pub interval: Option<[f64; 2]>,
    /// The value for calling every feature present.
    pub all_present: Option<f64>,
}

impl Evaluation {
    /// The figures over all features, those with an interval first.
    pub fn figures(&self) -> Vec<NamedFigure> {
        type Pick = fn(&Summary) -> Option<f64>;
        let within = &self.intervals;
        let rows: [(&str, Pick, Option<[f64; 2]>); 10] = [
            ("macro F1", |s| Some(s.macro_f1), Some(within.macro_f1)),
            ("micro F1", |s| Some(s.micro_f1), Some(within.micro_f1)),
            (
                "weighted F1",
                |s| Some(s.weighted_f1),
                Some(within.weighted_f1),
            ),
            (
                "samples F1",
                |s| Some(s.samples_f1),
                Some(within.samples_f1),
            ),
            ("class mAP", |s| Some(s.class_map), Some(within.class_map)),
            (
                "sample mAP",
                |s| Some(s.sample_map),
                Some(within.sample_map),
            ),
            ("macro AUC", |s| s.macro_auc, within.macro_auc),
            ("exact match", |s| Some(s.exact_match), None),
            ("Hamming loss", |s| Some(s.hamming_loss), None),
            ("calibration error", |s| Some(s.calibration_error), None),
        ];
        rows.map(|(name, pick, interval)| NamedFigure {
            name,
            value: pick(&self.summary),
            interval,
            all_present: pick(&self.all_present),
        })
        .to_vec()
    }

    /// The figures of a model card, by name. Each name begins with the split's name.
    pub fn card_figures(&self, split: &str) -> BTreeMap<String, f64> {
        let figures = [
            ("cells", Some(self.summary.n as f64)),
            ("macro_f1", Some(self.summary.macro_f1)),
            ("micro_f1", Some(self.summary.micro_f1)),
            ("macro_f1_tuned", Some(self.macro_f1_tuned)),
            ("macro_f1_cross_fitted", self.macro_f1_cross_fitted),
            ("micro_f1_cross_fitted", self.micro_f1_cross_fitted),
            ("class_map", Some(self.summary.class_map)),
            ("sample_map", Some(self.summary.sample_map)),
            ("macro_auc", self.summary.macro_auc),
        ];
        let there = figures.into_iter();
        there
            .filter_map(|(name, value)| Some((format!("{split}_{name}"), value?)))
            .collect()
    }
}

/// Probabilities and labels of a split, row after row.
#[derive(Clone, Debug)]
pub struct SplitScores {
    /// `[cells, features]`.
    pub probabilities: Vec<f64>,
    /// `[cells, features]`.
    pub targets: Vec<bool>,
    /// The number of features.
    pub features: usize,
    /// The fold of each cell, of five; the cells of one field are in one fold.
    pub fold_of_row: Vec<usize>,
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
        let features = classifier.card().task.features.len();
        let mut scores = Self {
            probabilities: Vec::new(),
            targets: Vec::new(),
            features,
            fold_of_row: folds_by_field(records, FOLDS, SEED),
        };
        for chunk in in_chunks(records) {
            let (records, cells) = chunk?;
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
    /// A probability that is not from 0 to 1.
    pub fn scores(&self) -> Result<Scores<'_>> {
        Ok(Scores::new(
            &self.probabilities,
            &self.targets,
            self.features,
        )?)
    }

    /// How far each of `thresholds` would move with other cells: the bands of
    /// [`Classification::unsure`](crate::checkpoint::Classification::unsure), 90 % bootstrap intervals of
    /// the thresholds that `search` finds.
    ///
    /// # Errors
    /// A probability that is not from 0 to 1.
    pub fn unsure(&self, thresholds: &[f64], search: ThresholdSearch) -> Result<Vec<[f64; 2]>> {
        let scores = self.scores()?;
        Ok(scores.threshold_intervals(thresholds, search, RESAMPLES, SEED))
    }

    /// The figures at 0.5, at `thresholds`, and at thresholds that `search` finds on other cells.
    ///
    /// # Errors
    /// A probability that is not from 0 to 1.
    pub fn evaluate(&self, thresholds: &[f64], search: ThresholdSearch) -> Result<Evaluation> {
        let scores = self.scores()?;
        let tuned = scores.summarise(thresholds);
        let half = vec![DEFAULT_THRESHOLD; self.features];
        let folds = &self.fold_of_row;
        let cross_fitted = folds
            .iter()
            .any(|&fold| fold != folds[0])
            .then(|| scores.score_calls(&scores.cross_fitted_calls(search, folds)));
        Ok(Evaluation {
            summary: scores.summarise(&half),
            intervals: scores.intervals(&half, RESAMPLES, SEED),
            macro_f1_tuned: tuned.macro_f1,
            micro_f1_tuned: tuned.micro_f1,
            macro_f1_cross_fitted: cross_fitted.map(|f1| f1.macro_f1),
            micro_f1_cross_fitted: cross_fitted.map(|f1| f1.micro_f1),
            tuned,
            all_present: scores.all_present(),
        })
    }
}
