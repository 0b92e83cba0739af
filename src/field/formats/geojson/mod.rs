//! GeoJSON as QuPath 0.4 to 0.7 reads and writes it.
//!
//! The form was read off QuPath's own code (`QuPathTypeAdapters.java`, versions 0.2 to 0.6): an object is a
//! `Feature` with `geometry`, for a cell also `nucleusGeometry`, and `properties`: `objectType`, `classification`,
//! `measurements`, `metadata` and `childObjects`.

mod read;
mod ring;
mod uuid;
mod write;

pub(super) use read::{features, read};
pub use write::{ObjectType, write_geojson};

/// Half a pixel: QuPath's (0, 0) is the corner of the pixel whose centre is (0, 0) here.
const HALF: f64 = 0.5;

/// Keys of `metadata` by which an export opens again as it was. Values of metadata are texts.
mod key {
    /// The cell's name in its field.
    pub const ID: &str = "karyolens.id";
    /// Where the outline comes from.
    pub const ORIGIN: &str = "karyolens.origin";
    /// `true` where a person changed the outline.
    pub const CHANGED: &str = "karyolens.changed";
    /// `true` where a person found the outline right.
    pub const CONFIRMED: &str = "karyolens.confirmed";
    /// Micrometres for a pixel, where they are known.
    pub const SCALE: &str = "karyolens.micrometresPerPixel";
    /// `true` where the scale was estimated by the size of red cells.
    pub const SCALE_ESTIMATED: &str = "karyolens.scaleEstimated";
    /// SHA-256 of the checkpoint.
    pub const MODEL: &str = "karyolens.model";
    /// The names of the features, a JSON list.
    pub const FEATURES: &str = "karyolens.features";
    /// The names of the features that the model calls present, a JSON list.
    pub const CALLED: &str = "karyolens.called";
    /// A person's answers by feature, a JSON object.
    pub const ANSWERS: &str = "karyolens.answers";
    /// The names of the features that a person answered otherwise than the model, for a reader.
    pub const CORRECTED: &str = "karyolens.corrected";
}

/// The class of objects that are no nuclei to be read. A person who gives such an object another class in
/// QuPath makes a nucleus of it.
const LEFT_OUT: &str = "Left out";

/// The measurement that holds the probability of a found outline.
const OUTLINE_PROBABILITY: &str = "outline probability";

/// The name of the measurement that holds a feature's probability.
fn probability_of(feature: &str) -> String {
    format!("{feature} probability")
}
