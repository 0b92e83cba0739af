//! A picture on its way from a file to the page.

use js_sys::Uint8ClampedArray;
use wasm_bindgen::prelude::*;

use super::rgb_of;
use crate::classify::ClassifyError;
use crate::field::MicrometresPerPixel;
use crate::image::{Notice, OpenedPicture, PictureKind, RgbImage, open};

/// Pixels that are made opaque at a time, so that no second copy of a large picture is in the program's
/// memory.
const PIXELS_AT_A_TIME: usize = 1 << 16;

/// A decoded picture, on its way to the page.
#[wasm_bindgen]
pub struct Picture {
    pixels: RgbImage,
    kind: PictureKind,
    scale: Option<MicrometresPerPixel>,
    notice: Option<String>,
}

#[wasm_bindgen]
impl Picture {
    /// The bytes of one image file → its picture.
    pub fn open(file: Vec<u8>) -> Result<Picture, JsError> {
        // The classifier's errors speak to the person who chose the file.
        let OpenedPicture {
            pixels,
            micrometres_per_pixel,
            notices,
        } = open(&file).map_err(ClassifyError::from)?;
        Self::recognised(pixels, micrometres_per_pixel, &notices)
    }

    /// The pixels that a browser has decoded, RGBA.
    pub fn of_browser(rgba: &[u8], width: u32) -> Result<Picture, JsError> {
        Self::recognised(rgb_of(rgba, width)?, None, &[])
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

    /// What a person should know of the picture, in sentences.
    #[wasm_bindgen(getter)]
    pub fn notice(&self) -> Option<String> {
        self.notice.clone()
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

impl Picture {
    /// A picture of the kind that it shows.
    fn recognised(
        pixels: RgbImage,
        micrometres_per_pixel: Option<f64>,
        notices: &[Notice],
    ) -> Result<Self, JsError> {
        let kind = PictureKind::of(&pixels)?;
        let picture = Self::of_field(pixels, micrometres_per_pixel, notices);
        Ok(Self { kind, ..picture })
    }

    /// A picture of a field, whatever it shows.
    pub(super) fn of_field(
        pixels: RgbImage,
        micrometres_per_pixel: Option<f64>,
        notices: &[Notice],
    ) -> Self {
        let notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
        Self {
            kind: PictureKind::Field,
            pixels,
            scale: micrometres_per_pixel.and_then(MicrometresPerPixel::new),
            notice: (!notices.is_empty()).then(|| notices.join(" ")),
        }
    }
}
