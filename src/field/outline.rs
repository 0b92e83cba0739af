//! Outlines that a person draws and changes: tidied, united, cut and split.
//!
//! A line may come from a hand or a brush: it may cross itself, and covers every place that it goes
//! around, however often. Holes are filled, since an outline is one closed line. New points are rounded to
//! hundredths of a pixel.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::float::simplify::SimplifyShape;
use i_overlay::float::single::SingleFloatOverlay;
use i_overlay::float::slice::FloatSlice;

use super::refused::FARTHEST;
use super::repair::area;

/// Points of a line, in pixels of the field.
type Points = Vec<[f64; 2]>;

/// Parts of a pixel that points are rounded to.
const GRID: f64 = 100.0;
/// A part with a smaller area, in pixels, is left over from an unsteady hand.
const SLIVER: f64 = 1.0;

/// The largest part that a drawn line surrounds, as an outline that does not cross itself. `None` where
/// it surrounds nothing.
pub fn tidy(line: &[[f64; 2]]) -> Option<Points> {
    let line = fit(line)?;
    first(parts(line.simplify_shape(FillRule::NonZero)))
}

/// The outline around both, where they touch.
pub fn unite(one: &[[f64; 2]], other: &[[f64; 2]]) -> Option<Points> {
    let (one, other) = (tidy(one)?, tidy(other)?);
    let shapes = one.overlay(&other, OverlayRule::Union, FillRule::NonZero);
    match shapes.len() {
        1 => first(parts(shapes)),
        _ => None,
    }
}

/// The parts of an outline that lie outside another, the largest first.
pub fn subtract(from: &[[f64; 2]], cut: &[[f64; 2]]) -> Vec<Points> {
    let Some(from) = tidy(from) else {
        return Vec::new();
    };
    match fit(cut) {
        Some(cut) => parts(from.overlay(&cut, OverlayRule::Difference, FillRule::NonZero)),
        None => vec![from],
    }
}

/// The parts of an outline on either side of a line, the largest first; one part where the line does not
/// cut through.
pub fn split(contour: &[[f64; 2]], line: &[[f64; 2]]) -> Vec<Points> {
    let Some(contour) = tidy(contour) else {
        return Vec::new();
    };
    let parts = match is_near(line) && line.len() > 1 {
        true => parts(contour.slice_by(&line.to_vec(), FillRule::NonZero)),
        false => Vec::new(),
    };
    match parts.len() {
        0 | 1 => vec![contour],
        _ => parts,
    }
}

/// Points that can be worked with: three or more, and none of them far away.
fn fit(line: &[[f64; 2]]) -> Option<Points> {
    (is_near(line) && line.len() > 2).then(|| line.to_vec())
}

/// Whether all points are near enough; also false for a number that is not one.
fn is_near(line: &[[f64; 2]]) -> bool {
    line.iter().flatten().all(|value| value.abs() <= FARTHEST)
}

/// The outer outlines of shapes, the largest first, without slivers.
fn parts(shapes: Vec<Vec<Points>>) -> Vec<Points> {
    let outer = shapes.into_iter().filter_map(first);
    let mut parts: Vec<Points> = outer.map(rounded).collect();
    parts.retain(|part| area(part) >= SLIVER);
    parts.sort_by(|a, b| area(b).total_cmp(&area(a)));
    parts
}

fn rounded(mut points: Points) -> Points {
    for value in points.iter_mut().flatten() {
        *value = (*value * GRID).round() / GRID;
    }
    points.dedup();
    points
}

