//! Everything that is broken or doubtful in a data folder.
//!
//! Training refuses broken data: cells without an image, wrong labels, a cell in two splits. It works
//! with doubtful data, but a reader of its figures should know of it: the same picture twice, fields
//! on both sides of a split, images without labels.

mod inspection;
mod report;

pub use inspection::check;
pub use report::{Fault, Identical, Place, Report, SharedField, SplitCount};
