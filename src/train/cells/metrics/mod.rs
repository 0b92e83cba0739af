//! How good a set of predictions is: the figures that `evaluate`, the model card and the reports
//! state, equal to scikit-learn's.
//!
//! Everything is computed in `f64` from probabilities and 0/1 labels, both row-major
//! `[n, classes]`, one row a cell image and one column a feature. `tests/golden/metrics.py` works
//! the same figures out with numpy and scikit-learn; `tests/metrics.rs` compares to 1e-6.
//!
//! Beside the [`Summary`]: the thresholds that suit the predictions, and F1 at thresholds that
//! were searched on other cells ([`Scores::cross_fitted_calls`]); the 95 % [`Intervals`] of the
//! figures; the bins of a reliability diagram ([`Scores::calibration`]); and which feature is
//! taken for which ([`Scores::confusion`]).
//!
//! Where a figure is not defined, this file follows scikit-learn with `zero_division=0`:
//! precision, recall, F1 and average precision are 0. Only the area under the ROC curve is left
//! out (`None`), for a feature that every cell shows or none does.

mod calibration;
mod column;
mod confusion;
mod intervals;
mod thresholds;

use serde::{Deserialize, Serialize};

pub use calibration::{CalibrationBin, logit};
pub use intervals::Intervals;
pub use thresholds::{CallScores, ThresholdSearch};

use column::{Column, Counts, mean, mean_defined, ratio};

/// The threshold that most published figures are stated at.
pub const DEFAULT_THRESHOLD: f64 = 0.5;

/// Why a set of predictions cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// The columns do not fit the numbers given.
    #[error(
        "{probabilities} probabilities and {targets} labels do not make whole rows of {classes} \
         features"
    )]
    Shape {
        /// The number of probabilities.
        probabilities: usize,
        /// The number of labels.
        targets: usize,
        /// The number of features that a row should have.
        classes: usize,
    },
    /// A network that diverged answers NaN; no figure would mean anything.
    #[error("row {row}, feature {class}: {value} is not a probability from 0 to 1")]
    NotAProbability {
        /// The cell image, counted from 0.
        row: usize,
        /// The feature's column.
        class: usize,
        /// The value.
        value: f64,
    },
}

/// Predictions beside the labels: the input of every figure in this file.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    probabilities: &'a [f64],
    targets: &'a [bool],
    classes: usize,
}

/// The figures for one feature, at one threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureSummary {
    /// The probability from which the feature was called present.
    pub threshold: f64,
    /// How many cells show the feature.
    pub support: usize,
    /// True calls among the calls; 0 where nothing was called.
    pub precision: f64,
    /// True calls among the cells that show the feature; 0 where none does.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Average precision, free of the threshold; 0 where no cell shows the feature.
    pub ap: f64,
    /// Area under the ROC curve, free of the threshold; `None` where all or no cells show it.
    pub auc: Option<f64>,
}

/// All figures for one set of predictions.
///
/// F1, exact match and Hamming loss depend on the thresholds; average precision, AUC and
/// calibration do not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many cells were scored. With none, every figure is 0.
    pub n: usize,
    /// Mean of the features' F1: each feature counts alike.
    pub macro_f1: f64,
    /// F1 over all n × classes calls at once.
    pub micro_f1: f64,
    /// Mean of the features' F1, weighted by how many cells show each.
    pub weighted_f1: f64,
    /// Mean of the cells' F1, each over its own features; 0 for a cell with nothing called and
    /// nothing to call.
    pub samples_f1: f64,
    /// Class mAP: mean over features of the average precision of ranking the cells
    /// (scikit-learn's `average_precision_score(average="macro")`).
    pub class_map: f64,
    /// Sample mAP: mean over cells of the average precision of ranking the features
    /// (`average="samples"`); a cell without any feature counts as 0.
    pub sample_map: f64,
    /// Mean of the AUC over the features that have one; `None` where none has.
    pub macro_auc: Option<f64>,
    /// Share of the cells with every feature called right.
    pub exact_match: f64,
    /// Share of the n × classes calls that are wrong.
    pub hamming_loss: f64,
    /// Expected calibration error over all n × classes probabilities: 15 bins of equal width,
    /// `[k/15, (k+1)/15)`, 1.0 in the last; Σ over bins of share × |mean probability − share true|.
    pub calibration_error: f64,
    /// The same by feature, in label order.
    pub per_feature: Vec<FeatureSummary>,
}

