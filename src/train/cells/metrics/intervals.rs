//! How far figures and thresholds would move with other cells: 95 % bootstrap intervals of figures, 90 % of
//! thresholds.
//!
//! Cells are drawn one by one. The cells of one field resemble each other, so the intervals are too
//! narrow rather than too wide.
//!
//! For figures a resample is a count for each cell: the cells are ranked once, and each resample walks
//! the ranking with its counts as weights. Thresholds are searched anew in each resample.

use serde::{Deserialize, Serialize};

use super::column::{Counts, Ranking, mean, mean_defined, ratio};
use super::{Scores, ThresholdSearch};
use crate::bootstrap::{TAIL, interval, resamples};

/// The share of the resamples that lies below and above the 90 % of a threshold's interval.
const THRESHOLD_TAIL: f64 = 0.05;

/// 95 % intervals, `[low, high]`, of the figures of the same name in
/// [`Summary`](super::Summary).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // Explained at the summary.
pub struct Intervals {
    pub macro_f1: [f64; 2],
    pub micro_f1: [f64; 2],
    pub weighted_f1: [f64; 2],
    pub samples_f1: [f64; 2],
    pub class_map: [f64; 2],
    pub sample_map: [f64; 2],
    /// Over the resamples in which a feature has an AUC; `None` where no resample does.
    pub macro_auc: Option<[f64; 2]>,
}

impl Scores<'_> {
    /// 95 % intervals at `thresholds` over `count` random resamples of the cells; a seed repeats
    /// them exactly.
    ///
    /// # Panics
    /// If `thresholds` does not hold one number per feature, or there are no resamples.
    pub fn intervals(&self, thresholds: &[f64], count: usize, seed: u64) -> Intervals {
        self.intervals_over(thresholds, resamples(self.rows(), count, seed))
    }

    /// How far each of `thresholds` would move with other cells: the 90 % interval `[low, high]` of
    /// the thresholds that `search` finds on `count` random resamples of the cells. It is widened where
    /// it would not hold the threshold itself. A seed repeats the intervals exactly.
    ///
    /// # Panics
    /// If `thresholds` does not hold one number per feature, or there are no resamples.
    pub fn threshold_intervals(
        &self,
        thresholds: &[f64],
        search: ThresholdSearch,
        count: usize,
        seed: u64,
    ) -> Vec<[f64; 2]> {
        assert_eq!(thresholds.len(), self.classes, "one threshold per feature");
        let mut found = vec![Vec::with_capacity(count); self.classes];
        for rows in resamples(self.rows(), count, seed) {
            for (class, found) in found.iter_mut().enumerate() {
                found.push(self.search_threshold(search, class, rows.iter().copied()));
            }
        }
        let widened = |(found, &threshold): (Vec<f64>, &f64)| {
            let [low, high] = interval(found, THRESHOLD_TAIL).expect("at least one resample");
            [low.min(threshold), high.max(threshold)]
        };
        found.into_iter().zip(thresholds).map(widened).collect()
    }

    /// 95 % intervals over given resamples, each a list of rows.
    ///
    /// # Panics
    /// If `thresholds` does not hold one number per feature, there are no resamples, or one
    /// names a row that is not there.
    pub fn intervals_over(
        &self,
        thresholds: &[f64],
        resamples: impl IntoIterator<Item = impl AsRef<[usize]>>,
    ) -> Intervals {
        assert_eq!(thresholds.len(), self.classes, "one threshold per feature");
        let ranked = Ranked::new(self, thresholds);
        let mut figures: [Vec<f64>; 7] = Default::default();
        for rows in resamples {
            let mut times = vec![0; self.rows()];
            rows.as_ref().iter().for_each(|&row| times[row] += 1);
            for (values, value) in figures.iter_mut().zip(ranked.figures(&times)) {
                values.extend(value);
            }
        }
        let [
            macro_f1,
            micro_f1,
            weighted_f1,
            samples_f1,
            class_map,
            sample_map,
            macro_auc,
        ] = figures.map(|values| interval(values, TAIL));
        let defined = |interval: Option<[f64; 2]>| interval.expect("at least one resample");
        Intervals {
            macro_f1: defined(macro_f1),
            micro_f1: defined(micro_f1),
            weighted_f1: defined(weighted_f1),
            samples_f1: defined(samples_f1),
            class_map: defined(class_map),
            sample_map: defined(sample_map),
            macro_auc,
        }
    }
}

