//! A nucleus among the others of its field.

use std::ops::Range;

use super::shape::is_border;
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

/// The share of the border pixels of the mask at a place in the list that have a pixel of another nucleus within
/// the seam. Where masks overlap, a pixel belongs to the last one.
pub(super) fn touching(masks: &[Option<Mask>], place: usize) -> f64 {
    let Some(mask) = &masks[place] else {
        return 0.0;
    };
    let around = |range: Range<u32>| range.start.saturating_sub(SEAM)..range.end + SEAM;
    let (columns, rows) = (around(mask.columns()), around(mask.rows()));
    let meets =
        |one: &Range<u32>, other: Range<u32>| one.start < other.end && other.start < one.end;
    let near: Vec<(usize, &Mask)> = masks
        .iter()
        .enumerate()
        .filter_map(|(place, mask)| Some((place, mask.as_ref()?)))
        .filter(|(_, other)| meets(&columns, other.columns()) && meets(&rows, other.rows()))
        .collect();
    let is_of_another = |x, y| {
        let owner = near.iter().rev().find(|(_, mask)| mask.covers(x, y));
        owner.is_some_and(|&(owner, _)| owner != place)
    };
    let (mut border, mut touching) = (0.0, 0.0);
    for (x, y) in mask.pixels().filter(|&(x, y)| is_border(mask, x, y)) {
        border += 1.0;
        let mut places = (y.saturating_sub(SEAM)..=y + SEAM)
            .flat_map(|y| (x.saturating_sub(SEAM)..=x + SEAM).map(move |x| (x, y)));
        if places.any(|(x, y)| is_of_another(x, y)) {
            touching += 1.0;
        }
    }
    touching / border
}
