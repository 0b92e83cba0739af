//! Fields: the contours of their nuclei, given in the form of the study's files or [`found`].

use serde::Deserialize;

pub mod found;

/// The closed outline of one nucleus.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Contour {
    /// Its number within its field; the study's files give some numbers twice.
    pub id: u32,
    /// Points `[x, y]` in pixels of the field; whole numbers are the centres of pixels. Fewer than three
    /// points surround nothing.
    pub points: Vec<[f64; 2]>,
}

/// Reads the contours of a field: `[{"id": 0, "points": [[x, y], …]}, …]`.
///
/// # Errors
/// JSON that is not of this form.
pub fn read_contours(json: &[u8]) -> serde_json::Result<Vec<Contour>> {
    serde_json::from_slice(json)
}
