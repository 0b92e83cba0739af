//! What is wrong or doubtful in a data folder, all of it at once.
//!
//! Broken is what training refuses: cells without an image, wrong labels, a cell in two splits.
//! Doubtful is what training works with and a reader of its figures should know: the same picture
//! twice, fields on both sides of a split, images that nobody labelled.

mod inspection;
mod report;

pub use inspection::check;
pub use report::{Fault, Identical, Place, Report, SharedField, SplitCount};
