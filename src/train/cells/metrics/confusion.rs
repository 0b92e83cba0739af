//! The features that are taken for each other.

use super::Scores;
use super::column::ratio;

impl Scores<'_> {
    /// How often one feature is called in the place of another, `[feature a][feature b]`: the share
    /// with a call of b, at `thresholds`, among the cells that show a and not b. The diagonal holds the
    /// recall: the share with a call of a among the cells that show a. `None` where there are no such
    /// cells.
    ///
    /// # Panics
    /// If `thresholds` does not hold one number per feature.
    pub fn confusion(&self, thresholds: &[f64]) -> Vec<Vec<Option<f64>>> {
        assert_eq!(thresholds.len(), self.classes, "one threshold per feature");
        let features = 0..self.classes;
        let share = |a: usize, b: usize| {
            let (mut cells, mut called) = (0usize, 0usize);
            for row in 0..self.rows() {
                let at = |class: usize| self.pair(row * self.classes + class);
                let (probability, shows_b) = at(b);
                if at(a).1 && (a == b || !shows_b) {
                    cells += 1;
                    called += usize::from(probability >= thresholds[b]);
                }
            }
            (cells > 0).then(|| ratio(called as f64, cells as f64))
        };
        features
            .clone()
            .map(|a| features.clone().map(|b| share(a, b)).collect())
            .collect()
    }
}
