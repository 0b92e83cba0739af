//! Fields for the page: pictures, the nuclei in them, and the files of outlines.
//!
//! A picture is decoded by one worker and then belongs to the page. It comes back as RGBA: a small piece for
//! each nucleus, or all of it to be measured.

mod cell;
mod files;
mod measurements;
mod picture;
mod pieces;
mod slide;

use wasm_bindgen::prelude::*;

use crate::classify::ClassifyError;
use crate::field::MicrometresPerPixel;
use crate::image::{RgbImage, decode};

pub use cell::Cell;
pub(super) use picture::Picture;

/// The pixels of an image file. The classifier's errors speak to the person who chose the file.
fn decoded(file: Vec<u8>) -> Result<RgbImage, JsError> {
    Ok(decode(&file).map_err(ClassifyError::from)?)
}

/// The opaque RGBA of a canvas → RGB.
pub(super) fn rgb_of(rgba: &[u8], width: u32) -> Result<RgbImage, JsError> {
    let (pixels, _) = rgba.as_chunks::<4>();
    let height = (pixels.len() as u32).checked_div(width).unwrap_or(0);
    let rgb = pixels
        .iter()
        .flat_map(|[r, g, b, _]| [*r, *g, *b])
        .collect();
    RgbImage::from_raw(width, height, rgb).ok_or_else(|| {
        let pixels = pixels.len();
        JsError::new(&format!("{pixels} pixels are no rows of {width}"))
    })
}

/// The scale of a picture, where the page knows it.
pub(super) fn scale_of(micrometres: Option<f64>) -> Result<Option<MicrometresPerPixel>, JsError> {
    let scale = micrometres.map(MicrometresPerPixel::try_from).transpose();
    scale.map_err(|fault| JsError::new(&fault))
}
