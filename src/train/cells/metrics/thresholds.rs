//! The thresholds that suit a set of predictions, and their worth on cells that they were not searched
//! on.

use serde::{Deserialize, Serialize};

use super::Scores;
use super::calibration::Platt;
use super::column::{Counts, mean};

/// The thresholds that are tried, in hundredths: 0.10, 0.11, … 0.89, as in the study.
const HUNDREDTHS: std::ops::Range<u32> = 10..90;

/// How the threshold of a feature is searched, from 0.10, 0.11, … 0.89: the lowest where several
/// are as good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThresholdSearch {
    /// The highest F1 on the cells searched, the study's way. With few cells one lucky call can
    /// move it far.
    Highest,
    /// The highest F1 to be expected: probabilities are calibrated on the cells searched (Platt's
    /// logistic curve over the logits), and every cell then counts as that share of a hit.
    #[default]
    Expected,
}

/// The F1 of calls, without regard to the thresholds that they were made at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallScores {
    /// Mean of the features' F1.
    pub macro_f1: f64,
    /// F1 over all n × classes calls at once.
    pub micro_f1: f64,
}

impl Scores<'_> {
    /// The threshold of each feature; 0.10 where there are no cells to search on.
    ///
    /// On the cells that it was searched on, the tuned F1 flatters: search on one set of cells
    /// and state the figure on another, as [`cross_fitted_calls`](Self::cross_fitted_calls) does.
    pub fn search_thresholds(&self, search: ThresholdSearch) -> Vec<f64> {
        (0..self.classes)
            .map(|class| self.search_threshold(search, class, 0..self.rows()))
            .collect()
    }

    /// Calls `[n, classes]` at thresholds that never saw the cell: the thresholds of fold k come from
    /// [`search_thresholds`](Self::search_thresholds) on the cells of all other folds.
    ///
    /// `fold_of_row` gives each cell's fold. Any numbers will do, but cells that resemble each
    /// other, as the cells of one field do, belong in one fold. With a single fold there is nothing
    /// to search on, and every threshold is 0.10.
    ///
    /// # Panics
    /// If there is not one fold number a cell.
    pub fn cross_fitted_calls(&self, search: ThresholdSearch, fold_of_row: &[usize]) -> Vec<bool> {
        assert_eq!(fold_of_row.len(), self.rows(), "one fold number a cell");
        let mut folds = fold_of_row.to_vec();
        folds.sort_unstable();
        folds.dedup();
        let mut calls = vec![false; self.targets.len()];
        for fold in folds {
            for class in 0..self.classes {
                let others = (0..self.rows()).filter(|&row| fold_of_row[row] != fold);
                let threshold = self.search_threshold(search, class, others);
                for (row, _) in fold_of_row.iter().enumerate().filter(|(_, f)| **f == fold) {
                    let i = row * self.classes + class;
                    calls[i] = self.probabilities[i] >= threshold;
                }
            }
        }
        calls
    }

    /// How good `calls`, `[n, classes]`, are.
    ///
    /// # Panics
    /// If there is not one call a label.
    pub fn score_calls(&self, calls: &[bool]) -> CallScores {
        assert_eq!(calls.len(), self.targets.len(), "one call a label");
        let mut counts = vec![Counts::default(); self.classes];
        for (i, (&call, &target)) in calls.iter().zip(self.targets).enumerate() {
            counts[i % self.classes].add(call, target);
        }
        let pooled = counts.iter().fold(Counts::default(), |sum, c| sum.plus(c));
        CallScores {
            macro_f1: mean(counts.iter().map(Counts::f1)),
            micro_f1: pooled.f1(),
        }
    }

    /// The threshold of one feature on these rows; a row that comes twice counts twice.
    pub(super) fn search_threshold(
        &self,
        search: ThresholdSearch,
        class: usize,
        rows: impl Iterator<Item = usize>,
    ) -> f64 {
        let cells: Vec<(f64, bool)> = rows
            .map(|row| self.pair(row * self.classes + class))
            .collect();
        // The worth of a call of each cell.
        let worth: Vec<f64> = match search {
            ThresholdSearch::Highest => {
                let shown = cells.iter().map(|(_, target)| *target);
                shown.map(|shown| f64::from(u8::from(shown))).collect()
            }
            ThresholdSearch::Expected => {
                let curve = Platt::fit(&cells);
                cells.iter().map(|(p, _)| curve.calibrated(*p)).collect()
            }
        };
        let all: f64 = worth.iter().sum();
        let (mut best, mut best_f1) = (f64::from(HUNDREDTHS.start) / 100.0, 0.0);
        for threshold in HUNDREDTHS.map(|k| f64::from(k) / 100.0) {
            let (mut hits, mut called) = (0.0, 0.0);
            for ((probability, _), worth) in cells.iter().zip(&worth) {
                if *probability >= threshold {
                    (hits, called) = (hits + worth, called + 1.0);
                }
            }
            // With labels for worth, this is F1 = 2 TP / (called + shown).
            let f1 = 2.0 * hits / f64::max(called + all, f64::MIN_POSITIVE);
            if f1 > best_f1 {
                (best, best_f1) = (threshold, f1);
            }
        }
        best
    }
}
