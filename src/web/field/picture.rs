//! A picture on its way from a file to the page.

use js_sys::Uint8ClampedArray;
use wasm_bindgen::prelude::*;

use super::decoded;
use crate::field::MicrometresPerPixel;
use crate::image::{PictureKind, RgbImage};

/// Pixels that are made opaque at a time, so that no second copy of a large picture is in the program's
/// memory.
const PIXELS_AT_A_TIME: usize = 1 << 16;

/// A decoded picture, on its way to the page.
#[wasm_bindgen]
pub struct Picture {
    pixels: RgbImage,
    kind: PictureKind,
    scale: Option<MicrometresPerPixel>,
}

#[wasm_bindgen]
impl Picture {
    /// The bytes of one image file → its picture.
    pub fn open(file: Vec<u8>) -> Result<Picture, JsError> {
        let scale = MicrometresPerPixel::of_file(&file);
        let pixels = decoded(file)?;
        let kind = PictureKind::of(&pixels)?;
        Ok(Self {
            pixels,
            kind,
            scale,
        })
    }

    /// `field` or `cell-image`.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> String {
        match self.kind {
            PictureKind::CellImage => "cell-image".into(),
            PictureKind::Field => "field".into(),
        }
    }

    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// Micrometres that the side of a pixel shows, where the file tells it.
    #[wasm_bindgen(getter)]
    pub fn micrometres_per_pixel(&self) -> Option<f64> {
        self.scale.map(MicrometresPerPixel::get)
    }

    /// The pixels as a canvas takes them, RGBA, in memory of JavaScript's own.
    pub fn rgba(&self) -> Uint8ClampedArray {
        let length = |pixels: usize| 4 * pixels as u32; // A decoded picture has at most 50 million pixels.
        let rgba = Uint8ClampedArray::new_with_length(length(self.pixels.pixels().len()));
        for (i, rgb) in self.pixels.chunks(3 * PIXELS_AT_A_TIME).enumerate() {
            let opaque = |rgb: &[u8; 3]| [rgb[0], rgb[1], rgb[2], u8::MAX];
            let (pixels, _) = rgb.as_chunks::<3>();
            let part: Vec<u8> = pixels.iter().flat_map(opaque).collect();
            let start = length(i * PIXELS_AT_A_TIME);
            rgba.subarray(start, start + part.len() as u32)
                .copy_from(&part);
        }
        rgba
    }
}
