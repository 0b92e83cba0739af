//! The one path from pixels to predictions.
//!
//! The command line, the evaluation and the page all call [`Classifier`]: they share one
//! preprocessing, one forward pass and one thresholding, on any device.

mod classifier;
mod error;
mod flip;
mod prediction;

pub(crate) use classifier::BATCH;
pub use classifier::Classifier;
pub use error::ClassifyError;
pub use prediction::{FeaturePrediction, Prediction};