impl<'a> Scores<'a> {
    /// Probabilities from 0 to 1 and labels, both row-major `[n, classes]`; n may be 0.
    ///
    /// # Errors
    /// [`ScoreError`] where the lengths do not fit or a probability is none (NaN included).
    pub fn new(
        probabilities: &'a [f64],
        targets: &'a [bool],
        classes: usize,
    ) -> Result<Self, ScoreError> {
        let (probs, labels) = (probabilities.len(), targets.len());
        if classes == 0 || probs != labels || probs % classes != 0 {
            return Err(ScoreError::Shape {
                probabilities: probs,
                targets: labels,
                classes,
            });
        }
        match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
            Some(at) => Err(ScoreError::NotAProbability {
                row: at / classes,
                class: at % classes,
                value: probabilities[at],
            }),
            None => Ok(Self {
                probabilities,
                targets,
                classes,
            }),
        }
    }

    /// How many cells there are.
    pub fn rows(&self) -> usize {
        self.targets.len() / self.classes
    }

    /// All figures; feature c is called present where its probability is at least
    /// `thresholds[c]`.
    ///
    /// # Panics
    /// If `thresholds` does not hold one number per feature.
    pub fn summarise(&self, thresholds: &[f64]) -> Summary {
        assert_eq!(thresholds.len(), self.classes, "one threshold per feature");
        let columns: Vec<Column> = (0..self.classes).map(|class| self.column(class)).collect();
        let counts: Vec<Counts> = columns
            .iter()
            .zip(thresholds)
            .map(|(column, &t)| column.counts(t))
            .collect();
        let per_feature: Vec<FeatureSummary> = columns
            .iter()
            .zip(&counts)
            .zip(thresholds)
            .map(|((column, counts), &threshold)| {
                let ranking = column.ranking();
                FeatureSummary {
                    threshold,
                    support: counts.support(),
                    precision: counts.precision(),
                    recall: counts.recall(),
                    f1: counts.f1(),
                    ap: ranking.average_precision(),
                    auc: ranking.auc(),
                }
            })
            .collect();

        let n = self.rows();
        let rows: Vec<Counts> = (0..n).map(|row| self.row_counts(row, thresholds)).collect();
        let pooled = counts.iter().fold(Counts::default(), |sum, c| sum.plus(c));
        let supports: f64 = per_feature.iter().map(|f| f.support as f64).sum();
        Summary {
            n,
            macro_f1: mean(per_feature.iter().map(|f| f.f1)),
            micro_f1: pooled.f1(),
            weighted_f1: ratio(
                per_feature.iter().map(|f| f.f1 * f.support as f64).sum(),
                supports,
            ),
            samples_f1: mean(rows.iter().map(Counts::f1)),
            class_map: mean(per_feature.iter().map(|f| f.ap)),
            sample_map: mean((0..n).map(|row| self.row(row).ranking().average_precision())),
            macro_auc: mean_defined(per_feature.iter().filter_map(|f| f.auc)),
            exact_match: mean(rows.iter().map(|c| f64::from(c.wrong() == 0))),
            hamming_loss: ratio(pooled.wrong() as f64, self.targets.len() as f64),
            calibration_error: self.calibration_error(),
            per_feature,
        }
    }

    /// The figures of calling every feature present in every cell, with probability 1: the row
    /// that a model has to beat.
    pub fn all_present(&self) -> Summary {
        let ones = vec![1.0; self.targets.len()];
        let certain = Scores {
            probabilities: &ones,
            targets: self.targets,
            classes: self.classes,
        };
        certain.summarise(&vec![DEFAULT_THRESHOLD; self.classes])
    }

    /// One feature over all cells.
    fn column(&self, class: usize) -> Column {
        let cells = (class..self.targets.len()).step_by(self.classes);
        Column::new(cells.map(|i| self.pair(i)).collect())
    }

    /// One cell over all features.
    fn row(&self, row: usize) -> Column {
        let start = row * self.classes;
        Column::new(
            (start..start + self.classes)
                .map(|i| self.pair(i))
                .collect(),
        )
    }

    fn pair(&self, i: usize) -> (f64, bool) {
        (self.probabilities[i], self.targets[i])
    }

    fn row_counts(&self, row: usize, thresholds: &[f64]) -> Counts {
        let mut counts = Counts::default();
        for (class, &threshold) in thresholds.iter().enumerate() {
            let (probability, target) = self.pair(row * self.classes + class);
            counts.add(probability >= threshold, target);
        }
        counts
    }
}
