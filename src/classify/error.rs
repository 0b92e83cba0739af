//! Why an image cannot be classified.

use burn::tensor::ExecutionError;
use thiserror::Error;

use crate::image::{DecodeError, NotACell};

/// Why one image cannot be classified.
#[derive(Debug, Error)]
pub enum ClassifyError {
    /// The checkpoint is a backbone.
    #[error("{name} is a backbone without a head: it has not been trained to name features")]
    NoHead {
        /// The model's name.
        name: String,
    },
    /// The file cannot be read as an image.
    #[error("the file {0}")]
    Decode(#[from] DecodeError),
    /// The image does not show a single cell.
    #[error(transparent)]
    NotACell(#[from] NotACell),
    /// The device failed.
    #[error("the device did not give its answer: {0}")]
    Device(#[from] ExecutionError),
    /// No feature has this index.
    #[error("there is no feature {feature}: the model names {features}, counted from 0")]
    NoFeature {
        /// The index that was asked for.
        feature: usize,
        /// How many features there are.
        features: usize,
    },
    /// An answer of the network is infinite or not a number.
    #[error("the network's answer is not a number; the device computes wrongly")]
    NotANumber,
}
