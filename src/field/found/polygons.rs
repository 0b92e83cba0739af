//! From the network's answer at each place to polygons.

use super::rays::directions;
use crate::checkpoint::Segmentation;
use crate::model::Answer;

/// The probabilities from which places count, and the overlap from which polygons are of one nucleus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// For nuclei that are to be read.
    pub read: f32,
    /// For objects that are to be left out.
    pub left_out: f32,
    /// The intersection over the union above which the less probable of two polygons is dropped.
    pub overlap: f32,
}

impl Thresholds {
    /// For figures about nuclei to be read: no other object is found.
    pub const ONLY_READ: Self = Self {
        read: 0.5,
        left_out: f32::INFINITY,
        overlap: 0.3,
    };

    /// The thresholds of a card.
    pub fn of(task: &Segmentation) -> Self {
        Self {
            read: task.probability_threshold as f32,
            left_out: task.left_out_threshold as f32,
            overlap: task.overlap_threshold as f32,
        }
    }
}

/// An object that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The probability at its place.
    pub probability: f32,
    /// Whether it is a nucleus to be read, or an object to be left out.
    pub is_read: bool,
    /// The place that the rays start from, `[x, y]`.
    pub middle: [f32; 2],
    /// Its outline, points `[x, y]`; whole numbers are the middles of pixels.
    pub points: Vec<[f32; 2]>,
}

/// A polygon for every place that is probably inside an object, in pixels of the network's input.
///
/// `answer` is the network's answer for one image, `[rows, columns, channels]`, row by row.
pub fn polygons(
    answer: &[f32],
    [rows, columns, channels]: [usize; 3],
    rays: usize,
    thresholds: Thresholds,
) -> Vec<Found> {
    let directions: Vec<[f32; 2]> = directions(rays).collect();
    let mut found = Vec::new();
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| [column, row]));
    for (place, answer) in places.zip(answer.chunks_exact(channels)) {
        let [read, left_out] = [Answer::READ, Answer::LEFT_OUT].map(|i| sigmoid(answer[i]));
        let is_read = read >= thresholds.read;
        if !is_read && left_out < thresholds.left_out {
            continue;
        }
        let middle = middle(place);
        let distances = &answer[Answer::RAYS..][..rays];
        let point = |(direction, distance): (&[f32; 2], &f32)| {
            let distance = Answer::STRIDE as f32 * distance.exp();
            [0, 1].map(|axis| middle[axis] + distance * direction[axis])
        };
        found.push(Found {
            probability: if is_read { read } else { left_out },
            is_read,
            middle,
            points: directions.iter().zip(distances).map(point).collect(),
        });
    }
    found
}

/// The middle of the pixels that a place, `[column, row]`, stands for.
pub fn middle(place: [usize; 2]) -> [f32; 2] {
    let half = (Answer::STRIDE - 1) as f32 / 2.0;
    place.map(|number| (number * Answer::STRIDE) as f32 + half)
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_becomes_a_polygon_about_its_middle() {
        const SIDES: [usize; 3] = [2, 3, 8];
        let mut answer = vec![-9.0; 2 * 3 * 8];
        // Row 1, column 2: the middle of pixels 8 to 11 and 4 to 7.
        let place = &mut answer[5 * 8..];
        place[Answer::READ] = 2.0;
        place[Answer::RAYS..][..4].copy_from_slice(&[0.0, 2f32.ln(), 0.0, 0.5f32.ln()]);
        let found = polygons(&answer, SIDES, 4, Thresholds::ONLY_READ);
        let [found] = found.as_slice() else {
            panic!("one place is inside: {found:?}");
        };
        assert!(found.is_read && (found.probability - 0.8808).abs() < 1e-4);
        assert_eq!(found.middle, [9.5, 5.5]);
        let wanted = [[13.5, 5.5], [9.5, 13.5], [5.5, 5.5], [9.5, 3.5]];
        for (found, wanted) in found.points.iter().flatten().zip(wanted.iter().flatten()) {
            assert!((found - wanted).abs() < 1e-4, "{found} {wanted}");
        }
    }
}
