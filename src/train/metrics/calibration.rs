//! Whether a probability means what it says: of the calls at 0.7, are 70 % right?

use super::Scores;
use super::column::ratio;

/// Bins of the expected calibration error: Guo et al. 2017 (arXiv 1706.04599) use 15.
const BINS: usize = 15;

/// The probabilities of one bin, `[k/15, (k+1)/15)`, 1.0 in the last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CalibrationBin {
    /// How many probabilities fall in it.
    pub count: usize,
    /// Their mean; 0 in an empty bin.
    pub mean_probability: f64,
    /// The share of them whose feature is present; 0 in an empty bin.
    pub share_present: f64,
}

impl Scores<'_> {
    /// All n × classes probabilities in 15 bins of equal width, from 0 to 1: the reliability
    /// diagram of Guo et al. 2017.
    pub fn calibration(&self) -> Vec<CalibrationBin> {
        let mut sums = [(0usize, 0.0, 0usize); BINS];
        for i in 0..self.targets.len() {
            let (probability, target) = self.pair(i);
            let (count, probabilities, present) =
                &mut sums[((probability * BINS as f64) as usize).min(BINS - 1)];
            *count += 1;
            *probabilities += probability;
            *present += usize::from(target);
        }
        sums.into_iter()
            .map(|(count, probabilities, present)| CalibrationBin {
                count,
                mean_probability: ratio(probabilities, count as f64),
                share_present: ratio(present as f64, count as f64),
            })
            .collect()
    }

    /// Expected calibration error: Σ over the bins of share × |mean probability − share present|.
    pub(super) fn calibration_error(&self) -> f64 {
        let gap = |bin: &CalibrationBin| (bin.mean_probability - bin.share_present).abs();
        let bins = self.calibration();
        ratio(
            bins.iter().map(|bin| bin.count as f64 * gap(bin)).sum(),
            self.targets.len() as f64,
        )
    }
}
