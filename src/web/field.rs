//! Fields for the page: the opened picture, the contours that a file holds, and the nuclei of a picture.
//!
//! A picture is decoded by one worker and then belongs to the page. Every nucleus comes back in a small
//! piece of it, to any worker.

use js_sys::Uint8ClampedArray;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::pictures::png_of;
use super::{refusal, to_js};
use crate::classify::ClassifyError;
use crate::field::{CellFeature, FieldCell, Origin, count_reasons, formats};
use crate::image::{CellImage, PictureKind, RgbImage, crop, decode, micrometres_per_pixel};

/// Pixels that are made opaque at a time, so that no second copy of a large picture is in the program's
/// memory.
const PIXELS_AT_A_TIME: usize = 1 << 16;

/// A decoded picture, on its way to the page.
#[wasm_bindgen]
pub struct Picture {
    pixels: RgbImage,
    kind: PictureKind,
    micrometres: Option<f64>,
}

#[wasm_bindgen]
impl Picture {
    /// The bytes of one image file → its picture.
    pub fn open(file: Vec<u8>) -> Result<Picture, JsError> {
        let micrometres = micrometres_per_pixel(&file);
        let pixels = decoded(file)?;
        let kind = PictureKind::of(&pixels)?;
        Ok(Self {
            pixels,
            kind,
            micrometres,
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
        self.micrometres
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

/// One nucleus as networks are given it.
#[wasm_bindgen]
pub struct Cell(pub(super) CellImage);

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
    pub(super) fn cut(
        rgba: &[u8],
        width: u32,
        contour: &[f64],
        scale: f32,
    ) -> Result<Option<Self>, JsError> {
        let (points, _) = contour.as_chunks();
        Ok(crop(&rgb_of(rgba, width)?, points, scale).map(Self))
    }
}

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

/// The contours of a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContourFile {
    contours: Vec<Contour>,
    left_out: Vec<LeftOut>,
    mended: Vec<String>,
}

/// A nucleus of a file.
#[derive(Serialize)]
struct Contour {
    id: String,
    points: Vec<[f64; 2]>,
    origin: Origin,
    changed: bool,
    features: Vec<KnownFeature>,
    model: Option<String>,
}

/// A feature of a nucleus of a file.
#[derive(Serialize)]
struct KnownFeature {
    name: String,
    probability: Option<f64>,
    call: Option<bool>,
    answer: Option<bool>,
}

/// Outlines of no use, for one reason.
#[derive(Serialize)]
struct LeftOut {
    reason: String,
    count: usize,
}

/// The bytes of a file with the outlines of a field's nuclei, the field's size, and its name or that of its
/// picture → the outlines that can be used.
#[wasm_bindgen]
pub fn read_contours(file: &[u8], width: u32, height: u32, name: &str) -> Result<JsValue, JsError> {
    let told = |error| JsError::new(&format!("the file {error}"));
    let file = formats::read(file, name).map_err(told)?;
    let file = file.repaired([width, height]);
    let left_out = count_reasons(&file.left_out).into_iter();
    to_js(&ContourFile {
        left_out: left_out
            .map(|(reason, count)| LeftOut {
                reason: reason.to_string(),
                count,
            })
            .collect(),
        contours: file.cells.into_iter().map(Contour::from).collect(),
        mended: file.mended,
    })
}

impl From<FieldCell> for Contour {
    fn from(cell: FieldCell) -> Self {
        let feature = |feature: CellFeature| KnownFeature {
            name: feature.name,
            probability: feature.probability,
            call: feature.call,
            answer: feature.answer,
        };
        Self {
            id: cell.contour.id,
            points: cell.contour.points,
            origin: cell.origin,
            changed: cell.is_changed,
            features: cell.features.into_iter().map(feature).collect(),
            model: cell.model,
        }
    }
}
