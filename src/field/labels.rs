//! The nuclei of a field as one picture of labels.

use super::Contour;
use crate::image::Mask;

/// For each pixel of a field the contour that shows there. A later contour lies over earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMap {
    width: u32,
    /// Row by row; 0 for no contour, else the contour's place in the list, from 1.
    labels: Vec<u32>,
}

impl LabelMap {
    /// Draws the masks of `contours` on a field of `[width, height]` pixels. Contours that surround
    /// nothing of the field leave no label.
    pub fn new(contours: &[Contour], size: [u32; 2]) -> Self {
        let [width, height] = size;
        let mut map = Self {
            width,
            labels: vec![0; width as usize * height as usize],
        };
        for (label, contour) in (1..).zip(contours) {
            let Some(mask) = Mask::new(&contour.points, size) else {
                continue;
            };
            for (x, y) in mask.pixels() {
                map.labels[y as usize * width as usize + x as usize] = label;
            }
        }
        map
    }

    /// The size `[width, height]` in pixels.
    pub fn size(&self) -> [u32; 2] {
        let rows = self.labels.len().checked_div(self.width as usize);
        [self.width, rows.unwrap_or(0) as u32]
    }

    /// The labels row by row: 0 for no contour, else the contour's place in the list, from 1.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }
}
