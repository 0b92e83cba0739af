//! How well probabilities are calibrated: are 70 % of the calls at 0.7 right?

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

/// Probabilities are kept this far from 0 and 1, so that they have a logit.
const EDGE: f64 = 1e-6;

/// log(p / (1 − p)); p is first kept 1e-6 from 0 and from 1.
pub fn logit(probability: f64) -> f64 {
    let p = probability.clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

/// A logistic curve from a logit to the share of cells that show the feature (Platt 1999,
/// "Probabilistic Outputs for Support Vector Machines"): 1 / (1 + exp(−(slope · logit + offset))).
#[derive(Clone, Copy, Debug)]
pub(super) struct Platt {
    slope: f64,
    offset: f64,
}

impl Platt {
    /// Newton's method ends when a step is shorter than this, or after more steps than any data
    /// needs.
    const PRECISION: f64 = 1e-12;
    const MOST_STEPS: usize = 100;

    /// The likeliest curve for probabilities and labels, the labels drawn towards 1/2 by one cell
    /// of each kind, as Platt does, so that it exists however few cells there are.
    pub fn fit(cells: &[(f64, bool)]) -> Self {
        let shown = cells.iter().filter(|(_, target)| *target).count() as f64;
        let missing = cells.len() as f64 - shown;
        let target = |is_shown: bool| match is_shown {
            true => (shown + 1.0) / (shown + 2.0),
            false => 1.0 / (missing + 2.0),
        };
        let mut curve = Self {
            slope: 0.0,
            offset: ((shown + 1.0) / (missing + 1.0)).ln(),
        };
        let mut loss = curve.loss(cells, target);
        for _ in 0..Self::MOST_STEPS {
            let (mut gradient, mut curvature) = ([0.0; 2], [0.0; 3]);
            for &(probability, is_shown) in cells {
                let logit = logit(probability);
                let q = curve.calibrated(probability);
                let (error, weight) = (q - target(is_shown), q * (1.0 - q));
                gradient[0] += error * logit;
                gradient[1] += error;
                curvature[0] += weight * logit * logit;
                curvature[1] += weight * logit;
                curvature[2] += weight;
            }
            // Where all logits are one the curvature is singular: a little more has an inverse.
            let [a, b, c] = [curvature[0] + 1e-12, curvature[1], curvature[2] + 1e-12];
            let determinant = a * c - b * b;
            let step = [
                (c * gradient[0] - b * gradient[1]) / determinant,
                (a * gradient[1] - b * gradient[0]) / determinant,
            ];
            // Newton's step, halved until it does not lead uphill.
            let mut share = 1.0;
            let next = loop {
                let next = Self {
                    slope: curve.slope - share * step[0],
                    offset: curve.offset - share * step[1],
                };
                let next_loss = next.loss(cells, target);
                if next_loss <= loss {
                    loss = next_loss;
                    break next;
                }
                share /= 2.0;
                if share < Self::PRECISION {
                    return curve;
                }
            };
            curve = next;
            if share * step[0].hypot(step[1]) < Self::PRECISION {
                break;
            }
        }
        curve
    }

    /// The share of cells with this probability that show the feature.
    pub fn calibrated(self, probability: f64) -> f64 {
        let logit = self.slope * logit(probability) + self.offset;
        1.0 / (1.0 + (-logit).exp())
    }

    /// Cross-entropy with `target` of each label.
    fn loss(self, cells: &[(f64, bool)], target: impl Fn(bool) -> f64) -> f64 {
        let terms = cells.iter().map(|&(probability, is_shown)| {
            let z = self.slope * logit(probability) + self.offset;
            // log(1 + eᶻ) without overflow.
            z.max(0.0) + (-z.abs()).exp().ln_1p() - target(is_shown) * z
        });
        terms.sum()
    }
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