/// Predictions sorted once for all resamples.
struct Ranked {
    /// Each feature's cells, best score first.
    columns: Vec<Vec<RankedCell>>,
    /// Each cell's F1 over its features, which is the same in each resample.
    f1_of_row: Vec<f64>,
    /// Each cell's average precision over its features.
    precision_of_row: Vec<f64>,
}

struct RankedCell {
    row: usize,
    called: bool,
    target: bool,
    /// The next cell scores less.
    ends_tie: bool,
}

impl Ranked {
    fn new(scores: &Scores, thresholds: &[f64]) -> Self {
        let column = |(class, &threshold): (usize, &f64)| {
            let probability = |row: usize| scores.probabilities[row * scores.classes + class];
            let mut rows: Vec<usize> = (0..scores.rows()).collect();
            rows.sort_by(|&a, &b| probability(b).total_cmp(&probability(a)));
            let next = |i: usize| rows.get(i + 1).map(|&row| probability(row));
            rows.iter()
                .enumerate()
                .map(|(i, &row)| RankedCell {
                    row,
                    called: probability(row) >= threshold,
                    target: scores.targets[row * scores.classes + class],
                    ends_tie: next(i) != Some(probability(row)),
                })
                .collect()
        };
        let rows = 0..scores.rows();
        Self {
            columns: thresholds.iter().enumerate().map(column).collect(),
            f1_of_row: rows
                .clone()
                .map(|row| scores.row_counts(row, thresholds).f1())
                .collect(),
            precision_of_row: rows
                .map(|row| scores.row(row).ranking().average_precision())
                .collect(),
        }
    }

    /// The figures, in the order of [`Intervals`], where row r is there `times[r]` times.
    fn figures(&self, times: &[usize]) -> [Option<f64>; 7] {
        let (counts, rankings): (Vec<Counts>, Vec<Ranking>) = self
            .columns
            .iter()
            .map(|column| weighted(column, times))
            .unzip();
        let pooled = counts.iter().fold(Counts::default(), |sum, c| sum.plus(c));
        let by_support = counts.iter().map(|c| c.f1() * c.support() as f64).sum();
        let drawn = times.iter().sum::<usize>() as f64;
        let over_rows = |values: &[f64]| {
            let weighted = values.iter().zip(times).map(|(v, &t)| v * t as f64);
            ratio(weighted.sum(), drawn)
        };
        [
            Some(mean(counts.iter().map(Counts::f1))),
            Some(pooled.f1()),
            Some(ratio(by_support, pooled.support() as f64)),
            Some(over_rows(&self.f1_of_row)),
            Some(mean(rankings.iter().map(Ranking::average_precision))),
            Some(over_rows(&self.precision_of_row)),
            mean_defined(rankings.iter().filter_map(Ranking::auc)),
        ]
    }
}

/// One feature's calls and ranking, cells weighted by how often they were drawn.
fn weighted(column: &[RankedCell], times: &[usize]) -> (Counts, Ranking) {
    let (mut counts, mut ranking) = (Counts::default(), Ranking::default());
    let (mut hits, mut misses) = (0, 0);
    for cell in column {
        let times = times[cell.row];
        counts.add_times(cell.called, cell.target, times);
        *(if cell.target { &mut hits } else { &mut misses }) += times;
        if cell.ends_tie {
            ranking.add(hits as f64, misses as f64);
            (hits, misses) = (0, 0);
        }
    }
    (counts, ranking)
}
