//! The pixels of a nucleus: a contour, filled.
//!
//! The mask is that of OpenCV's `fillPoly` on the contour's rounded points: all pixels inside by the
//! even-odd rule, and the pixels of the line itself, clipped to the field. The study's own tools fill
//! contours so, and a measurement depends on every pixel of the border. It is written here because no
//! crate draws the same pixels: on contours with longer edges, imageproc 0.27 differed from OpenCV in two
//! masks of three, and it brings nalgebra into the browser's program.

use std::ops::Range;

/// Points further out than this, in pixels, are taken for this far: no field is as large.
const FARTHEST: f64 = 1e9;

/// The pixels of a field that a contour covers.
#[derive(Clone, Debug)]
pub struct Mask {
    columns: Range<u32>,
    rows: Range<u32>,
    /// Row by row of the window of these columns and rows.
    covered: Vec<bool>,
}

impl Mask {
    /// Fills the closed line through `contour`, points `[x, y]` in pixels of the field, whole numbers
    /// being the centres of pixels, on a field of `[width, height]` pixels. Points are rounded to
    /// whole numbers, halves to the even one, as numpy does.
    ///
    /// `None` where the contour surrounds nothing of the field: fewer than three points, a point that
    /// is not finite, or all points outside on one side.
    pub fn new(contour: &[[f64; 2]], [width, height]: [u32; 2]) -> Option<Self> {
        if contour.len() < 3 || contour.iter().flatten().any(|value| !value.is_finite()) {
            return None;
        }
        let points: Vec<[i64; 2]> = contour.iter().map(|point| point.map(rounded)).collect();
        let range = |axis: usize, side: u32| {
            let values = || points.iter().map(|point| point[axis]);
            let clip = |value: i64| value.clamp(0, side.into()) as u32;
            let (first, last) = (values().min().unwrap_or(0), values().max().unwrap_or(0));
            clip(first)..clip(last + 1)
        };
        let (columns, rows) = (range(0, width), range(1, height));
        let mut mask = Self {
            covered: vec![false; columns.len() * rows.len()],
            columns,
            rows,
        };
        let last = [width, height].map(|side| i64::from(side) - 1);
        let ends = points.iter().zip(points.iter().cycle().skip(1));
        let edges: Vec<Edge> = ends.map(|(&from, &to)| Edge::new(from, to, last)).collect();
        mask.fill(&edges);
        for edge in edges.iter().filter(|edge| edge.is_seen) {
            mask.draw(edge.clipped);
        }
        mask.covered.contains(&true).then_some(mask)
    }

    /// The columns of the field that hold the mask.
    pub fn columns(&self) -> Range<u32> {
        self.columns.clone()
    }

    /// The rows of the field that hold the mask.
    pub fn rows(&self) -> Range<u32> {
        self.rows.clone()
    }

    /// Whether a pixel of the field is covered.
    pub fn covers(&self, x: u32, y: u32) -> bool {
        self.index(x.into(), y.into())
            .is_some_and(|index| self.covered[index])
    }

    /// The covered pixels `(x, y)` of the field, row by row.
    pub fn pixels(&self) -> impl Iterator<Item = (u32, u32)> {
        let places = self
            .rows()
            .flat_map(|y| self.columns().map(move |x| (x, y)));
        places
            .zip(&self.covered)
            .filter_map(|(place, &covered)| covered.then_some(place))
    }

    fn index(&self, x: i64, y: i64) -> Option<usize> {
        let column = u32::try_from(x).ok()?;
        let row = u32::try_from(y).ok()?;
        let is_within = self.columns.contains(&column) && self.rows.contains(&row);
        is_within.then(|| {
            let (column, row) = (column - self.columns.start, row - self.rows.start);
            row as usize * self.columns.len() + column as usize
        })
    }

    fn cover(&mut self, x: i64, y: i64) {
        if let Some(index) = self.index(x, y) {
            self.covered[index] = true;
        }
    }

    /// Covers the pixels inside, by the even-odd rule.
    fn fill(&mut self, edges: &[Edge]) {
        for y in self.rows.clone().map(i64::from) {
            let mut crossings: Vec<f64> = edges.iter().filter_map(|edge| edge.at_row(y)).collect();
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let first = (pair[0].ceil() as i64).max(self.columns.start.into());
                let last = (pair[1].floor() as i64).min(i64::from(self.columns.end) - 1);
                for x in first..=last {
                    self.cover(x, y);
                }
            }
        }
    }

    /// Covers the pixels of a line within the field (Bresenham, "Algorithm for computer control of a
    /// digital plotter", 1965): along its longer axis one pixel a step, of two as near the earlier one.
    fn draw(&mut self, mut ends: [[i64; 2]; 2]) {
        // OpenCV draws every line from its left end.
        ends.sort_by_key(|end| end[0]);
        let [from, to] = ends;
        let apart = [to[0] - from[0], to[1] - from[1]];
        let long = usize::from(apart[1].abs() > apart[0].abs());
        let short = 1 - long;
        let (length, width) = (apart[long].abs(), apart[short].abs());
        for step in 0..=length {
            // Rounds step · width / length, halves down.
            let aside = match length {
                0 => 0,
                length => (2 * step * width + length - 1).div_euclid(2 * length),
            };
            let mut point = from;
            point[long] += step * apart[long].signum();
            point[short] += aside * apart[short].signum();
            self.cover(point[0], point[1]);
        }
    }
}

