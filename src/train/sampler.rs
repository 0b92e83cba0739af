//! Which cells an epoch shows, and in what order.

use clap::ValueEnum;
use rand::Rng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::data::Record;

/// Keeps a feature that no cell shows from dividing by zero; the study's value.
const EPSILON: f64 = 1e-6;

/// How an epoch draws its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    /// Every cell once, shuffled.
    Uniform,
    /// As many draws as there are cells, with replacement, a cell's chance growing with the
    /// rarity of its features (the study's weights).
    Weighted,
}

impl Sampler {
    /// Indices into `records`, as many as there are records.
    pub fn order(self, records: &[Record], random: &mut impl Rng) -> Vec<usize> {
        match (self, WeightedIndex::new(weights(records))) {
            (Sampler::Weighted, Ok(weighted)) => (0..records.len())
                .map(|_| weighted.sample(random))
                .collect(),
            // Weights that are all zero are those of cells without any feature: none is rarer.
            _ => {
                let mut order: Vec<usize> = (0..records.len()).collect();
                order.shuffle(random);
                order
            }
        }
    }
}

/// The study's weight of each cell: Σ over its features c of 1 / (n_c + 1e-6), where n_c is how
/// many cells show c.
pub fn weights(records: &[Record]) -> Vec<f64> {
    let features = records.first().map_or(0, |record| record.labels.len());
    let mut positives = vec![0.0; features];
    for record in records {
        for (count, &shown) in positives.iter_mut().zip(&record.labels) {
            *count += f64::from(u8::from(shown));
        }
    }
    let weight = |record: &Record| {
        let shown = positives
            .iter()
            .zip(&record.labels)
            .filter(|(_, shown)| **shown);
        shown.map(|(count, _)| 1.0 / (count + EPSILON)).sum()
    };
    records.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::super::random;
    use super::*;

    fn records(labels: &[[bool; 2]]) -> Vec<Record> {
        let record = |labels: &[bool; 2]| Record {
            id: String::new(),
            path: Default::default(),
            labels: labels.to_vec(),
        };
        labels.iter().map(record).collect()
    }

    #[test]
    fn a_cell_weighs_the_sum_of_its_features_rarities() {
        let records = records(&[[true, true], [true, false], [false, false]]);
        let expected = [1.0 / 2.000001 + 1.0 / 1.000001, 1.0 / 2.000001, 0.0];
        for (weight, expected) in weights(&records).iter().zip(expected) {
            assert!(
                (weight - expected).abs() < 1e-12,
                "{weight} instead of {expected}"
            );
        }
    }

    #[test]
    fn rare_cells_are_drawn_as_often_as_their_weight_says() {
        let mut labels = vec![[true, false]; 9];
        labels.push([true, true]);
        let records = records(&labels);
        let draws = (0..2000)
            .flat_map(|epoch| Sampler::Weighted.order(&records, &mut random(1, &[epoch])))
            .filter(|&index| index == 9)
            .count();
        // (1/10 + 1) / (10 * 1/10 + 1) = 0.55 of 20,000 draws.
        assert!((draws as f64 / 20_000.0 - 0.55).abs() < 0.02, "{draws}");
    }

    #[test]
    fn uniform_shows_every_cell_once_and_repeats_with_its_seed() {
        let records = records(&[[true, false]; 20]);
        let order = |seed| Sampler::Uniform.order(&records, &mut random(seed, &[3]));
        let mut sorted = order(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
    }

    #[test]
    fn cells_without_any_feature_are_drawn_uniformly() {
        let records = records(&[[false, false]; 4]);
        assert_eq!(
            Sampler::Weighted.order(&records, &mut random(0, &[])).len(),
            4
        );
    }
}
