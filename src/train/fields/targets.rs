//! The answer that a segmenter should give at each place of a picture.

use super::data::Outline;
use crate::field::found::{depth, directions, distance, is_inside, middle};
use crate::model::Answer;

/// Distances shorter than this are learnt as this, in strides.
const SHORTEST: f32 = 0.125;

/// The wanted answer for one picture, place by place.
pub struct Targets {
    /// Probabilities of a nucleus to be read and of an object to be left out: the distance to the
    /// object's border over the largest of any place in it, as StarDist has it. `[places, 2]`.
    pub probabilities: Vec<f32>,
    /// Distances to the contour along each ray, in strides; 1 where there is no object.
    /// `[places, rays]`.
    pub rays: Vec<f32>,
}

impl Targets {
    /// For a picture of `columns` × `rows` places with these outlines. Where two cover a place, the
    /// later one counts.
    pub fn new(
        nuclei: &[Outline],
        left_out: &[Outline],
        [columns, rows]: [usize; 2],
        rays: usize,
    ) -> Self {
        let places = columns * rows;
        let mut targets = Self {
            probabilities: vec![0.0; places * 2],
            rays: vec![1.0; places * rays],
        };
        let directions: Vec<[f32; 2]> = directions(rays).collect();
        let left_out = left_out.iter().map(|outline| (Answer::LEFT_OUT, outline));
        let nuclei = nuclei.iter().map(|outline| (Answer::READ, outline));
        for (channel, outline) in left_out.chain(nuclei) {
            targets.draw(channel, outline, [columns, rows], &directions);
        }
        targets
    }

    fn draw(
        &mut self,
        channel: usize,
        outline: &Outline,
        [columns, rows]: [usize; 2],
        directions: &[[f32; 2]],
    ) {
        let within = |axis: usize, places: usize| {
            let values = || outline.iter().map(|point| point[axis]);
            let place = |value: f32| (value / Answer::STRIDE as f32).max(0.0) as usize;
            let first = place(values().fold(f32::INFINITY, f32::min)).saturating_sub(1);
            let last = place(values().fold(0.0, f32::max)) + 1;
            first..last.min(places)
        };
        let mut inside = Vec::new();
        let mut deepest = 0.0f32;
        for row in within(1, rows) {
            for column in within(0, columns) {
                let point = middle([column, row]);
                if !is_inside(outline, point) {
                    continue;
                }
                let depth = depth(outline, point);
                deepest = deepest.max(depth);
                inside.push((row * columns + column, point, depth));
            }
        }
        for (place, point, depth) in inside {
            let probabilities = &mut self.probabilities[2 * place..][..2];
            probabilities.fill(0.0);
            probabilities[channel] = depth / deepest.max(f32::MIN_POSITIVE);
            let rays = &mut self.rays[place * directions.len()..][..directions.len()];
            for (ray, &direction) in rays.iter_mut().zip(directions) {
                let distance = distance(outline, point, direction) / Answer::STRIDE as f32;
                *ray = distance.max(SHORTEST);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAYS: usize = 32;

    fn circle([x, y]: [f32; 2], radius: f32) -> Outline {
        let angle = |i: usize| i as f32 / 720.0 * std::f32::consts::TAU;
        let point = |i| [x + radius * angle(i).cos(), y + radius * angle(i).sin()];
        (0..720).map(point).collect()
    }

    #[test]
    fn the_rays_of_a_circles_middle_are_its_radius() {
        // The middle of place (4, 4) is 17.5.
        let targets = Targets::new(&[circle([17.5, 17.5], 10.0)], &[], [10, 10], RAYS);
        let place = 4 * 10 + 4;
        assert_eq!(targets.probabilities[2 * place + Answer::READ], 1.0);
        for ray in &targets.rays[place * RAYS..][..RAYS] {
            assert!((ray - 2.5).abs() < 0.001, "{ray}");
        }
        // One place to the right the first ray is a stride shorter, the opposite one longer.
        let right = &targets.rays[(place + 1) * RAYS..][..RAYS];
        assert!((right[0] - 1.5).abs() < 0.001 && (right[16] - 3.5).abs() < 0.001);
        assert!((targets.probabilities[2 * (place + 1)] - 0.6).abs() < 0.001);
        assert_eq!(targets.probabilities[0], 0.0);
    }

    #[test]
    fn nuclei_lie_above_objects_that_are_left_out() {
        let (nucleus, other) = (circle([17.5, 17.5], 6.0), circle([17.5, 17.5], 14.0));
        let targets = Targets::new(&[nucleus], &[other], [10, 10], RAYS);
        let at = |column: usize| &targets.probabilities[2 * (40 + column)..][..2];
        assert_eq!(at(4), [1.0, 0.0]);
        assert_eq!(at(7)[Answer::READ], 0.0);
        assert!(at(7)[Answer::LEFT_OUT] > 0.0);
    }
}
