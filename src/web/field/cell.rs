//! One nucleus, of a file, a picture or a field.

use wasm_bindgen::prelude::*;

use super::{decoded, rgb_of};
use crate::image::{CellImage, crop};
use crate::web::pictures::png_of;
use crate::web::refusal;

/// One nucleus as networks are given it.
#[wasm_bindgen]
pub struct Cell(pub(in crate::web) CellImage);

#[wasm_bindgen]
impl Cell {
    /// The bytes of one image file that shows one nucleus.
    pub fn read(file: Vec<u8>) -> Result<Cell, JsValue> {
        let cell = CellImage::recognised(decoded(file)?);
        Ok(Self(cell.map_err(|error| refusal(error.into()))?))
    }

    /// A picture, RGBA, whatever it shows, as one nucleus.
    pub fn whole(rgba: &[u8], width: u32) -> Result<Cell, JsError> {
        Ok(Self(CellImage::of_any(rgb_of(rgba, width)?)))
    }

    /// A PNG file of the 224×224 px cell image.
    pub fn png(&self) -> Result<Vec<u8>, JsError> {
        png_of(self.0.pixels())
    }
}

impl Cell {
    /// The nucleus that a contour surrounds in a piece of a field, RGBA, enlarged `scale` times. `contour`
    /// is x and y of each point in pixels of the piece; `None` where it surrounds nothing.
    pub(in crate::web) fn cut(
        rgba: &[u8],
        width: u32,
        contour: &[f64],
        scale: f32,
    ) -> Result<Option<Self>, JsError> {
        let (points, _) = contour.as_chunks();
        Ok(crop(&rgb_of(rgba, width)?, points, scale).map(Self))
    }
}
