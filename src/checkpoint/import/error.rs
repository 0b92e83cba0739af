//! Why weights cannot be imported.

use thiserror::Error;

use super::super::CheckpointError;
use crate::model::ArchitectureError;

/// Why weights cannot be imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// No such network, or sizes that it cannot have.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The library has no network of the family.
    #[error("there is no {family} of this library to import")]
    NoSuchFamily {
        /// The family asked for.
        family: String,
    },
    /// A tensor whose shape tells a size is missing.
    #[error("tensor {name} is missing, so the network's sizes cannot be told")]
    NoSizes {
        /// The tensor, as the library calls it.
        name: String,
    },
    /// The number of heads is not known.
    #[error(
        "a transformer of width {width} does not tell its number of attention heads: give it \
         with --heads"
    )]
    Heads {
        /// Width of a token.
        width: usize,
    },
    /// The position embeddings do not belong to a class token and a square grid.
    #[error("{tokens} position embeddings are not one for the class token and a square grid")]
    Positions {
        /// How many there are.
        tokens: usize,
    },
    /// Tensors are missing, surplus or misshapen.
    #[error("these are not the weights of {architecture}: {}", faults.join("; "))]
    Tensors {
        /// The network.
        architecture: String,
        /// One sentence a tensor.
        faults: Vec<String>,
    },
    /// The file cannot be read, or a weight is not finite.
    #[error(transparent)]
    Weights(#[from] CheckpointError),
    /// A PyTorch file cannot be read.
    #[error("not a PyTorch file that can be read: {0}")]
    PyTorch(String),
}
