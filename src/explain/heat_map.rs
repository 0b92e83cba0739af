//! A feature's logit by place, over the part of the cell image that the network saw.

use serde::Serialize;

/// Where a feature's logit came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeatMap {
    /// The feature's name.
    pub feature: String,
    /// Columns of the map.
    pub width: usize,
    /// Rows of the map.
    pub height: usize,
    /// The share of each place in the logit, the mean over the looks, row after row: above 0 the place
    /// spoke for the feature, below 0 against it.
    pub values: Vec<f32>,
    /// The logit minus all values: the head's bias, the share of a transformer's class token, and the
    /// difference between the many looks of the map and one look at the cell.
    pub rest: f32,
    /// The feature's logit in one look at the cell as it is, as
    /// [`Classifier::logits`](crate::classify::Classifier::logits) gives it.
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