fn first<T>(list: Vec<T>) -> Option<T> {
    list.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rectangle(left: f64, top: f64, width: f64, height: f64) -> Points {
        let (right, bottom) = (left + width, top + height);
        vec![[left, top], [right, top], [right, bottom], [left, bottom]]
    }

    fn areas(parts: &[Points]) -> Vec<f64> {
        let rounded = |part: &Points| (area(part) * 10.0).round() / 10.0;
        parts.iter().map(rounded).collect()
    }

    /// A ring's worth of points about a centre; more than one turn overshoots the start.
    fn turns(turns: f64, radius: f64) -> Points {
        let angle = |i: usize| i as f64 / 60.0 * turns * std::f64::consts::TAU;
        let point = |i| {
            [
                50.0 + radius * angle(i).cos(),
                50.0 + radius * angle(i).sin(),
            ]
        };
        (0..=60).map(point).collect()
    }

    #[test]
    fn a_drawn_line_becomes_its_largest_part() {
        // A bow tie of 200 and 50 px.
        let tie = [[0.0, 0.0], [30.0, 10.0], [30.0, 0.0], [0.0, 20.0]];
        let tidied = tidy(&tie).unwrap();
        assert_eq!(tidied.len(), 3);
        assert_eq!(areas(&[tidied]), [200.0]);
        // A hand that goes past its start has drawn one disc.
        let disc = area(&tidy(&turns(1.2, 20.0)).unwrap());
        assert!((disc - 1250.0).abs() < 10.0, "{disc}");
    }

    #[test]
    fn lines_that_surround_nothing_give_nothing() {
        let flat = [[0.0, 0.0], [10.0, 10.0], [20.0, 20.0]];
        let endless = [[0.0, 0.0], [1e300, 10.0], [20.0, f64::NAN]];
        for line in [&flat[..], &flat[..2], &endless, &[]] {
            assert_eq!(tidy(line), None);
            assert_eq!(unite(line, &rectangle(0.0, 0.0, 9.0, 9.0)), None);
            assert!(subtract(line, &rectangle(0.0, 0.0, 9.0, 9.0)).is_empty());
            assert!(split(line, &[[0.0, 5.0], [9.0, 5.0]]).is_empty());
        }
        let square = rectangle(0.0, 0.0, 9.0, 9.0);
        assert_eq!(areas(&subtract(&square, &endless)), [81.0]);
        assert_eq!(areas(&split(&square, &endless)), [81.0]);
    }

    #[test]
    fn outlines_that_touch_are_united_without_holes() {
        let one = rectangle(0.0, 0.0, 10.0, 10.0);
        let both = unite(&one, &rectangle(5.0, 5.0, 10.0, 10.0)).unwrap();
        assert_eq!(areas(&[both]), [175.0]);
        let beside = unite(&one, &rectangle(10.0, 0.0, 10.0, 10.0)).unwrap();
        assert_eq!(areas(&[beside]), [200.0]);
        assert_eq!(unite(&one, &rectangle(11.0, 0.0, 10.0, 10.0)), None);
        let horseshoe = subtract(
            &rectangle(0.0, 0.0, 30.0, 30.0),
            &rectangle(10.0, 10.0, 10.0, 30.0),
        );
        let closed = unite(&horseshoe[0], &rectangle(0.0, 25.0, 30.0, 5.0)).unwrap();
        assert_eq!(areas(&[closed]), [900.0]);
    }

    #[test]
    fn an_outline_is_cut_into_parts() {
        let square = rectangle(0.0, 0.0, 30.0, 30.0);
        let through = rectangle(-5.0, 10.0, 40.0, 5.0);
        assert_eq!(areas(&subtract(&square, &through)), [450.0, 300.0]);
        assert_eq!(
            areas(&subtract(&square, &rectangle(10.0, 10.0, 5.0, 5.0))),
            [900.0]
        );
        assert_eq!(
            areas(&subtract(&square, &rectangle(50.0, 0.0, 5.0, 5.0))),
            [900.0]
        );
        assert!(subtract(&square, &rectangle(-1.0, -1.0, 40.0, 40.0)).is_empty());
    }

    #[test]
    fn a_line_splits_where_it_cuts_through() {
        let square = rectangle(0.0, 0.0, 30.0, 30.0);
        let bent = [[-5.0, 10.0], [15.0, 10.0], [15.0, 40.0]];
        assert_eq!(areas(&split(&square, &bent)), [600.0, 300.0]);
        for line in [
            [[10.0, 10.0], [20.0, 20.0]],
            [[-5.0, 10.0], [20.0, 10.0]],
            [[40.0, 0.0], [40.0, 9.0]],
        ] {
            let whole = split(&square, &line);
            assert_eq!(areas(&whole), [900.0]);
            assert_eq!(whole[0].len(), 4, "{whole:?}");
        }
    }

    #[test]
    fn points_are_rounded() {
        let third = rectangle(1.0 / 3.0, 0.0, 9.0, 9.0);
        let tidied = tidy(&third).unwrap();
        assert!(
            tidied
                .iter()
                .flatten()
                .all(|value| (value * GRID).fract().abs() < 1e-9)
        );
    }
}
