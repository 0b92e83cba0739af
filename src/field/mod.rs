//! Fields: the nuclei of a photograph, their contours and their files.
//!
//! - [`Contour`] is the outline of a nucleus, [`FieldCell`] a nucleus with all that is known of it.
//! - [`formats`] reads and writes files of them; [`CellFile::repaired`](formats::CellFile::repaired) makes
//!   outlines fit for use.
//! - [`found`] holds the nuclei that a network finds.
//! - [`read_cells`] names the features of each nucleus.
//! - [`measure`] measures nuclei in pixels and, by [`MicrometresPerPixel`], in micrometres.
//! - [`RedCells`] tell the scale where nothing else does.
//! - [`outline`] is what a person does to outlines: tidy, unite, cut, split.
//! - [`score`] compares found contours with those of a person.
//!
//! Positions are in pixels of the field, and whole numbers are the centres of pixels: the first pixel
//! reaches from −0.5 to 0.5.

mod cell;
mod contour;
pub mod formats;
pub mod found;
mod labels;

pub mod measure;
pub mod outline;
mod reading;
mod red_cells;
mod refused;
mod repair;
mod scale;
pub mod score;

pub use cell::{CellFeature, FieldCell, Origin};
pub use contour::Contour;
pub use labels::LabelMap;
pub use reading::{cell_scale, read_cells};
pub use red_cells::RedCells;
pub use refused::{FARTHEST, MAX_POINTS, Reason, Refused, count_reasons};
pub use repair::area;
pub use scale::{FieldScale, MicrometresPerPixel};