/// The whole number that stands for a coordinate.
fn rounded(value: f64) -> i64 {
    value.round_ties_even().clamp(-FARTHEST, FARTHEST) as i64
}

/// A straight piece of the closed line.
struct Edge {
    /// The ends' rows.
    rows: [i64; 2],
    /// The piece within the field, its ends in whole pixels as OpenCV's `clipLine` leaves them.
    clipped: [[i64; 2]; 2],
    /// Whether any of it lies within the field.
    is_seen: bool,
}

impl Edge {
    /// The edge between two points of a field whose last column and row are `last`.
    fn new(from: [i64; 2], to: [i64; 2], last: [i64; 2]) -> Self {
        let mut clipped = [from, to];
        // First to the rows, then to the columns.
        for axis in [1, 0] {
            let aside = |end: [i64; 2]| match end[axis] {
                at if at < 0 => -1,
                at if at > last[axis] => 1,
                _ => 0,
            };
            let is_beside = |axis: usize| {
                let [a, b] = clipped.map(|end| end[axis]);
                a.max(b) < 0 || a.min(b) > last[axis]
            };
            if is_beside(0) || is_beside(1) {
                break;
            }
            for end in 0..2 {
                let side = aside(clipped[end]);
                if side != 0 {
                    let [[x0, y0], [x1, y1]] = clipped;
                    let apart = [x1 - x0, y1 - y0];
                    let limit = if side < 0 { 0 } else { last[axis] };
                    let across = 1 - axis;
                    let moved = (limit - clipped[end][axis]) * apart[across] / apart[axis];
                    clipped[end][across] += moved;
                    clipped[end][axis] = limit;
                }
            }
        }
        let is_within = |end: [i64; 2]| (0..2).all(|axis| (0..=last[axis]).contains(&end[axis]));
        Self {
            rows: [from[1], to[1]],
            clipped,
            is_seen: clipped.into_iter().all(is_within),
        }
    }

    /// Where the edge crosses a row of pixel centres; its lower end belongs to the next edge. Beyond
    /// the field OpenCV goes on along the clipped piece, so this does.
    fn at_row(&self, y: i64) -> Option<f64> {
        let [from, to] = self.rows;
        let crosses = (from > y) != (to > y);
        let [[x0, y0], [x1, y1]] = self.clipped;
        let (y0, y1) = if y0 == y1 { (from, to) } else { (y0, y1) };
        // As f64, since the product of two far points needs more than 63 bits.
        crosses.then(|| x0 as f64 + (y - y0) as f64 * (x1 - x0) as f64 / (y1 - y0) as f64)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        points: Vec<[f64; 2]>,
        rows: Vec<String>,
    }

    /// The pixels of a mask on a field of this size, a text a row.
    fn drawn(mask: Option<Mask>, [width, height]: [u32; 2]) -> Vec<String> {
        let covers = |x, y| mask.as_ref().is_some_and(|mask| mask.covers(x, y));
        let pixel = |x, y| if covers(x, y) { '#' } else { '.' };
        let row = |y| (0..width).map(|x| pixel(x, y)).collect();
        (0..height).map(row).collect()
    }

    #[test]
    fn masks_are_those_of_opencv() {
        let cases: Vec<Golden> =
            serde_json::from_str(include_str!("../../tests/golden/masks.json")).unwrap();
        for Golden { points, rows } in cases {
            let size = [rows[0].len() as u32, rows.len() as u32];
            assert_eq!(drawn(Mask::new(&points, size), size), rows, "{points:?}");
        }
    }

    #[test]
    fn halves_are_rounded_as_numpy_rounds_them() {
        let halves = [[0.5, 1.5], [4.5, 1.5], [4.5, 3.5], [0.5, 3.5]];
        let whole = [[0.0, 2.0], [4.0, 2.0], [4.0, 4.0], [0.0, 4.0]];
        let size = [7, 7];
        assert_eq!(
            drawn(Mask::new(&halves, size), size),
            drawn(Mask::new(&whole, size), size)
        );
    }

    #[test]
    fn contours_that_surround_nothing_have_no_mask() {
        for contour in [
            vec![],
            vec![[1.0, 1.0], [5.0, 5.0]],
            vec![[20.0, 1.0], [22.0, 1.0], [21.0, 9.0]],
            vec![[f64::NAN, 1.0], [5.0, 5.0], [1.0, 5.0]],
        ] {
            assert!(Mask::new(&contour, [9, 9]).is_none(), "{contour:?}");
        }
    }

    #[test]
    fn far_points_are_no_danger() {
        let far = [
            [-1e300, -1e300],
            [1e300, -1e300],
            [1e300, 1e300],
            [-1e300, 1e300],
        ];
        assert_eq!(Mask::new(&far, [9, 9]).unwrap().pixels().count(), 81);
        let outside = [[1e300, 0.0], [1e300, 9.0], [1e12, 4.0]];
        assert!(Mask::new(&outside, [9, 9]).is_none());
    }
}
