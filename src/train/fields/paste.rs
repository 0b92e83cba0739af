//! Copy and paste ("Simple Copy-Paste is a Strong Data Augmentation Method for Instance Segmentation",
//! Ghiasi et al., CVPR 2021): nuclei of one view put into another, among red cells and smudges that they
//! never lay beside.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::data::Outline;
use crate::field::found::{Area, depth, is_inside};

/// Nuclei that one view takes at most.
const MOST: usize = 8;
/// A pasted nucleus fades in over so many pixels from its border.
const FADE: f32 = 1.5;

/// A view's pixels, `[red, green, blue]` row by row, and its nuclei.
pub struct Seen {
    /// Side in pixels.
    pub side: usize,
    /// The pixels.
    pub pixels: Vec<[f32; 3]>,
    /// The outlines of its nuclei to be read.
    pub nuclei: Vec<Outline>,
}

impl Seen {
    /// Puts some nuclei of `other`, a view of the same side, to any places where they cover none of this
    /// view's objects: its nuclei and those of `occupied`.
    pub fn paste(&mut self, other: &Self, occupied: &[Outline], random: &mut impl Rng) {
        let mut taken: Vec<Area> = self
            .nuclei
            .iter()
            .chain(occupied)
            .map(|o| Area::new(o))
            .collect();
        let mut whole: Vec<&Outline> = other.nuclei.iter().filter(|o| self.holds(o)).collect();
        whole.shuffle(random);
        for outline in whole.into_iter().take(random.random_range(1..=MOST)) {
            let by = [0, 1].map(|axis| {
                let values = || outline.iter().map(|point| point[axis]);
                let first = values().fold(f32::MAX, f32::min);
                let room = self.side as f32 - 1.0 - (values().fold(0.0, f32::max) - first);
                // Whole pixels, so that nothing is blurred.
                (room * random.random::<f32>() - first).round()
            });
            let moved: Outline = outline
                .iter()
                .map(|[x, y]| [x + by[0], y + by[1]])
                .collect();
            let area = Area::new(&moved);
            if taken.iter().any(|taken| taken.shared(&area) > 0) {
                continue;
            }
            self.copy(other, outline, by.map(|by| by as isize));
            taken.push(area);
            self.nuclei.push(moved);
        }
    }

    fn holds(&self, outline: &Outline) -> bool {
        let last = self.side as f32 - 1.0;
        outline
            .iter()
            .flatten()
            .all(|value| (0.0..=last).contains(value))
    }

    /// Copies the pixels of `other` within `outline`, moved by whole pixels.
    fn copy(&mut self, other: &Self, outline: &Outline, [right, down]: [isize; 2]) {
        let Some(([top, bottom], [left, end])) = bounds(outline) else {
            return;
        };
        let side = self.side as isize;
        for (y, x) in (top..=bottom).flat_map(|y| (left..end).map(move |x| (y, x))) {
            let (x, y) = (x as isize, y as isize);
            let (to_x, to_y) = (x + right, y + down);
            let is_there = [x, y, to_x, to_y].iter().all(|at| (0..side).contains(at));
            let point = [x as f32, y as f32];
            if !is_there || !is_inside(outline, point) {
                continue;
            }
            let share = (depth(outline, point) / FADE).min(1.0);
            let from = other.pixels[(y * side + x) as usize];
            let to = &mut self.pixels[(to_y * side + to_x) as usize];
            for (to, from) in to.iter_mut().zip(from) {
                *to += share * (from - *to);
            }
        }
    }
}

/// Rows, and columns with their end.
fn bounds(outline: &Outline) -> Option<([i32; 2], [i32; 2])> {
    let area = Area::new(outline);
    Some((area.rows()?, area.columns()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::run::random;

    #[test]
    fn a_nucleus_comes_with_its_outline_and_covers_no_other() {
        let square = |left: f32, top: f32, side: f32| -> Outline {
            vec![
                [left, top],
                [left + side, top],
                [left + side, top + side],
                [left, top + side],
            ]
        };
        for seed in 0..20 {
            // White with a nucleus in the upper left quarter; black, of which a nucleus is taken.
            let mut seen = Seen {
                side: 64,
                pixels: vec![[255.0; 3]; 64 * 64],
                nuclei: vec![square(2.0, 2.0, 30.0)],
            };
            let other = Seen {
                side: 64,
                pixels: vec![[0.0; 3]; 64 * 64],
                nuclei: vec![square(20.0, 30.0, 11.0)],
            };
            let occupied = [square(34.0, 34.0, 28.0)];
            seen.paste(&other, &occupied, &mut random(seed, &[]));
            let dark = |seen: &Seen| seen.pixels.iter().filter(|pixel| pixel[0] < 128.0).count();
            let Some(pasted) = seen.nuclei.get(1) else {
                assert_eq!(dark(&seen), 0);
                continue;
            };
            let area = Area::new(pasted);
            assert_eq!(area.shared(&Area::new(&seen.nuclei[0])), 0);
            assert_eq!(area.shared(&Area::new(&occupied[0])), 0);
            // Its border fades in, but its middle is that of the other view.
            assert!((70..=121).contains(&dark(&seen)), "{}", dark(&seen));
            let [x, y] = [0, 1].map(|axis| (pasted[0][axis] + 5.0) as usize);
            assert_eq!(seen.pixels[y * 64 + x], [0.0; 3]);
        }
    }
}
