//! Conditional CutMix: another cell lends a part of its image, and of its labels, to a cell with a rare
//! feature (the study's condition on Yun et al., arXiv 1905.04899).

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::train::run::settings::{SettingError, within};

/// Whether and when a cell is mixed with another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CutMix {
    /// The chance that a cell with a rare feature is mixed with another; 0 leaves CutMix out. The
    /// study's is 0.5.
    pub probability: f64,
    /// A feature is rare if less than this share of the training cells shows it.
    pub rare_below: f64,
}

impl Default for CutMix {
    fn default() -> Self {
        Self {
            probability: 0.0,
            rare_below: 0.1,
        }
    }
}

impl CutMix {
    /// Refuses settings that no run can use.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        within("cutmix.probability", self.probability, 0.0, 1.0)?;
        within("cutmix.rare_below", self.rare_below, 0.0, 1.0)?;
        if self.probability == 0.0 && self.rare_below != Self::default().rare_below {
            return Err(SettingError(
                "`cutmix.rare_below` does nothing without `cutmix.probability`".into(),
            ));
        }
        Ok(())
    }

    /// Whether each feature is rare among cells with these labels.
    pub fn rare(&self, labels: &[&[bool]]) -> Vec<bool> {
        let features = labels.first().map_or(0, |labels| labels.len());
        let shown = |feature: usize| labels.iter().filter(|labels| labels[feature]).count() as f64;
        (0..features)
            .map(|feature| shown(feature) < self.rare_below * labels.len() as f64)
            .collect()
    }

    /// The partner of a cell with these labels, if it has one: an index below `cells`, and the box
    /// for the partner's pixels.
    pub fn draw(
        &self,
        labels: &[bool],
        rare: &[bool],
        cells: usize,
        random: &mut impl Rng,
    ) -> Option<(usize, Cut)> {
        let is_rare = labels.iter().zip(rare).any(|(shown, rare)| *shown && *rare);
        if self.probability == 0.0 || !is_rare || !random.random_bool(self.probability) {
            return None;
        }
        let partner = random.random_range(0..cells);
        let cut = Cut {
            // Beta(1, 1) is uniform.
            kept: random.random(),
            centre: [random.random(), random.random()],
        };
        Some((partner, cut))
    }
}

/// The box that a partner's pixels fill, in shares of the image's side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// λ: the share of the image that stays, before the box is clipped.
    pub kept: f64,
    /// The box's centre, x and y, as shares of the side.
    pub centre: [f64; 2],
}

impl Cut {
    /// The box in an image of `side` pixels, as the first and one past the last column and row.
    ///
    /// Its sides are side · √(1 − λ), about a centre pixel, clipped to the image.
    pub fn pixels(&self, side: usize) -> [std::ops::Range<usize>; 2] {
        let length = (side as f64 * (1.0 - self.kept).sqrt()) as usize;
        self.centre.map(|share| {
            let centre = (share * side as f64) as usize;
            centre.saturating_sub(length / 2)..(centre + length / 2).min(side)
        })
    }

    /// λ′: the share of an image of `side` pixels that stays, after clipping.
    pub fn share_kept(&self, side: usize) -> f64 {
        let [columns, rows] = self.pixels(side);
        1.0 - (columns.len() * rows.len()) as f64 / (side * side) as f64
    }

    /// Copies the box from `partner` into `image`, both `[3, side, side]`.
    pub fn paste(&self, partner: &[f32], image: &mut [f32], side: usize) {
        let [columns, rows] = self.pixels(side);
        for channel in 0..3 {
            for row in rows.clone() {
                let start = (channel * side + row) * side;
                let run = start + columns.start..start + columns.end;
                image[run.clone()].copy_from_slice(&partner[run]);
            }
        }
    }

    /// λ′ · own + (1 − λ′) · partner's, for each label or probability.
    pub fn mix(&self, own: &[f32], partner: &[f32], side: usize) -> Vec<f32> {
        let kept = self.share_kept(side);
        let mixed = own.iter().zip(partner).map(|(&own, &partner)| {
            // Equal labels stay whole: a rounded 1 would be soft.
            match own == partner {
                true => own,
                false => (kept * f64::from(own) + (1.0 - kept) * f64::from(partner)) as f32,
            }
        });
        mixed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::run::random;

    #[test]
    fn only_cells_with_a_rare_feature_are_mixed_and_half_of_them() {
        let mut labels: Vec<&[bool]> = vec![&[true, false]; 19];
        labels.push(&[true, true]);
        let cutmix = CutMix {
            probability: 0.5,
            rare_below: 0.1,
        };
        let rare = cutmix.rare(&labels);
        assert_eq!(rare, [false, true]);
        let mixed = |own: &[bool]| {
            let draws = (0..4000)
                .filter_map(|i| cutmix.draw(own, &rare, labels.len(), &mut random(1, &[i])));
            draws.inspect(|(partner, _)| assert!(*partner < 20)).count()
        };
        assert_eq!(mixed(&[true, false]), 0);
        let share = mixed(&[false, true]) as f64 / 4000.0;
        assert!((share - 0.5).abs() < 0.03, "{share}");
    }
}
