//! Outlines as other programs leave them, made fit for use.

use std::collections::HashSet;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::float::simplify::SimplifyShape;

use super::Contour;
use super::formats::CellFile;
use super::refused::{FARTHEST, MAX_POINTS, Reason, Refused};
use crate::image::Mask;

/// An outline that crosses itself stays as it is where its largest piece has this share of its
/// area: outlines that follow pixels touch themselves here and there.
const WHOLE: f64 = 0.99;
/// An area below this, in pixels, is none: that of rounding.
const NO_AREA: f64 = 1e-6;

impl CellFile {
    /// The cells and the left-out objects that can be used on a field of `[width, height]` pixels; the
    /// others go to `refused`.
    ///
    /// A point that follows an equal one is dropped. Where an outline crosses itself, its largest piece
    /// remains. Parts outside the field are kept, since masks end with the field.
    pub fn repaired(self, size: [u32; 2]) -> Self {
        let mut file = Self {
            cells: Vec::new(),
            left_out: Vec::new(),
            ..self
        };
        let mut known = HashSet::new();
        for mut cell in self.cells {
            let id = || cell.contour.id.clone();
            match Repaired::new(&cell.contour.points, size) {
                Ok(Repaired { points, is_mended }) if known.insert(key(&points)) => {
                    if is_mended {
                        file.mended.push(id());
                    }
                    cell.contour.points = points;
                    file.cells.push(cell);
                }
                Ok(_) => file.refused.push(Refused {
                    id: id(),
                    reason: Reason::Duplicate,
                }),
                Err(reason) => file.refused.push(Refused { id: id(), reason }),
            }
        }
        for contour in self.left_out {
            match Repaired::new(&contour.points, size) {
                Ok(Repaired { points, .. }) => file.left_out.push(Contour { points, ..contour }),
                Err(reason) => {
                    let id = contour.id;
                    file.refused.push(Refused { id, reason });
                }
            }
        }
        file
    }
}

/// An outline's points as numbers that can be compared, wherever it begins and whichever way it runs.
fn key(points: &[[f64; 2]]) -> Vec<[u64; 2]> {
    // Zero is added because −0 has other bits than 0.
    let bits = |value: f64| (value + 0.0).to_bits();
    let mut key: Vec<[u64; 2]> = points.iter().map(|point| point.map(bits)).collect();
    key.sort_unstable();
    key
}

/// An outline that can be used.
struct Repaired {
    points: Vec<[f64; 2]>,
    /// Whether pieces were cut off.
    is_mended: bool,
}

impl Repaired {
    /// The outline, or the reason why it cannot be used.
    fn new(points: &[[f64; 2]], size: [u32; 2]) -> Result<Self, Reason> {
        if points.iter().flatten().any(|value| !value.is_finite()) {
            return Err(Reason::NotANumber);
        }
        if points.iter().flatten().any(|value| value.abs() > FARTHEST) {
            return Err(Reason::TooFar);
        }
        let mut points = points.to_vec();
        points.dedup();
        while points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        match points.len() {
            0..3 => return Err(Reason::TooFewPoints),
            count if count > MAX_POINTS => return Err(Reason::TooManyPoints),
            _ => {}
        }
        if Mask::new(&points, size).is_none() {
            return Err(Reason::Outside);
        }
        let pieces = simple_pieces(&points);
        let whole: f64 = pieces.iter().map(|piece| area(piece)).sum();
        let largest = pieces
            .into_iter()
            .max_by(|a, b| area(a).total_cmp(&area(b)));
        let Some(largest) = largest.filter(|_| whole > NO_AREA) else {
            return Err(Reason::NoArea);
        };
        if area(&largest) >= WHOLE * whole {
            return Ok(Self {
                points,
                is_mended: false,
            });
        }
        match Mask::new(&largest, size) {
            Some(_) => Ok(Self {
                points: largest,
                is_mended: true,
            }),
            None => Err(Reason::Outside),
        }
    }
}

/// The parts of the plane that a line surrounds, by the even-odd rule: each an outline that neither
/// crosses nor touches itself. Holes are filled. No coordinate may exceed [`FARTHEST`].
pub(super) fn simple_pieces(points: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
    let shapes = points.to_vec().simplify_shape(FillRule::EvenOdd);
    shapes
        .into_iter()
        .filter_map(|mut shape| (!shape.is_empty()).then(|| shape.swap_remove(0)))
        .collect()
}

/// The area that a simple outline surrounds, in pixels (the shoelace formula).
pub fn area(points: &[[f64; 2]]) -> f64 {
    let next = points.iter().cycle().skip(1);
    let twice: f64 = points
        .iter()
        .zip(next)
        .map(|([x0, y0], [x1, y1])| x0 * y1 - x1 * y0)
        .sum();
    twice.abs() / 2.0
}
