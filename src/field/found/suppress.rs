//! Polygon suppression: of several polygons about one nucleus only the most probable one stays.

use std::collections::HashMap;

use super::area::Area;
use super::polygons::Found;
use super::rays::{directions, distance, is_inside};

/// Side in pixels of the squares that polygons are looked up by.
const CELL: i32 = 32;
/// Two polygons agree about a nucleus from this intersection over the union on.
const AGREES: f32 = 0.5;

/// Keeps every polygon that overlaps no other kept one before it by more than `overlap` (the intersection
/// over the union). Nuclei to be read come first, and of each kind the most probable. Empty polygons are
/// dropped.
///
/// This is greedy non-maximum suppression on the polygons' own pixels. Neighbouring places see one nucleus
/// from several points, and their errors differ. So the outline that stays becomes the mean of its own and
/// of all that it suppressed and that agree with it, weighted by their probabilities.
pub fn suppress(mut found: Vec<Found>, overlap: f32) -> Vec<Found> {
    let probability = |a: &Found, b: &Found| b.probability.total_cmp(&a.probability);
    found.sort_by(|a, b| b.is_read.cmp(&a.is_read).then(probability(a, b)));
    let mut kept: Vec<Kept> = Vec::new();
    let mut by_square: HashMap<[i32; 2], Vec<usize>> = HashMap::new();
    for found in found {
        let area = Area::new(&found.points);
        let Some(squares) = squares(&area) else {
            continue;
        };
        let near = squares
            .clone()
            .filter_map(|at| by_square.get(&at))
            .flatten();
        let nearest = near
            .map(|&other| (other, area.overlap(&kept[other].area)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        match nearest {
            Some((other, shared)) if shared > overlap => {
                if shared >= AGREES {
                    kept[other].add(&found);
                }
            }
            _ => {
                for at in squares {
                    by_square.entry(at).or_default().push(kept.len());
                }
                kept.push(Kept::new(found, area));
            }
        }
    }
    kept.into_iter().map(Kept::mean).collect()
}

/// A polygon that stays, and those that agree with it.
struct Kept {
    found: Found,
    area: Area,
    /// The sum of the distances along each ray, times the probabilities.
    distances: Vec<f32>,
    /// The sum of the probabilities.
    weight: f32,
}

impl Kept {
    fn new(found: Found, area: Area) -> Self {
        let [x, y] = found.middle;
        let distance = |point: &[f32; 2]| found.probability * (point[0] - x).hypot(point[1] - y);
        Self {
            distances: found.points.iter().map(distance).collect(),
            weight: found.probability,
            found,
            area,
        }
    }

    /// Adds a polygon, as it looks from this one's middle.
    fn add(&mut self, other: &Found) {
        let middle = self.found.middle;
        if other.is_read != self.found.is_read || !is_inside(&other.points, middle) {
            return;
        }
        for (sum, direction) in self
            .distances
            .iter_mut()
            .zip(directions(other.points.len()))
        {
            *sum += other.probability * distance(&other.points, middle, direction);
        }
        self.weight += other.probability;
    }

    fn mean(mut self) -> Found {
        let rays = self.distances.iter().zip(directions(self.distances.len()));
        let [x, y] = self.found.middle;
        let point = |(sum, [dx, dy]): (&f32, [f32; 2])| {
            let distance = sum / self.weight;
            [x + distance * dx, y + distance * dy]
        };
        self.found.points = rays.map(point).collect();
        self.found
    }
}

/// The squares that an area touches.
fn squares(area: &Area) -> Option<impl Iterator<Item = [i32; 2]> + Clone + use<>> {
    let ([top, bottom], [left, right]) = (area.rows()?, area.columns()?);
    let number = |position: i32| position.div_euclid(CELL);
    let (rows, columns) = (number(top)..=number(bottom), number(left)..=number(right));
    Some(rows.flat_map(move |row| columns.clone().map(move |column| [column, row])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A circle of radius 10.
    fn circle(left: f32, probability: f32, is_read: bool) -> Found {
        let middle = [left + 10.0, 10.0];
        let point = |[dx, dy]: [f32; 2]| [middle[0] + 10.0 * dx, middle[1] + 10.0 * dy];
        Found {
            probability,
            is_read,
            middle,
            points: directions(32).map(point).collect(),
        }
    }

    #[test]
    fn the_most_probable_of_overlapping_polygons_stays() {
        let found = vec![
            circle(0.0, 0.6, true),
            circle(4.0, 0.9, true),
            circle(8.0, 0.5, true),
            circle(30.0, 0.4, true),
            // A nucleus to be read hides it, however probable it is.
            circle(33.0, 0.99, false),
        ];
        let kept = suppress(found, 0.3);
        let middles: Vec<f32> = kept.iter().map(|found| found.middle[0]).collect();
        assert_eq!(middles, [14.0, 40.0]);
        // Both circles beside the first agree with it and with its right and left ends on average.
        let ends = [kept[0].points[0][0], kept[0].points[16][0]];
        let shift = (0.6 * -4.0 + 0.5 * 4.0) / (0.6 + 0.9 + 0.5);
        for (found, wanted) in ends.iter().zip([24.0 + shift, 4.0 + shift]) {
            assert!((found - wanted).abs() < 0.1, "{found} {wanted}");
        }
    }
}
