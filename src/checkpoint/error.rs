//! Why a file cannot be used as a checkpoint.

use thiserror::Error;

/// Why a file cannot be used as a checkpoint.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The bytes are no `.safetensors` file, or only the first part of one.
    #[error("not a whole .safetensors file ({0}): it may be cut short or of another kind")]
    Format(String),
    /// A tensor is stored in a type that holds no weights.
    #[error("tensor {name} is stored as {dtype}, which cannot be read as weights")]
    DType {
        /// The tensor.
        name: String,
        /// Its type in the file.
        dtype: String,
    },
    /// The scales of a tensor in 8 bits are missing or wrong.
    #[error("tensor {name} is stored in 8 bits, and the tensor {scale} of its scales {fault}")]
    Scale {
        /// The tensor.
        name: String,
        /// The tensor of its scales.
        scale: String,
        /// What is wrong with them.
        fault: String,
    },
    /// A `.safetensors` file without a card.
    #[error(
        "this file has no model card, so it is not a Karyolens checkpoint; `karyolens import` reads the \
         weights of another library"
    )]
    NoCard,
    /// The card cannot be read or contradicts itself.
    #[error("the model card is wrong: {0}")]
    Card(String),
    /// A classifier is wanted, and the network has another task.
    #[error("{name} is a model that finds nuclei, not one that names features")]
    NotAClassifier {
        /// The model's name.
        name: String,
    },
    /// A segmenter is wanted, and the network has another task.
    #[error("{name} is a model that names features, not one that finds nuclei")]
    NotASegmenter {
        /// The model's name.
        name: String,
    },
    /// A weight is infinite or not a number.
    #[error("tensor {name} holds a value that is not finite, so the network cannot be trusted")]
    NotFinite {
        /// The tensor.
        name: String,
    },
    /// The weights are not those of the card's architecture.
    #[error("the weights are not those of {architecture}: {}", faults.join("; "))]
    Weights {
        /// The network that the card names.
        architecture: String,
        /// One sentence a tensor: missing, surplus or misshapen.
        faults: Vec<String>,
    },
}
