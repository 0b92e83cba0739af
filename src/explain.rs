//! Which parts of a cell spoke for a feature.
//!
//! [`Classifier::explain`] takes a feature's logit apart by place, see
//! [`Evidence`], and takes off by how much the same place
//! differs from the others where the canvas is blank: a place is told for what it shows, not for
//! where it lies. ResNet and ConvNeXt look in few places, 3×3 for an input of 96 px; so the network
//! reads the cell many times, a little shifted and mirrored, and what each look found goes where
//! that look's places lie in the cell ("shift-and-stitch", Long et al., arXiv 1411.4038).
//!
//! A map tells what the network went by, roughly: every place of a ResNet or ConvNeXt sees most of
//! the cell, the white about it included. It does not say that the network was right.
//!
//! The blank canvas, the shifts and, for the transformer, roll-out over all tokens were chosen on
//! training cells, by how far a feature's probability falls when the hottest tenth of the nucleus'
//! pixels is painted over, beside a random tenth. `tests/explain.rs` holds what was chosen against
//! validation cells. ConvNeXt's maps are the weakest: one random round patch of white costs it
//! more than the hottest pixels.

use ::image::RgbImage;
use ::image::imageops::{self, flip_horizontal_in_place, flip_vertical_in_place};
use serde::Serialize;

use crate::classify::{BATCH, Classifier, ClassifyError};
use crate::image::{CellImage, decode};
use crate::model::{Architecture, Evidence};

/// How often the 32 px between two places of a ResNet or ConvNeXt are divided, along either side:
/// places of the map lie 8 px of the input apart, for 64 looks.
const SHIFTS: usize = 4;

/// Where a feature's logit came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeatMap {
    /// The feature's name.
    pub feature: String,
    /// Columns of the map.
    pub width: usize,
    /// Rows of the map.
    pub height: usize,
    /// What each place adds to the logit, the mean over the looks, row after row: above 0 it spoke
    /// for the feature, below against it.
    pub values: Vec<f32>,
    /// The logit less the values: the head's bias, what a transformer's class token kept to itself,
    /// and the difference between the many looks that the map is made of and one look at the cell.
    pub rest: f32,
    /// The feature's logit in one look at the cell as it is, as [`Classifier::logits`] gives it.
    pub logit: f32,
    /// The part of the cell image that the map covers.
    pub region: Region,
}

/// A square of the 224×224 px cell image, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Region {
    pub left: u32,
    pub top: u32,
    pub side: u32,
}

impl HeatMap {
    /// The map at the middle of a pixel of the cell image, linear between the middles of places;
    /// 0 outside the region.
    pub fn at(&self, x: u32, y: u32) -> f32 {
        let Region { left, top, side } = self.region;
        let inside = |position: u32, edge: u32| (edge..edge + side).contains(&position);
        if !inside(x, left) || !inside(y, top) {
            return 0.0;
        }
        // The two nearest places, and how far between them.
        let between = |position: u32, edge: u32, places: usize| {
            let at = ((position - edge) as f32 + 0.5) / side as f32 * places as f32 - 0.5;
            let at = at.clamp(0.0, (places - 1) as f32);
            let first = at as usize;
            (first, (first + 1).min(places - 1), at.fract())
        };
        let (left, right, across) = between(x, left, self.width);
        let (upper, lower, down) = between(y, top, self.height);
        let value = |row: usize, column: usize| self.values[row * self.width + column];
        let row = |row| value(row, left) * (1.0 - across) + value(row, right) * across;
        row(upper) * (1.0 - down) + row(lower) * down
    }
}

/// One axis of a look: how the cell is moved before the network sees it.
#[derive(Clone, Copy, Debug)]
struct Move {
    /// Pixels of the input to the right, or down.
    shift: i64,
    /// Turned around after that.
    mirrored: bool,
}

impl Move {
    /// Where in the unmoved cell the network looks when it looks at `seen`, in pixels from the edge
    /// of an input of `side`.
    fn origin(self, seen: f32, side: f32) -> f32 {
        let shifted = match self.mirrored {
            true => side - seen,
            false => seen,
        };
        shifted - self.shift as f32
    }
}

/// The looks that a map is made of.
struct Looks {
    /// Pixels of the input from one place of the map to the next.
    step: usize,
    moves: Vec<Move>,
}

impl Looks {
    fn of(architecture: &Architecture) -> Self {
        let shifts = match architecture {
            Architecture::ResNet(_) | Architecture::ConvNext(_) => SHIFTS,
            Architecture::Vit(_) => 1,
        };
        let step = architecture.unit() / shifts;
        // About 0: -12, -4, 4 and 12, say.
        let first = ((shifts - 1) * step / 2) as i64;
        let moves = (0..shifts).flat_map(|i| {
            [false, true].map(|mirrored| Move {
                shift: (i * step) as i64 - first,
                mirrored,
            })
        });
        Self {
            step,
            moves: moves.collect(),
        }
    }

    /// Every move across with every move down.
    fn all(&self) -> Vec<[Move; 2]> {
        let with = |across: Move| self.moves.iter().map(move |down| [across, *down]);
        self.moves.iter().flat_map(|across| with(*across)).collect()
    }
}

