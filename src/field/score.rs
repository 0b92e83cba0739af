//! How well found contours agree with those of a person.
//!
//! Both lists become label maps, see [`LabelMap`]. Nuclei are the labels that show. A found nucleus and a
//! true one match where their intersection over union (IoU) lies above a threshold. No threshold
//! is below 0.5, and above 0.5 a nucleus has one match at most, because the nuclei of a label map do not
//! overlap.

use std::collections::BTreeMap;

use serde::Serialize;

use super::LabelMap;

/// The thresholds of [`Scores::ap_50_95`]: 0.50, 0.55 … 0.95.
const AP_THRESHOLDS: usize = 10;
/// The threshold of precision, recall and panoptic quality, and the lowest of all.
const HALF: f64 = 0.5;

/// The matches of one field, or of several together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matches {
    /// The IoU of each pair above 0.5.
    overlaps: Vec<f64>,
    found: usize,
    truth: usize,
}

/// Figures between 0 and 1; 1 is best. A field without any nucleus, found or true, has 0 in all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// 2 TP / (2 TP + FP + FN), matched at IoU > 0.5. TP are the matches, FP the found nuclei without one,
    /// FN the true nuclei without one.
    pub f1_50: f64,
    /// The same at IoU > 0.75.
    pub f1_75: f64,
    /// TP / (TP + FP + FN), averaged over the thresholds 0.50, 0.55 … 0.95 (StarDist's average
    /// precision: Schmidt et al., MICCAI 2018).
    pub ap_50_95: f64,
    /// Panoptic quality at IoU > 0.5: the sum of the matches' IoU over TP + FP / 2 + FN / 2 (Kirillov et
    /// al., CVPR 2019).
    pub pq: f64,
    /// TP / (TP + FP) at IoU > 0.5.
    pub precision: f64,
    /// TP / (TP + FN) at IoU > 0.5.
    pub recall: f64,
    /// The matches at IoU > 0.5.
    pub matched: usize,
    /// The nuclei that were found.
    pub found: usize,
    /// The true nuclei.
    pub truth: usize,
}

impl Matches {
    /// Matches the nuclei of two label maps of one size.
    ///
    /// # Panics
    /// On maps of different sizes.
    pub fn new(found: &LabelMap, truth: &LabelMap) -> Self {
        assert_eq!(found.size(), truth.size(), "maps of one field");
        let areas = |map: &LabelMap| {
            let mut areas = BTreeMap::<u32, usize>::new();
            for &label in map.labels().iter().filter(|&&label| label > 0) {
                *areas.entry(label).or_default() += 1;
            }
            areas
        };
        let mut shared = BTreeMap::<(u32, u32), usize>::new();
        for (&a, &b) in found.labels().iter().zip(truth.labels()) {
            if a > 0 && b > 0 {
                *shared.entry((a, b)).or_default() += 1;
            }
        }
        let (found, truth) = (areas(found), areas(truth));
        let overlap = |((a, b), &shared): (&(u32, u32), &usize)| {
            shared as f64 / (found[a] + truth[b] - shared) as f64
        };
        Self {
            overlaps: shared
                .iter()
                .map(overlap)
                .filter(|&overlap| overlap > HALF)
                .collect(),
            found: found.len(),
            truth: truth.len(),
        }
    }

    /// The figures.
    pub fn scores(&self) -> Scores {
        let all = self.found + self.truth;
        let matched = |threshold: f64| {
            let above = self.overlaps.iter().filter(|&&overlap| overlap > threshold);
            above.count()
        };
        let f1 = |threshold| share(2 * matched(threshold), all);
        let thresholds = (0..AP_THRESHOLDS).map(|i| (10 + i) as f64 / 20.0);
        let precisions = thresholds.map(|threshold| {
            let matched = matched(threshold);
            share(matched, all - matched)
        });
        Scores {
            f1_50: f1(HALF),
            f1_75: f1(0.75),
            ap_50_95: precisions.sum::<f64>() / AP_THRESHOLDS as f64,
            pq: match all {
                0 => 0.0,
                all => 2.0 * self.overlaps.iter().sum::<f64>() / all as f64,
            },
            precision: share(matched(HALF), self.found),
            recall: share(matched(HALF), self.truth),
            matched: matched(HALF),
            found: self.found,
            truth: self.truth,
        }
    }
}

impl Extend<Matches> for Matches {
    /// Pools fields: their nuclei are counted together.
    fn extend<T: IntoIterator<Item = Matches>>(&mut self, fields: T) {
        for field in fields {
            self.overlaps.extend(field.overlaps);
            self.found += field.found;
            self.truth += field.truth;
        }
    }
}

/// `part` of `whole`, and 0 of nothing.
fn share(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    }
}
