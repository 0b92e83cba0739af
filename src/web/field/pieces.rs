//! The parts of a field that are measured, so that a large field itself stays with the page.

use wasm_bindgen::prelude::*;

use crate::field::measure::Pixels;

/// Values that tell the place of a piece: its first column and row, its width and height.
const PLACE: usize = 4;

/// A piece of the field about each contour, RGBA, one after another in one array.
pub struct Pieces<'a> {
    size: [u32; 2],
    rgba: &'a [u8],
    /// The place of each piece, and of its first byte.
    pieces: Vec<([u32; PLACE], usize)>,
}

impl<'a> Pieces<'a> {
    /// Pieces of a field of `[width, height]` pixels, with four numbers each that tell their places.
    ///
    /// # Errors
    /// More places than pixels.
    pub fn new(size: [u32; 2], rgba: &'a [u8], places: &[u32]) -> Result<Self, JsError> {
        let (places, _) = places.as_chunks::<PLACE>();
        let mut end = 0;
        let mut pieces = Vec::with_capacity(places.len());
        for &place in places {
            pieces.push((place, end));
            end += 4 * place[2] as usize * place[3] as usize;
        }
        match end <= rgba.len() {
            true => Ok(Self { size, rgba, pieces }),
            false => Err(JsError::new("the pieces of a field have no pixels")),
        }
    }
}

impl Pixels for Pieces<'_> {
    fn size(&self) -> [u32; 2] {
        self.size
    }

    /// Black outside of the piece, where no contour reaches.
    fn colour(&self, contour: usize, x: u32, y: u32) -> [u8; 3] {
        let within = || {
            let &([left, top, width, height], first) = self.pieces.get(contour)?;
            let (x, y) = (x.checked_sub(left)?, y.checked_sub(top)?);
            let at = first + 4 * (y as usize * width as usize + x as usize);
            let is_there = x < width && y < height;
            is_there.then(|| [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2]])
        };
        within().unwrap_or_default()
    }
}
