//! How far a figure would move with other cells or fields: the percentile bootstrap.
//!
//! A resample draws as many rows as there are, with replacement, and computes everything again. Two
//! percentiles of many resamples bound the interval: the 2.5th and 97.5th for figures (Efron and
//! Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The usual number of resamples: with so many, a bound moves by about a tenth of the interval's width
/// between seeds.
pub const RESAMPLES: usize = 1000;

/// The share of the resamples that lies below and above an interval of 95 %.
pub const TAIL: f64 = 0.025;

/// Lists of as many of `rows` rows as there are, drawn with replacement. A seed repeats them exactly.
pub fn resamples(rows: usize, resamples: usize, seed: u64) -> impl Iterator<Item = Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..resamples).map(move |_| (0..rows).map(|_| random.random_range(0..rows)).collect())
}

/// The bounds that leave this share of the values on either side; `None` for no values.
pub fn interval(mut values: Vec<f64>, tail: f64) -> Option<[f64; 2]> {
    values.sort_by(f64::total_cmp);
    Some([quantile(&values, tail)?, quantile(&values, 1.0 - tail)?])
}

/// Linear between the neighbours at (n − 1) × share, numpy's default; `sorted` is ascending.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}
