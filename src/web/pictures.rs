//! Pictures for the page: drawn cells, and files as networks are given them.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use wasm_bindgen::prelude::*;

use crate::classify::ClassifyError;
use crate::image::{CellImage, RgbImage, decode, render_synthetic};
use crate::nuclei::Feature;

/// A PNG file with one synthetic cell image that shows the named features, marked as synthetic.
#[wasm_bindgen(js_name = render_synthetic)]
pub fn render_synthetic_png(features: Vec<String>, seed: u32) -> Result<Vec<u8>, JsError> {
    let features = features.iter().map(|name| name.parse::<Feature>());
    let features = features
        .collect::<Result<Vec<_>, _>>()
        .map_err(|fault| JsError::new(&fault))?;
    png_of(&render_synthetic(&features, seed.into()))
}

/// The bytes of one image file → a PNG file of the 224×224 px cell image that networks are given.
#[wasm_bindgen]
pub fn cell_image(file: Vec<u8>) -> Result<Vec<u8>, JsError> {
    // The classifier's errors speak to the person who chose the file.
    let picture = decode(&file).map_err(ClassifyError::from)?;
    png_of(CellImage::recognised(picture)?.pixels())
}

/// With PNG's own encoder: `RgbImage::write_to` would bring those of every format into the module.
fn png_of(picture: &RgbImage) -> Result<Vec<u8>, JsError> {
    let mut png = Vec::new();
    let (width, height) = picture.dimensions();
    PngEncoder::new(&mut png).write_image(picture, width, height, ExtendedColorType::Rgb8)?;
    Ok(png)
}
