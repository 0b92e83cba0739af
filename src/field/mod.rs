//! Fields: the contours of their nuclei.
//!
//! - [`read_contours`] reads contours from a file.
//! - [`score`] compares contours with those of a person.
//!
//! Positions are in pixels of the field, and whole numbers are the centres of pixels: the first pixel
//! reaches from −0.5 to 0.5.

mod contour;
mod labels;
pub mod score;

pub use contour::{Contour, read_contours};
pub use labels::LabelMap;
