//! Whole fields: the contours of their nuclei, as the study's files list them.

use serde::Deserialize;

/// The closed outline of one nucleus.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Contour {
    /// Its number among those of its field.
    pub id: u32,
    /// Points `[x, y]` in pixels of the field; fewer than three surround nothing.
    pub points: Vec<[f64; 2]>,
}

/// The contours of a field: `[{"id": 0, "points": [[x, y], …]}, …]`.
///
/// # Errors
/// JSON that is not of this form.
pub fn read_contours(json: &[u8]) -> serde_json::Result<Vec<Contour>> {
    serde_json::from_slice(json)
}
