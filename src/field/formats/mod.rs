//! Files of contours: the study's JSON, and GeoJSON as QuPath reads and writes it.
//!
//! [`read`] takes both, and everything that is near them. `study` and `geojson` each hold the reader and
//! the writer of one format; CSV is written alone.
//!
//! The study's whole numbers are centres of pixels, as everywhere in this crate. QuPath counts from the
//! corner of the first pixel, whose centre is (0.5, 0.5) there. Half a pixel is 7 % of a nucleus' area, so
//! `geojson` moves every point by half a pixel on its way in and out.

mod csv;
mod geojson;
mod json;
mod points;
mod study;

use thiserror::Error;

use super::measure::{Measurements, Pixels, measure};
use super::refused::{Reason, Refused};
use super::{Contour, FieldCell};
use json::Json;

pub use csv::write_csv;
pub use geojson::{ObjectType, write_geojson};
pub use study::{write_contours, write_study};

/// The nuclei of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellFile {
    /// In the order of the file.
    pub cells: Vec<FieldCell>,
    /// Objects that were seen, and are no nuclei to be read.
    pub left_out: Vec<Contour>,
    /// Objects that are no outlines.
    pub refused: Vec<Refused>,
    /// The names of cells of which only the largest piece remains, because their outline crosses itself.
    pub mended: Vec<String>,
}

/// A nucleus to be written, with its measurements.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredCell {
    /// The nucleus.
    pub cell: FieldCell,
    /// `None` where its contour surrounds nothing of the field.
    pub measurements: Option<Measurements>,
}

impl MeasuredCell {
    /// Measures the nuclei of a field.
    pub fn measured(field: &impl Pixels, cells: Vec<FieldCell>) -> Vec<Self> {
        let contours: Vec<Contour> = cells.iter().map(|cell| cell.contour.clone()).collect();
        let measured = measure(field, &contours).into_iter().zip(cells);
        measured
            .map(|(measurements, cell)| Self { cell, measurements })
            .collect()
    }
}

/// Why a file gives no contours. Each message continues the file's name: "x.json is not JSON …".
#[derive(Debug, Error)]
pub enum FormatError {
    /// It is not JSON.
    #[error("is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// It is JSON of another kind.
    #[error(
        "holds no outlines: contours are `[{{\"id\": 0, \"points\": [[x, y], …]}}, …]`, or GeoJSON as \
         QuPath exports it"
    )]
    NoContours,
    /// It is of several fields, and none has the right name.
    #[error("holds {}, and not {field}", known.join(", "))]
    OtherField {
        /// The field that was looked for.
        field: String,
        /// The fields that it holds.
        known: Vec<String>,
    },
}

/// Reads the nuclei of `field` from a file: points as they are there, in pixels of the field.
///
/// `field` is the name of the field or of its image file. It chooses among the fields of a file that
/// holds several.
///
/// # Errors
/// [`FormatError`] for a file of another kind.
pub fn read(bytes: &[u8], field: &str) -> Result<CellFile, FormatError> {
    let json = Json::read(bytes)?;
    match geojson::features(&json) {
        Some(features) => Ok(geojson::read(&features)),
        None => study::read(&json, field),
    }
}

/// The contours of a file that holds one field, without anything else.
///
/// # Errors
/// [`FormatError`] for a file of another kind.
pub fn read_contours(bytes: &[u8]) -> Result<Vec<Contour>, FormatError> {
    let cells = read(bytes, "")?.cells;
    Ok(cells.into_iter().map(|cell| cell.contour).collect())
}
