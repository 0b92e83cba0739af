//! Splits that keep the cells of one field together.
//!
//! Cells of one field share stain, focus and patient. So a model is tested on new material only where
//! none of a test cell's neighbours was trained on. The folds are assigned as in scikit-learn's
//! StratifiedGroupKFold, for cells with several features each: the fields with the largest shares
//! come first, and each goes to the fold that it leaves most even.

use std::collections::BTreeMap;
use std::str::FromStr;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{DataError, Record};
use crate::train::run::random;

/// The largest random bonus of a field when fields are ordered: another seed gives another order among
/// fields of similar size, and so other folds.
const SHUFFLE: f64 = 0.25;
/// Marks the random source of folds, apart from the sources of a run.
const PURPOSE: u64 = 0xf01d;

/// One of several folds by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByField {
    /// The number of folds, at least two.
    pub folds: usize,
    /// The fold to validate on, from 0.
    pub fold: usize,
    /// Another number gives other folds. It is not the seed of a run: runs can be repeated with other
    /// seeds on the same folds.
    pub seed: u64,
}

impl ByField {
    /// Refuses folds that would be empty.
    pub(super) fn check(&self, records: &[Record]) -> Result<(), DataError> {
        let fields = fields(records).len();
        let fault = if self.folds < 2 {
            "there must be at least 2 folds".into()
        } else if self.fold >= self.folds {
            format!("folds are counted from 0 to {}", self.folds - 1)
        } else if fields < self.folds {
            format!("there are only {fields} fields")
        } else {
            return Ok(());
        };
        let ByField { folds, fold, .. } = *self;
        Err(DataError::Folds { folds, fold, fault })
    }
}

/// A fold that a run leaves out of its training cells, as `fold/folds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HoldOut {
    fold: usize,
    folds: usize,
}

impl HoldOut {
    /// The records that are not left out. The same records give the same folds: runs that each hold
    /// out another fold leave out every cell once.
    ///
    /// # Errors
    /// [`DataError::Folds`] where a fold would be empty.
    pub fn rest(self, records: Vec<Record>) -> Result<Vec<Record>, DataError> {
        let HoldOut { fold, folds } = self;
        let seed = 0;
        ByField { folds, fold, seed }.check(&records)?;
        let fold_of = folds_by_field(&records, folds, seed);
        let rest = records.into_iter().zip(fold_of);
        Ok(rest
            .filter(|(_, of)| *of != fold)
            .map(|(record, _)| record)
            .collect())
    }
}

impl FromStr for HoldOut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let parts = parts.and_then(|(fold, folds)| Some((fold.parse().ok()?, folds.parse().ok()?)));
        match parts {
            Some((fold, folds)) if fold < folds => Ok(Self { fold, folds }),
            _ => Err(format!(
                "{text:?} names no fold; it must be like 0/5, up to 4/5"
            )),
        }
    }
}

