//! The pixels that a polygon covers, as runs, so that overlaps are counted quickly.

/// The pixels of a polygon whose middles lie inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// By row, then by column; no two touch.
    runs: Vec<Run>,
    pixels: u32,
}

/// Pixels `start..end` of row `y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    y: i32,
    start: i32,
    end: i32,
}

impl Area {
    /// Of the closed line through `points`, `[x, y]`, whole numbers being the middles of pixels; inside is
    /// decided by the even-odd rule. Points that are not finite leave the area empty.
    pub fn new(points: &[[f32; 2]]) -> Self {
        let mut area = Self::default();
        if points.iter().flatten().any(|value| !value.is_finite()) {
            return area;
        }
        let rows = points.iter().map(|point| point[1]);
        let first = rows.clone().fold(f32::INFINITY, f32::min).ceil() as i32;
        let last = rows.fold(f32::NEG_INFINITY, f32::max).floor() as i32;
        let mut crossings = Vec::new();
        for y in first..=last {
            crossings.clear();
            let row = y as f32;
            let ends = points.iter().zip(points.iter().cycle().skip(1));
            for (&[x0, y0], &[x1, y1]) in ends {
                if (y0 > row) != (y1 > row) {
                    crossings.push(x0 + (row - y0) * (x1 - x0) / (y1 - y0));
                }
            }
            crossings.sort_by(f32::total_cmp);
            for pair in crossings.chunks_exact(2) {
                area.push(y, pair[0].ceil() as i32, pair[1].ceil() as i32);
            }
        }
        area
    }

    fn push(&mut self, y: i32, start: i32, end: i32) {
        if start >= end {
            return;
        }
        self.pixels += end.abs_diff(start);
        match self.runs.last_mut() {
            Some(last) if last.y == y && last.end == start => last.end = end,
            _ => self.runs.push(Run { y, start, end }),
        }
    }

    /// The number of pixels.
    pub fn pixels(&self) -> u32 {
        self.pixels
    }

    /// The diameter of a circle with as many pixels.
    pub fn diameter(&self) -> f32 {
        (self.pixels as f32 * 4.0 / std::f32::consts::PI).sqrt()
    }

    /// The number of pixels that both have.
    pub fn shared(&self, other: &Self) -> u32 {
        let (mut own, mut others) = (self.runs.as_slice(), other.runs.as_slice());
        let mut shared = 0;
        while let ([a, rest_of_own @ ..], [b, rest_of_others @ ..]) = (own, others) {
            if a.y == b.y {
                shared += (a.end.min(b.end) - a.start.max(b.start)).max(0) as u32;
            }
            match (a.y, a.end) <= (b.y, b.end) {
                true => own = rest_of_own,
                false => others = rest_of_others,
            }
        }
        shared
    }

    /// The intersection over the union, from 0 to 1; 0 where both are empty.
    pub fn overlap(&self, other: &Self) -> f32 {
        let shared = self.shared(other);
        let union = self.pixels + other.pixels - shared;
        shared as f32 / union.max(1) as f32
    }

    /// The first and the last row, if there is any.
    pub fn rows(&self) -> Option<[i32; 2]> {
        Some([self.runs.first()?.y, self.runs.last()?.y])
    }

    /// The first column and the one after the last, if there is any.
    pub fn columns(&self) -> Option<[i32; 2]> {
        let start = self.runs.iter().map(|run| run.start).min()?;
        let end = self.runs.iter().map(|run| run.end).max()?;
        Some([start, end])
    }
}

/// The median of the diameters of some areas; `None` where there is none.
pub fn median_diameter(areas: impl IntoIterator<Item = Area>) -> Option<f32> {
    let mut diameters: Vec<f32> = areas.into_iter().map(|area| area.diameter()).collect();
    let middle = diameters.len() / 2;
    (!diameters.is_empty()).then(|| *diameters.select_nth_unstable_by(middle, f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f32, top: f32, side: f32) -> Area {
        let (right, bottom) = (left + side, top + side);
        Area::new(&[[left, top], [right, top], [right, bottom], [left, bottom]])
    }

    #[test]
    fn pixels_whose_middles_lie_inside_are_counted() {
        assert_eq!(square(-0.5, -0.5, 10.0).pixels(), 100);
        assert_eq!(square(0.6, 0.6, 0.3).pixels(), 0);
        // A ring: the inner square turns the other way round.
        let ring = [
            [-0.5, -0.5],
            [9.5, -0.5],
            [9.5, 9.5],
            [-0.5, 9.5],
            [-0.5, -0.5],
            [2.5, 2.5],
            [2.5, 6.5],
            [6.5, 6.5],
            [6.5, 2.5],
            [2.5, 2.5],
        ];
        assert_eq!(Area::new(&ring).pixels(), 100 - 16);
    }

    #[test]
    fn overlaps_are_counted_by_pixels() {
        let (a, b) = (square(-0.5, -0.5, 10.0), square(4.5, 2.5, 10.0));
        assert_eq!(a.shared(&b), 5 * 7);
        assert_eq!(b.shared(&a), 5 * 7);
        assert_eq!(a.overlap(&b), 35.0 / 165.0);
        assert_eq!(a.overlap(&a), 1.0);
        assert_eq!(a.shared(&square(20.0, 0.0, 5.0)), 0);
    }

    #[test]
    fn points_that_are_no_numbers_cover_nothing() {
        let broken = [[0.0, 0.0], [f32::NAN, 4.0], [4.0, 9.0]];
        assert_eq!(Area::new(&broken), Area::default());
    }
}
