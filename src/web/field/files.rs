//! Files of outlines, as the page knows their nuclei.

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::pieces::Pieces;
use super::scale_of;
use crate::field::formats::{self, MeasuredCell, ObjectType};
use crate::field::{self, CellFeature, FieldCell, FieldScale, Origin, count_reasons};
use crate::web::to_js;

/// The contours of a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContourFile {
    contours: Vec<Contour>,
    left_out: Vec<Outline>,
    refused: Vec<Refused>,
    mended: Vec<String>,
}

/// An object that is no nucleus to be read.
#[derive(Serialize, Deserialize)]
struct Outline {
    points: Vec<[f64; 2]>,
}

/// A nucleus of a file.
#[derive(Serialize, Deserialize)]
struct Contour {
    id: String,
    points: Vec<[f64; 2]>,
    origin: Origin,
    changed: bool,
    confirmed: bool,
    probability: Option<f64>,
    features: Vec<CellFeature>,
    model: Option<String>,
}

/// Outlines of no use, for one reason.
#[derive(Serialize)]
struct Refused {
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
    let refused = count_reasons(&file.refused).into_iter();
    to_js(&ContourFile {
        refused: refused
            .map(|(reason, count)| Refused {
                reason: reason.to_string(),
                count,
            })
            .collect(),
        contours: file.cells.into_iter().map(Contour::from).collect(),
        left_out: file
            .left_out
            .into_iter()
            .map(|contour| Outline {
                points: contour.points,
            })
            .collect(),
        mended: file.mended,
    })
}

impl From<FieldCell> for Contour {
    fn from(cell: FieldCell) -> Self {
        Self {
            id: cell.contour.id,
            points: cell.contour.points,
            origin: cell.origin,
            changed: cell.is_changed,
            confirmed: cell.is_confirmed,
            probability: cell.probability,
            features: cell.features,
            model: cell.model,
        }
    }
}

impl From<Contour> for FieldCell {
    fn from(contour: Contour) -> Self {
        Self {
            contour: field::Contour::new(contour.id, contour.points),
            origin: contour.origin,
            is_changed: contour.changed,
            is_confirmed: contour.confirmed,
            probability: contour.probability,
            features: contour.features,
            model: contour.model,
        }
    }
}

/// The nuclei of a field that are to be written, and all that is told beside them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    contours: Vec<Contour>,
    left_out: Vec<Outline>,
    is_scale_estimated: bool,
}

/// The nuclei of a field as a file of the `format` `study`, `detections`, `annotations` (both for QuPath),
/// `csv`, or `left-out`, which holds the left-out objects alone. `written` is the JSON of the nuclei, `name` the
/// field's, and a pixel shows `micrometres` of the slide. The study's format and `left-out` need no pixels, which come
/// as [`Pieces`] of a field of `width` and `height`.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments)] // JavaScript's values, each as it is.
pub fn write_contours(
    written: &str,
    format: &str,
    name: &str,
    width: u32,
    height: u32,
    rgba: &[u8],
    places: &[u32],
    micrometres: Option<f64>,
) -> Result<String, JsError> {
    let written: Written = serde_json::from_str(written)?;
    let cells: Vec<FieldCell> = written.contours.into_iter().map(FieldCell::from).collect();
    let left_out = written.left_out.into_iter().enumerate();
    let left_out: Vec<field::Contour> = left_out
        .map(|(id, outline)| field::Contour::new(id, outline.points))
        .collect();
    match format {
        "study" => return Ok(formats::write_study(name, &cells)),
        "left-out" => return Ok(formats::write_contours(&left_out)),
        _ => {}
    }
    let scale = scale_of(micrometres)?.map(|value| FieldScale {
        value,
        is_estimated: written.is_scale_estimated,
    });
    let cells = MeasuredCell::measured(&Pieces::new([width, height], rgba, places)?, cells);
    let geojson = |object| formats::write_geojson(name, &cells, &left_out, scale, object);
    match format {
        "csv" => Ok(formats::write_csv(name, &cells, scale)),
        "detections" => Ok(geojson(ObjectType::Detection)),
        "annotations" => Ok(geojson(ObjectType::Annotation)),
        _ => Err(JsError::new(&format!("there is no format {format:?}"))),
    }
}
