//! Outlines that are of no use, and why.

use std::collections::BTreeMap;

use thiserror::Error;

/// An object of a file that became no cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name in the file.
    pub id: String,
    /// Why.
    pub reason: Reason,
}

/// Why an outline is refused. Each message continues "outline 7 …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Reason {
    /// A point, a line, or an object without a shape.
    #[error("is no closed outline")]
    NoOutline,
    /// A coordinate is missing, infinite or not a number.
    #[error("has a point that is no pair of numbers")]
    NotANumber,
    /// A point lies further away than any picture reaches.
    #[error("has a point more than {} pixels away", FARTHEST)]
    TooFar,
    /// Fewer than three different points.
    #[error("has fewer than three points")]
    TooFewPoints,
    /// More points than a nucleus needs.
    #[error("has more than {} points", MAX_POINTS)]
    TooManyPoints,
    /// All points lie on a line.
    #[error("surrounds no area")]
    NoArea,
    /// Nothing of it lies in the picture.
    #[error("lies outside the picture")]
    Outside,
    /// Another outline before it has the same points.
    #[error("is the same as one before it")]
    Duplicate,
    /// It surrounds other outlines, as a region of a slide does.
    #[error("surrounds other outlines: a region, not a nucleus")]
    Region,
}

/// The most points of an outline. A careful hand draws some hundreds. A scribble of as many as this
/// crosses itself a million times, and is still mended within seconds.
pub const MAX_POINTS: usize = 3_000;

/// The farthest coordinate in pixels. The arithmetic of areas is exact up to here.
pub const FARTHEST: f64 = 1e6;

/// How many outlines were refused for each reason.
pub fn count_reasons(refused: &[Refused]) -> BTreeMap<Reason, usize> {
    let mut counts = BTreeMap::new();
    for one in refused {
        *counts.entry(one.reason).or_default() += 1;
    }
    counts
}
