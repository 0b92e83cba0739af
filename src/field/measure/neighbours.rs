//! A nucleus among the others of its field.

use super::shape::is_border;
use crate::field::LabelMap;
use crate::image::Mask;

/// Nuclei that lie this near touch each other, in pixels: outlines that follow pixels leave a seam of one
/// or two between them.
const SEAM: u32 = 2;

/// For each centroid the distance to the nearest other one.
pub(super) fn nearest(centroids: &[[f64; 2]]) -> Vec<Option<f64>> {
    let nearest = |(place, [x, y]): (usize, &[f64; 2])| {
        let others = centroids
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place);
        others
            .map(|(_, [other_x, other_y])| (x - other_x).hypot(y - other_y))
            .min_by(f64::total_cmp)
    };
    centroids.iter().enumerate().map(nearest).collect()
}

/// The share of a mask's border pixels that have a pixel of another label within the seam.
pub(super) fn touching(mask: &Mask, label: u32, labels: &LabelMap) -> f64 {
    let [width, height] = labels.size();
    let (mut border, mut touching) = (0.0, 0.0);
    for (x, y) in mask.pixels().filter(|&(x, y)| is_border(mask, x, y)) {
        let columns = x.saturating_sub(SEAM)..(x + SEAM + 1).min(width);
        let mut near = (y.saturating_sub(SEAM)..(y + SEAM + 1).min(height)).flat_map(|y| {
            columns
                .clone()
                .map(move |x| y as usize * width as usize + x as usize)
        });
        border += 1.0;
        if near.any(|place| !matches!(labels.labels()[place], 0) && labels.labels()[place] != label)
        {
            touching += 1.0;
        }
    }
    touching / border
}