/// `picture` as a look shows it, white where nothing of it is left.
fn moved(picture: &RgbImage, [across, down]: [Move; 2]) -> RgbImage {
    let mut moved = RgbImage::from_pixel(picture.width(), picture.height(), CellImage::WHITE);
    imageops::replace(&mut moved, picture, across.shift, down.shift);
    if across.mirrored {
        flip_horizontal_in_place(&mut moved);
    }
    if down.mirrored {
        flip_vertical_in_place(&mut moved);
    }
    moved
}

impl Classifier {
    /// The bytes of one image file and a feature, counted from 0 → which parts of the cell spoke
    /// for it.
    ///
    /// # Errors
    /// [`ClassifyError`], as [`read`](Self::read); [`ClassifyError::NoFeature`].
    pub async fn explain(&self, file: &[u8], feature: usize) -> Result<HeatMap, ClassifyError> {
        self.explain_cell(&CellImage::new(decode(file)?)?, feature)
            .await
    }

    /// The same of a cell image.
    ///
    /// # Errors
    /// [`ClassifyError::NoFeature`], also for a backbone without a head,
    /// [`ClassifyError::Device`] and [`ClassifyError::NotANumber`].
    pub async fn explain_cell(
        &self,
        cell: &CellImage,
        feature: usize,
    ) -> Result<HeatMap, ClassifyError> {
        let card = self.card();
        let features = card.task.features.names();
        let Some(name) = features.get(feature) else {
            return Err(ClassifyError::NoFeature {
                feature,
                features: features.len(),
            });
        };
        let looks = Looks::of(&card.architecture);
        let (unit, first) = (card.architecture.unit(), card.architecture.first_place());
        let side = card.task.input.side as usize;
        // Places of one look, and of the map, along a side.
        let (seen, places) = (side / unit, side / looks.step);
        // What each place of a look adds to this feature's logit.
        let of_feature = |evidence: &Evidence| -> Vec<f32> {
            let shares = evidence.shares.chunks_exact(features.len());
            shares.map(|shares| shares[feature]).collect()
        };

        let picture = card.task.input.resized(cell);
        let blank = RgbImage::from_pixel(picture.width(), picture.height(), CellImage::WHITE);
        let both = self.evidence(&[picture.clone(), blank]).await?;
        let logit = of_feature(&both[0]).iter().sum::<f32>() + both[0].rest[feature];
        let blank_shares = of_feature(&both[1]);

        // Each place's share of a blank canvas beyond the mean of all: what its position alone adds.
        let blank_mean = blank_shares.iter().sum::<f32>() / (seen * seen) as f32;
        let mut values = vec![0.0; places * places];
        let mut looked = vec![0; places * places];
        for some in looks.all().chunks(BATCH) {
            let pictures: Vec<_> = some.iter().map(|look| moved(&picture, *look)).collect();
            let found = self.evidence(&pictures).await?;
            for ([across, down], evidence) in some.iter().zip(&found) {
                let shares = of_feature(evidence);
                let place = |axis: &Move, place: usize| {
                    let middle = first + (place * unit) as f32;
                    let place = axis.origin(middle, side as f32) / looks.step as f32;
                    (0.0..places as f32)
                        .contains(&place)
                        .then_some(place as usize)
                };
                for i in 0..seen * seen {
                    if let (Some(row), Some(column)) =
                        (place(down, i / seen), place(across, i % seen))
                    {
                        let at = row * places + column;
                        values[at] += shares[i] - (blank_shares[i] - blank_mean);
                        looked[at] += 1;
                    }
                }
            }
        }
        // The mean of the looks at a place, which is as much of the map as its area.
        let area = (seen * seen) as f32 / (places * places) as f32;
        for (value, looked) in values.iter_mut().zip(looked) {
            *value *= area / looked.max(1) as f32;
        }
        let (edge, window) = card.task.input.window(cell);
        Ok(HeatMap {
            feature: name.clone(),
            width: places,
            height: places,
            rest: logit - values.iter().sum::<f32>(),
            values,
            logit,
            region: Region {
                left: edge,
                top: edge,
                side: window,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use ::image::Rgb;

    use super::*;

    #[test]
    fn a_look_knows_where_in_the_cell_it_looks() {
        const SIDE: u32 = 32;
        const MARK: Rgb<u8> = Rgb([0; 3]);
        let (x, y) = (13, 18);
        let mut picture = RgbImage::from_pixel(SIDE, SIDE, CellImage::WHITE);
        picture.put_pixel(x, y, MARK);
        for shift in [-12, -4, 4, 12] {
            for mirrored in [false, true] {
                let look = Move { shift, mirrored };
                let moved = moved(&picture, [look, look]);
                let mut marks = moved
                    .enumerate_pixels()
                    .filter(|(_, _, pixel)| **pixel == MARK);
                let (across, down, _) = marks.next().expect("the mark is still in the picture");
                let middle = |pixel: u32| look.origin(pixel as f32 + 0.5, SIDE as f32);
                assert_eq!(
                    [middle(across), middle(down)],
                    [x as f32 + 0.5, y as f32 + 0.5]
                );
            }
        }
    }
}