impl TryFrom<String> for HoldOut {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<HoldOut> for String {
    fn from(HoldOut { fold, folds }: HoldOut) -> Self {
        format!("{fold}/{folds}")
    }
}

/// The fold, from 0, of each of `records`: all cells of a field in one, and every fold with its
/// share of the cells and of each feature, as far as the fields allow. The same records, folds
/// and seed give the same answer.
pub fn folds_by_field(records: &[Record], folds: usize, seed: u64) -> Vec<usize> {
    assign_by_field(records, &vec![1.0; folds.max(1)], seed)
}

/// As [`folds_by_field`], for parts with sizes in the proportion of `shares`, which are above 0.
pub(super) fn assign_by_field(records: &[Record], shares: &[f64], seed: u64) -> Vec<usize> {
    let fields = fields(records);
    let columns = records.first().map_or(0, |record| record.labels.len()) + 1;
    let mut totals = vec![0.0; columns];
    for counts in fields.values() {
        add(&mut totals, counts);
    }
    // A feature that no cell shows weighs nothing; it must not divide by zero.
    let totals: Vec<f64> = totals
        .into_iter()
        .map(|total: f64| total.max(1.0))
        .collect();

    let mut parts = vec![vec![0.0; columns]; shares.len()];
    let mut part_of = BTreeMap::new();
    for (field, counts) in largest_first(&fields, &totals, &mut random(seed, &[PURPOSE])) {
        // The growth of Σ n² / (share · total²). The sum is least where all parts are filled to the
        // same degree.
        let growth = |part: usize| {
            let columns = counts.iter().zip(&parts[part]).zip(&totals);
            let sum: f64 = columns
                .map(|((new, old), total)| new * (2.0 * old + new) / (total * total))
                .sum();
            sum / shares[part]
        };
        let best = (0..shares.len()).min_by(|&a, &b| growth(a).total_cmp(&growth(b)));
        let best = best.unwrap_or(0);
        add(&mut parts[best], counts);
        part_of.insert(field, best);
    }
    records
        .iter()
        .map(|record| part_of[record.field()])
        .collect()
}

/// For each field the positives of every feature, then the cells.
fn fields(records: &[Record]) -> BTreeMap<&str, Vec<f64>> {
    let mut fields = BTreeMap::new();
    for record in records {
        let counts = fields
            .entry(record.field())
            .or_insert_with(|| vec![0.0; record.labels.len() + 1]);
        let shown = record
            .labels
            .iter()
            .map(|&shown| f64::from(u8::from(shown)));
        add(counts, &shown.chain([1.0]).collect::<Vec<_>>());
    }
    fields
}

/// The fields in falling order of their shares of each feature and of the cells: a field with half of
/// a rare feature comes before one with many cells.
fn largest_first<'a>(
    fields: &'a BTreeMap<&'a str, Vec<f64>>,
    totals: &[f64],
    random: &mut impl Rng,
) -> Vec<(&'a str, &'a Vec<f64>)> {
    let mut weighed: Vec<_> = fields
        .iter()
        .map(|(field, counts)| {
            let shares = counts.iter().zip(totals).map(|(n, total)| n / total);
            let weight = shares.sum::<f64>() * random.random_range(1.0..1.0 + SHUFFLE);
            (weight, *field, counts)
        })
        .collect();
    weighed.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    weighed
        .into_iter()
        .map(|(_, field, counts)| (field, counts))
        .collect()
}

fn add(sum: &mut [f64], more: &[f64]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve fields of four cells; every third field shows the rare second feature.
    fn records() -> Vec<Record> {
        let cell = |i: usize| Record {
            id: format!("F{}_cell_{i}", i / 4),
            path: Default::default(),
            labels: vec![i.is_multiple_of(2), i.is_multiple_of(12)],
        };
        (0..48).map(cell).collect()
    }

    #[test]
    fn folds_are_even_and_keep_fields_whole() {
        let records = records();
        for seed in 0..20 {
            let folds = folds_by_field(&records, 4, seed);
            for fold in 0..4 {
                let cells = || (0..48).filter(|&i| folds[i] == fold);
                assert_eq!(cells().count(), 12, "seed {seed}, fold {fold}");
                assert_eq!(cells().filter(|i| i % 12 == 0).count(), 1);
            }
            assert!((0..48).all(|i| folds[i] == folds[i / 4 * 4]));
        }
        let folds = |seed| folds_by_field(&records, 4, seed);
        assert_eq!(folds(1), folds(1));
        assert!((2..9).any(|seed| folds(seed) != folds(1)));
    }

    #[test]
    fn every_cell_is_held_out_once() {
        let all = records();
        let mut left_out = vec![0; all.len()];
        for fold in ["0/3", "1/3", "2/3"] {
            let rest = fold.parse::<HoldOut>().unwrap().rest(all.clone()).unwrap();
            for (record, left_out) in all.iter().zip(&mut left_out) {
                *left_out += usize::from(!rest.contains(record));
            }
        }
        assert_eq!(left_out, vec![1; all.len()]);
        for wrong in ["", "3/3", "-1/3", "1", "a/b"] {
            assert!(wrong.parse::<HoldOut>().is_err(), "{wrong}");
        }
        let too_many = "0/13".parse::<HoldOut>().unwrap();
        assert!(too_many.rest(all).is_err());
    }

    #[test]
    fn parts_have_the_shares_asked_for() {
        let parts = assign_by_field(&records(), &[0.75, 0.25], 3);
        assert_eq!(parts.iter().filter(|&&part| part == 1).count(), 12);
    }
}
