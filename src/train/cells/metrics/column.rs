//! One binary question over many answers: counts of calls and labels, and the ranking figures.

/// Calls against labels.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    true_positive: usize,
    false_positive: usize,
    false_negative: usize,
}

impl Counts {
    pub(super) fn add(&mut self, called: bool, target: bool) {
        self.add_times(called, target, 1);
    }

    /// The same call `times` times, for a cell that a bootstrap draws so often.
    pub(super) fn add_times(&mut self, called: bool, target: bool, times: usize) {
        match (called, target) {
            (true, true) => self.true_positive += times,
            (true, false) => self.false_positive += times,
            (false, true) => self.false_negative += times,
            (false, false) => {}
        }
    }

    pub(super) fn plus(mut self, other: &Counts) -> Self {
        self.true_positive += other.true_positive;
        self.false_positive += other.false_positive;
        self.false_negative += other.false_negative;
        self
    }

    /// The number of answers that should be yes.
    pub(super) fn support(&self) -> usize {
        self.true_positive + self.false_negative
    }

    pub(super) fn wrong(&self) -> usize {
        self.false_positive + self.false_negative
    }

    pub(super) fn precision(&self) -> f64 {
        ratio(
            self.true_positive as f64,
            (self.true_positive + self.false_positive) as f64,
        )
    }

    pub(super) fn recall(&self) -> f64 {
        ratio(self.true_positive as f64, self.support() as f64)
    }

    pub(super) fn f1(&self) -> f64 {
        let twice = 2.0 * self.true_positive as f64;
        ratio(twice, twice + self.wrong() as f64)
    }
}

/// Scores and labels of one binary question, best score first.
pub(super) struct Column(Vec<(f64, bool)>);

impl Column {
    pub(super) fn new(mut pairs: Vec<(f64, bool)>) -> Self {
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self(pairs)
    }

    pub(super) fn counts(&self, threshold: f64) -> Counts {
        let mut counts = Counts::default();
        for &(probability, target) in &self.0 {
            counts.add(probability >= threshold, target);
        }
        counts
    }

    /// How well the scores rank. Runs of equal score enter at once: between them no threshold
    /// can fall.
    pub(super) fn ranking(&self) -> Ranking {
        let mut ranking = Ranking::default();
        for run in self.0.chunk_by(|a, b| a.0 == b.0) {
            let hits = run.iter().filter(|(_, target)| *target).count();
            ranking.add(hits as f64, (run.len() - hits) as f64);
        }
        ranking
    }
}

/// The ranking figures, gathered over runs of equal score from the best down.
#[derive(Clone, Copy, Default)]
pub(super) struct Ranking {
    hits: f64,
    misses: f64,
    /// Σ over the hits of the precision at which each is found.
    precision: f64,
    /// Pairs of a hit and a miss in which the hit scores higher, ties by half.
    ordered: f64,
}

impl Ranking {
    /// The next run: the number that should score high, and the number that should not.
    pub(super) fn add(&mut self, hits: f64, misses: f64) {
        self.ordered += misses * (self.hits + hits / 2.0);
        self.hits += hits;
        self.misses += misses;
        self.precision += hits * ratio(self.hits, self.hits + self.misses);
    }

    /// Σ (Rₖ − Rₖ₋₁) Pₖ over the distinct scores, as scikit-learn's `average_precision_score`:
    /// no interpolation, and tied scores enter together.
    pub(super) fn average_precision(&self) -> f64 {
        ratio(self.precision, self.hits)
    }

    /// The share of (hit, miss) pairs in which the hit scores higher, ties by half: the area
    /// under the ROC curve by trapezoids.
    pub(super) fn auc(&self) -> Option<f64> {
        let pairs = self.hits * self.misses;
        (pairs > 0.0).then(|| self.ordered / pairs)
    }
}

/// 0 where there is nothing to divide by, scikit-learn's `zero_division=0`.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// 0 for nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    mean_defined(values).unwrap_or(0.0)
}

/// `None` for nothing.
pub(super) fn mean_defined(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
