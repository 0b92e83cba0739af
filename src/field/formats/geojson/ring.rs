//! A contour as a valid ring: closed, and without a place where it crosses or touches itself.
//!
//! QuPath reads geometries with JTS, which accepts valid polygons alone (OGC Simple Feature Access).

use super::HALF;
use crate::field::repair::simple_pieces;
use crate::field::{FARTHEST, area};

/// Steps of a coordinate in a pixel: files hold hundredths.
const STEPS: f64 = 100.0;
/// Pieces are cut at crossings, and these are rounded again, which may bring two lines together.
/// More rounds than this have not been needed.
const ROUNDS: usize = 8;

/// A point in hundredths of a pixel: whole numbers, so that a crossing is certain.
type Point = [i64; 2];

/// The ring of a contour in QuPath's pixels, rounded to hundredths; its last point is its first. Where
/// the contour touches itself, its largest piece. `None` where nothing remains, and for points further away
/// than [`FARTHEST`].
pub fn ring(points: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
    let is_near = |value: &f64| value.abs() <= FARTHEST;
    if !points.iter().flatten().all(is_near) {
        return None;
    }
    let stepped = |points: &[[f64; 2]]| -> Vec<Point> {
        let steps = |value: f64| ((value + HALF) * STEPS).round() as i64;
        let mut points: Vec<Point> = points.iter().map(|point| point.map(steps)).collect();
        points.dedup();
        while points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        points
    };
    let mut points = stepped(points);
    for _ in 0..ROUNDS {
        if is_simple(&points) {
            points.push(points[0]);
            let pixels = |value: i64| value as f64 / STEPS;
            return Some(points.into_iter().map(|point| point.map(pixels)).collect());
        }
        let pixels = |value: i64| value as f64 / STEPS - HALF;
        let line: Vec<[f64; 2]> = points.iter().map(|point| point.map(pixels)).collect();
        let pieces = simple_pieces(&line).into_iter();
        points = stepped(&pieces.max_by(|a, b| area(a).total_cmp(&area(b)))?);
    }
    None
}

/// Whether a closed line of three points or more neither crosses nor touches itself.
fn is_simple(points: &[Point]) -> bool {
    let count = points.len();
    let edge = |i: usize| [points[i], points[(i + 1) % count]];
    let meet = |i: usize, j: usize| {
        let ([a, b], [c, d]) = (edge(i), edge(j));
        match (j + count - i) % count {
            // Neighbours share a point; the line must not turn back on itself there.
            1 => turn(a, b, d) == 0 && dot(b, a, d) > 0,
            gap if gap == count - 1 => turn(c, d, b) == 0 && dot(d, c, b) > 0,
            _ => touch([a, b], [c, d]),
        }
    };
    count >= 3 && (0..count).all(|i| (i + 1..count).all(|j| !meet(i, j)))
}

/// Twice the area of a triangle: above 0 where it turns to the left.
fn turn(a: Point, b: Point, c: Point) -> i64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Above 0 where two points lie on the same side of `from`.
fn dot(from: Point, a: Point, b: Point) -> i64 {
    (a[0] - from[0]) * (b[0] - from[0]) + (a[1] - from[1]) * (b[1] - from[1])
}

/// Whether two straight pieces have a point in common.
fn touch([a, b]: [Point; 2], [c, d]: [Point; 2]) -> bool {
    let apart = |axis: usize| {
        a[axis].max(b[axis]) < c[axis].min(d[axis]) || c[axis].max(d[axis]) < a[axis].min(b[axis])
    };
    if apart(0) || apart(1) {
        return false;
    }
    let sides = |a, b, c, d| turn(a, b, c).signum() * turn(a, b, d).signum();
    sides(a, b, c, d) <= 0 && sides(c, d, a, b) <= 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_contour_keeps_its_points() {
        let ring = ring(&[[0.0, 0.0], [4.0, 0.0], [4.004, 4.0], [0.0, 4.0]]).unwrap();
        assert_eq!(
            ring,
            [[0.5, 0.5], [4.5, 0.5], [4.5, 4.5], [0.5, 4.5], [0.5, 0.5]]
        );
    }

    #[test]
    fn spikes_pinches_and_crossings_are_cut_off() {
        for (points, expected) in [
            // A spike.
            (
                vec![
                    [0.0, 0.0],
                    [9.0, 0.0],
                    [9.0, 9.0],
                    [15.0, 9.0],
                    [9.0, 9.0],
                    [0.0, 9.0],
                ],
                81.0,
            ),
            // Two squares that meet in a corner.
            (
                vec![
                    [0.0, 0.0],
                    [9.0, 0.0],
                    [9.0, 9.0],
                    [12.0, 9.0],
                    [12.0, 12.0],
                    [9.0, 12.0],
                    [9.0, 9.0],
                    [0.0, 9.0],
                ],
                81.0,
            ),
            // A bow tie.
            (vec![[0.0, 0.0], [8.0, 8.0], [8.0, 0.0], [0.0, 8.0]], 16.0),
        ] {
            let ring = ring(&points).unwrap();
            assert_eq!(ring.first(), ring.last());
            assert!((area(&ring) - expected).abs() < 0.1, "{ring:?}");
        }
        assert_eq!(ring(&[[0.0, 0.0], [0.001, 0.0], [0.0, 0.001]]), None);
    }

    #[test]
    fn touching_lines_are_found() {
        let square = [[0, 0], [4, 0], [4, 4], [0, 4]];
        assert!(is_simple(&square));
        assert!(!is_simple(&[[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]]));
        assert!(!is_simple(&[[0, 0], [4, 0], [2, 0], [2, 4]]));
        assert!(!is_simple(&[[0, 0], [4, 4], [4, 0], [0, 4]]));
        assert!(is_simple(&[[0, 0], [2, 0], [4, 0], [4, 4]]));
    }
}
