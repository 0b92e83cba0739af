//! The cells of an epoch and their order.

use rand::Rng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// Keeps a feature that no cell shows from dividing by zero; the study's value.
const EPSILON: f64 = 1e-6;

/// How an epoch draws its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    /// Every cell once, shuffled.
    Uniform,
    /// As many draws as there are cells, with replacement, a cell's chance growing with the
    /// rarity of its features (the study's weights).
    Weighted,
}

impl Sampler {
    /// Indices of cells with these labels, as many as there are cells; `rarity` is for
    /// [`Sampler::Weighted`].
    pub fn order(self, labels: &[&[bool]], rarity: Rarity, random: &mut impl Rng) -> Vec<usize> {
        match (self, WeightedIndex::new(weights(labels, rarity))) {
            (Sampler::Weighted, Ok(weighted)) => {
                (0..labels.len()).map(|_| weighted.sample(random)).collect()
            }
            // Cells without any feature weigh 0. Where all weigh 0, none is rarer than another.
            _ => {
                let mut order: Vec<usize> = (0..labels.len()).collect();
                order.shuffle(random);
                order
            }
        }
    }
}

/// The weight of a cell that shows several features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rarity {
    /// The sum of its features' weights, the study's choice.
    Sum,
    /// The weight of its rarest feature.
    Max,
    /// The mean of its features' weights.
    Mean,
}

/// The weight of each cell. A feature c weighs 1 / (n_c + 1e-6), where n_c is the number of cells that
/// show it, and `rarity` makes a cell's weight of its features' weights. A cell without any feature weighs 0.
pub fn weights(labels: &[&[bool]], rarity: Rarity) -> Vec<f64> {
    let features = labels.first().map_or(0, |labels| labels.len());
    let mut positives = vec![0.0; features];
    for labels in labels {
        for (count, &shown) in positives.iter_mut().zip(*labels) {
            *count += f64::from(u8::from(shown));
        }
    }
    let weight = |labels: &&[bool]| {
        let shown = positives.iter().zip(*labels).filter(|(_, shown)| **shown);
        let weights = shown.map(|(count, _)| 1.0 / (count + EPSILON));
        let (sum, max, shown) = weights.fold((0.0, 0.0f64, 0), |(sum, max, shown), weight| {
            (sum + weight, max.max(weight), shown + 1)
        });
        match rarity {
            Rarity::Sum => sum,
            Rarity::Max => max,
            Rarity::Mean => sum / f64::from(shown.max(1)),
        }
    };
    labels.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::run::random;

    #[test]
    fn rare_cells_are_drawn_as_often_as_their_weight_says() {
        let mut labels: Vec<&[bool]> = vec![&[true, false]; 9];
        labels.push(&[true, true]);
        let draws = (0..2000)
            .flat_map(|epoch| {
                Sampler::Weighted.order(&labels, Rarity::Sum, &mut random(1, &[epoch]))
            })
            .filter(|&index| index == 9)
            .count();
        // (1/10 + 1) / (10 * 1/10 + 1) = 0.55 of 20,000 draws.
        assert!((draws as f64 / 20_000.0 - 0.55).abs() < 0.02, "{draws}");
    }

    #[test]
    fn uniform_shows_every_cell_once_and_repeats_with_its_seed() {
        let labels: [&[bool]; 20] = [&[true, false]; 20];
        let order = |seed| Sampler::Uniform.order(&labels, Rarity::Sum, &mut random(seed, &[3]));
        let mut sorted = order(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
    }

    #[test]
    fn cells_without_any_feature_are_drawn_uniformly() {
        let labels: [&[bool]; 4] = [&[false, false]; 4];
        assert_eq!(
            Sampler::Weighted
                .order(&labels, Rarity::Sum, &mut random(0, &[]))
                .len(),
            4
        );
    }
}
