//! The pixels of a nucleus: a contour, filled.
//!
//! The mask is that of OpenCV's `fillPoly` on the contour's rounded points: all pixels inside by the
//! even-odd rule, and the pixels of the line itself. The study's own tools fill contours so, and a
//! measurement depends on every pixel of the border. It is written here because no crate draws the
//! same pixels: on contours with longer edges, imageproc 0.27 differed from OpenCV in two masks of
//! three, and it brings nalgebra into the browser's program.

use std::ops::Range;

/// Points further out than this, in pixels, are taken for this far: no field is as large.
const FARTHEST: f64 = 1e9;

/// The pixels that a contour covers, within a window of its field.
#[derive(Debug)]
pub(super) struct Mask {
    columns: Range<u32>,
    rows: Range<u32>,
    /// Row by row of the window.
    covered: Vec<bool>,
}

impl Mask {
    /// Fills the closed line through `contour`, points `[x, y]` in pixels of the field, whole
    /// numbers being the centres of pixels. Only the window of `columns` and `rows` is looked at.
    pub(super) fn new(contour: &[[f64; 2]], columns: Range<u32>, rows: Range<u32>) -> Self {
        let covered = vec![false; columns.len() * rows.len()];
        let mut mask = Self {
            columns,
            rows,
            covered,
        };
        let rounded = |value: f64| value.round().clamp(-FARTHEST, FARTHEST) as i64;
        let points: Vec<[i64; 2]> = contour.iter().map(|point| point.map(rounded)).collect();
        let ends = points.iter().zip(points.iter().cycle().skip(1));
        let edges: Vec<Edge> = ends.map(|(&from, &to)| Edge { from, to }).collect();
        mask.fill(&edges);
        for edge in &edges {
            mask.draw(edge);
        }
        mask
    }

    /// Whether a pixel of the field is covered.
    pub(super) fn covers(&self, x: u32, y: u32) -> bool {
        self.index(x.into(), y.into())
            .is_some_and(|index| self.covered[index])
    }

    /// Whether any pixel is covered.
    pub(super) fn is_empty(&self) -> bool {
        !self.covered.contains(&true)
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

    /// Covers the pixels of an edge (Bresenham, "Algorithm for computer control of a digital
    /// plotter", 1965): along its longer axis one pixel a step, of two as near the earlier one.
    fn draw(&mut self, edge: &Edge) {
        // OpenCV draws every line from its left end.
        let (from, to) = match edge.from[0] <= edge.to[0] {
            true => (edge.from, edge.to),
            false => (edge.to, edge.from),
        };
        let apart = [to[0] - from[0], to[1] - from[1]];
        let long = usize::from(apart[1].abs() > apart[0].abs());
        let short = 1 - long;
        let (length, width) = (apart[long].abs(), apart[short].abs());
        let window = [&self.columns, &self.rows][long];
        let (first, last) = (i64::from(window.start), i64::from(window.end) - 1);
        // The steps within the window, whichever way the line runs.
        let steps = match apart[long] >= 0 {
            true => first - from[long]..=last - from[long],
            false => from[long] - last..=from[long] - first,
        };
        for step in (*steps.start()).max(0)..=(*steps.end()).min(length) {
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

/// A straight piece of the closed line.
struct Edge {
    from: [i64; 2],
    to: [i64; 2],
}

impl Edge {
    /// Where the edge crosses a row of pixel centres; its lower end belongs to the next edge.
    fn at_row(&self, y: i64) -> Option<f64> {
        let ([x0, y0], [x1, y1]) = (self.from, self.to);
        let crosses = (y0 > y) != (y1 > y);
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

    #[test]
    fn masks_are_those_of_opencv() {
        let cases: Vec<Golden> =
            serde_json::from_str(include_str!("../../tests/golden/masks.json")).unwrap();
        for Golden { points, rows } in cases {
            let (width, height) = (rows[0].len() as u32, rows.len() as u32);
            let mask = Mask::new(&points, 0..width, 0..height);
            let pixel = |x, y| if mask.covers(x, y) { '#' } else { '.' };
            let row = |y| (0..width).map(|x| pixel(x, y)).collect::<String>();
            let found: Vec<String> = (0..height).map(row).collect();
            assert_eq!(found, rows, "{points:?}");
        }
    }

    #[test]
    fn a_window_shows_its_part_of_the_mask() {
        let contour = [[-7.0, 3.0], [12.0, -4.0], [40.0, 9.0], [3.0, 31.0]];
        let whole = Mask::new(&contour, 0..20, 0..20);
        let part = Mask::new(&contour, 4..15, 2..9);
        for (x, y) in (4..15).flat_map(|x| (2..9).map(move |y| (x, y))) {
            assert_eq!(whole.covers(x, y), part.covers(x, y), "{x}, {y}");
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
        assert!(Mask::new(&far, 3..9, 3..9).covered.iter().all(|&c| c));
        let outside = [[1e300, 0.0], [1e300, 9.0], [1e12, 4.0]];
        assert!(Mask::new(&outside, 0..9, 0..9).is_empty());
    }
}
