//! How good a set of predictions is: the figures that `evaluate`, the model card and the reports
//! state, equal to scikit-learn's.
//!
//! Everything is computed in `f64` from probabilities and 0/1 labels, both row-major
//! `[n, classes]`, one row a cell image and one column a feature. `tests/golden/metrics.py` works
//! the same figures out with numpy and scikit-learn; `tests/metrics.rs` compares to 1e-6.
//!
//! Where a figure is not defined, this file does what scikit-learn does with `zero_division=0`:
//! precision, recall, F1 and average precision are 0. Only the area under the ROC curve is left
//! out (`None`), for a feature that every cell shows or none does.

use serde::{Deserialize, Serialize};

/// Bins of the expected calibration error: Guo et al. 2017 (arXiv 1706.04599) use 15.
const CALIBRATION_BINS: usize = 15;

/// The thresholds that [`Scores::search_thresholds`] tries, in hundredths: 0.10, 0.11, … 0.89,
/// as in the study.
const THRESHOLD_HUNDREDTHS: std::ops::Range<u32> = 10..90;

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
        /// How many probabilities came.
        probabilities: usize,
        /// How many labels came.
        targets: usize,
        /// How many features a row should have.
        classes: usize,
    },
    /// A network that diverged answers NaN; no figure would mean anything.
    #[error("row {row}, feature {class}: {value} is not a probability from 0 to 1")]
    NotAProbability {
        /// The cell image, counted from 0.
        row: usize,
        /// The feature's column.
        class: usize,
        /// What came.
        value: f64,
    },
}

/// Predictions beside what is true: the input of every figure in this file.
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
            .map(|((column, counts), &threshold)| FeatureSummary {
                threshold,
                support: column.positives(),
                precision: counts.precision(),
                recall: counts.recall(),
                f1: counts.f1(),
                ap: column.average_precision(),
                auc: column.auc(),
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
            sample_map: mean((0..n).map(|row| self.row(row).average_precision())),
            macro_auc: per_feature
                .iter()
                .any(|f| f.auc.is_some())
                .then(|| mean(per_feature.iter().filter_map(|f| f.auc))),
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

    /// The threshold of each feature that gives its best F1, from 0.10, 0.11, … 0.89; the lowest
    /// where several are as good, so 0.10 for a feature that no cell shows.
    ///
    /// On the cells that it was searched on, the tuned F1 flatters: search on one set of cells
    /// and state the figure on another.
    pub fn search_thresholds(&self) -> Vec<f64> {
        (0..self.classes)
            .map(|class| {
                let column = self.column(class);
                let (mut best, mut best_f1) = (f64::from(THRESHOLD_HUNDREDTHS.start) / 100.0, 0.0);
                for threshold in THRESHOLD_HUNDREDTHS.map(|k| f64::from(k) / 100.0) {
                    let f1 = column.counts(threshold).f1();
                    if f1 > best_f1 {
                        (best, best_f1) = (threshold, f1);
                    }
                }
                best
            })
            .collect()
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

    fn calibration_error(&self) -> f64 {
        let mut gaps = [0.0; CALIBRATION_BINS]; // Σ (probability − label) of each bin
        for i in 0..self.targets.len() {
            let (probability, target) = self.pair(i);
            let bin = ((probability * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1);
            gaps[bin] += probability - f64::from(target);
        }
        // share × |mean − mean| is |Σ| / total: the bin's own size cancels.
        ratio(
            gaps.iter().map(|gap: &f64| gap.abs()).sum(),
            self.targets.len() as f64,
        )
    }
}

/// Calls against labels.
#[derive(Clone, Copy, Default)]
struct Counts {
    true_positive: usize,
    false_positive: usize,
    false_negative: usize,
}

impl Counts {
    fn add(&mut self, called: bool, target: bool) {
        self.true_positive += usize::from(called && target);
        self.false_positive += usize::from(called && !target);
        self.false_negative += usize::from(!called && target);
    }

    fn plus(mut self, other: &Counts) -> Self {
        self.true_positive += other.true_positive;
        self.false_positive += other.false_positive;
        self.false_negative += other.false_negative;
        self
    }

    fn wrong(&self) -> usize {
        self.false_positive + self.false_negative
    }

    fn precision(&self) -> f64 {
        ratio(
            self.true_positive as f64,
            (self.true_positive + self.false_positive) as f64,
        )
    }

    fn recall(&self) -> f64 {
        ratio(
            self.true_positive as f64,
            (self.true_positive + self.false_negative) as f64,
        )
    }

    fn f1(&self) -> f64 {
        let twice = 2.0 * self.true_positive as f64;
        ratio(twice, twice + self.wrong() as f64)
    }
}

/// Scores and labels of one binary question, best score first.
struct Column(Vec<(f64, bool)>);

impl Column {
    fn new(mut pairs: Vec<(f64, bool)>) -> Self {
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self(pairs)
    }

    fn positives(&self) -> usize {
        self.0.iter().filter(|(_, target)| *target).count()
    }

    fn counts(&self, threshold: f64) -> Counts {
        let mut counts = Counts::default();
        for &(probability, target) in &self.0 {
            counts.add(probability >= threshold, target);
        }
        counts
    }

    /// Runs of equal score, best first, as (positives, negatives): the points at which a
    /// threshold can fall.
    fn ties(&self) -> impl Iterator<Item = (f64, f64)> {
        self.0.chunk_by(|a, b| a.0 == b.0).map(|run| {
            let positives = run.iter().filter(|(_, target)| *target).count();
            (positives as f64, (run.len() - positives) as f64)
        })
    }

    /// Σ (Rₖ − Rₖ₋₁) Pₖ over the distinct scores, as scikit-learn's `average_precision_score`:
    /// no interpolation, and tied scores enter together.
    fn average_precision(&self) -> f64 {
        let (mut hits, mut seen, mut sum) = (0.0, 0.0, 0.0);
        for (positives, negatives) in self.ties() {
            hits += positives;
            seen += positives + negatives;
            sum += positives * hits / seen;
        }
        ratio(sum, hits)
    }

    /// The share of (positive, negative) pairs in which the positive scores higher, ties by half:
    /// the area under the ROC curve by trapezoids.
    fn auc(&self) -> Option<f64> {
        let positives = self.positives() as f64;
        let total = positives * (self.0.len() as f64 - positives);
        let (mut above, mut ordered) = (0.0, 0.0);
        for (hits, misses) in self.ties() {
            ordered += misses * (above + hits / 2.0);
            above += hits;
        }
        (total > 0.0).then(|| ordered / total)
    }
}

/// 0 where there is nothing to divide by, scikit-learn's `zero_division=0`.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// 0 for nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    ratio(sum, count)
}
