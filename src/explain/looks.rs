//! The many looks at a cell that a map is made of: shifted, mirrored, and back to their places.

use ::image::RgbImage;
use ::image::imageops::{self, flip_horizontal_in_place, flip_vertical_in_place};

use crate::image::CellImage;
use crate::model::Architecture;

/// Looks for each of the 32 px strides of a ResNet or ConvNeXt, along either side. Places of the map
/// lie about 8 px of the input apart; with the mirrored ones there are 64 looks.
const SHIFTS: usize = 4;

/// One axis of a look: how the cell is moved before the network sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// Pixels of the input to the right, or down.
    shift: i64,
    /// Turned around after that.
    mirrored: bool,
}

impl Move {
    /// Where in the unmoved cell the network looks when it looks at `seen`, in pixels from the edge
    /// of an input of `side`.
    fn origin(self, seen: f32, side: f32) -> f32 {
        let shifted = match self.mirrored {
            true => side - seen,
            false => seen,
        };
        shifted - self.shift as f32
    }
}

/// The looks of a map, and where their places lie, along either side.
pub(super) struct Looks {
    /// Side of the input, in pixels.
    side: usize,
    /// Pixels from one place of a look to the next.
    stride: usize,
    /// Where the middle of a look's first place lies, in pixels.
    first: f32,
    /// Places of a look.
    pub(super) seen: usize,
    /// Places of the map.
    pub(super) places: usize,
    moves: Vec<Move>,
}

impl Looks {
    pub(super) fn new(architecture: &Architecture, side: usize) -> Self {
        let shifts = match architecture {
            Architecture::ResNet(_) | Architecture::ConvNext(_) => SHIFTS,
            Architecture::Vit(_) => 1,
        };
        let stride = architecture.stride();
        let step = stride / shifts;
        // About 0: -12, -4, 4 and 12, say.
        let first_shift = ((shifts - 1) * step / 2) as i64;
        let moves = (0..shifts).flat_map(|i| {
            [false, true].map(|mirrored| Move {
                shift: (i * step) as i64 - first_shift,
                mirrored,
            })
        });
        Self {
            side,
            stride,
            first: architecture.first_place(),
            seen: architecture.places(side),
            // Rounded down: a place as wide as a step or wider meets at least one look.
            places: side / step,
            moves: moves.collect(),
        }
    }

    /// Every move across with every move down.
    pub(super) fn all(&self) -> Vec<[Move; 2]> {
        let with = |across: Move| self.moves.iter().map(move |down| [across, *down]);
        self.moves.iter().flat_map(|across| with(*across)).collect()
    }

    /// The place of the map in which the middle of a look's place lies, if any.
    pub(super) fn place(&self, look: Move, seen: usize) -> Option<usize> {
        let middle = self.first + (seen * self.stride) as f32;
        let at = look.origin(middle, self.side as f32);
        let place = at * self.places as f32 / self.side as f32;
        let inside = (0.0..self.places as f32).contains(&place);
        inside.then_some(place as usize)
    }
}

/// `picture` as a look shows it, white where nothing of it is left.
pub(super) fn moved(picture: &RgbImage, [across, down]: [Move; 2]) -> RgbImage {
    let mut moved = RgbImage::from_pixel(picture.width(), picture.height(), CellImage::WHITE);
    imageops::replace(&mut moved, picture, across.shift, down.shift);
    if across.mirrored {
        flip_horizontal_in_place(&mut moved);
    }
    if down.mirrored {
        flip_vertical_in_place(&mut moved);
    }
    moved
}

#[cfg(test)]
mod tests {
    use ::image::Rgb;

    use super::*;

    #[test]
    fn every_place_of_a_map_is_looked_at() {
        for name in ["resnet-18", "convnext-atto"] {
            let architecture = Architecture::named(name).expect("a network");
            for side in 32..=224 {
                let looks = Looks::new(&architecture, side);
                let mut looked = vec![false; looks.places];
                for look in &looks.moves {
                    for place in (0..looks.seen).filter_map(|seen| looks.place(*look, seen)) {
                        looked[place] = true;
                    }
                }
                assert!(looked.iter().all(|looked| *looked), "{name}, {side} px");
            }
        }
    }

    #[test]
    fn a_look_knows_where_in_the_cell_it_looks() {
        const SIDE: u32 = 32;
        const MARK: Rgb<u8> = Rgb([0; 3]);
        let (x, y) = (13, 18);
        let mut picture = RgbImage::from_pixel(SIDE, SIDE, CellImage::WHITE);
        picture.put_pixel(x, y, MARK);
        for shift in [-12, -4, 4, 12] {
            for mirrored in [false, true] {
                let look = Move { shift, mirrored };
                let moved = moved(&picture, [look, look]);
                let mut marks = moved
                    .enumerate_pixels()
                    .filter(|(_, _, pixel)| **pixel == MARK);
                let (across, down, _) = marks.next().expect("the mark is still in the picture");
                let middle = |pixel: u32| look.origin(pixel as f32 + 0.5, SIDE as f32);
                assert_eq!(
                    [middle(across), middle(down)],
                    [x as f32 + 0.5, y as f32 + 0.5]
                );
            }
        }
    }
}
