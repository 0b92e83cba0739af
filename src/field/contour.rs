//! The outline of one nucleus.

use serde::{Deserialize, Serialize};

/// The closed outline of one nucleus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contour {
    /// Its name within its field: a number in most files. The study's files give some numbers twice.
    pub id: String,
    /// Points `[x, y]` in pixels of the field; whole numbers are the centres of pixels. The last point
    /// is joined to the first. Fewer than three points surround nothing.
    pub points: Vec<[f64; 2]>,
}

impl Contour {
    /// The contour through `points`.
    pub fn new(id: impl ToString, points: Vec<[f64; 2]>) -> Self {
        Self {
            id: id.to_string(),
            points,
        }
    }
}
