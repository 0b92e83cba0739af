//! Contours that a network finds: from a field's pixels to the outlines of its nuclei.
//!
//! A [`Finder`] cuts a field into [`tiles`], runs its network over each, and turns the network's answer
//! at every place of a coarse grid into polygons ([`polygons`]). Of polygons that cover the same
//! nucleus it keeps the most probable one ([`suppress`]).

mod area;
mod finder;
mod polygons;
mod rays;
mod suppress;
mod tiles;

use super::{Contour, FieldCell, Origin};

/// Parts of a probability that are kept, which is more than a network knows.
const PARTS: f64 = 10_000.0;

pub use area::{Area, median_diameter};
pub use finder::{FindError, Finder};
pub use polygons::{Found, Thresholds, middle, polygons};
pub use rays::{depth, directions, distance, is_inside};
pub use suppress::suppress;
pub use tiles::{Tile, tiles};

/// The nuclei to be read among found objects, in the order of [`contours`].
pub fn nuclei(found: &[Found]) -> Vec<FieldCell> {
    let read = found.iter().filter(|found| found.is_read);
    let cell = |(contour, found): (Contour, &Found)| FieldCell {
        probability: Some((f64::from(found.probability) * PARTS).round() / PARTS),
        ..FieldCell::new(contour, Origin::Found)
    };
    contours(read.clone())
        .into_iter()
        .zip(read.rev())
        .map(cell)
        .collect()
}

/// The objects among found ones that are no nuclei to be read, in the order of [`contours`].
pub fn left_out(found: &[Found]) -> Vec<Contour> {
    contours(found.iter().filter(|found| !found.is_read))
}

/// The outlines of found objects, rounded to hundredths of a pixel, which is more than a network knows.
/// The most probable one comes last: programs that fill outlines draw it over the others.
pub fn contours<'a>(found: impl DoubleEndedIterator<Item = &'a Found>) -> Vec<Contour> {
    let rounded = |value: f32| (f64::from(value) * 100.0).round() / 100.0;
    let contour = |(id, found): (usize, &Found)| {
        let points = found.points.iter().map(|point| point.map(rounded));
        Contour::new(id, points.collect())
    };
    found.rev().enumerate().map(contour).collect()
}
