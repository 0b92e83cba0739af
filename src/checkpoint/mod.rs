//! One file with a trained network and everything needed to use it honestly.
//!
//! A checkpoint is a `.safetensors` file: the weights under the names of the modules that hold
//! them, and the [`ModelCard`] as JSON in the metadata. [`Checkpoint::read`] trusts nothing: it
//! checks the format, the card and every value; [`Checkpoint::model`] checks that the weights
//! are exactly those of the card's architecture. [`import`] reads networks of other libraries
//! and [`verify`](mod@verify) compares a network with logits that another library computed.

mod array;
mod card;
mod entries;
mod error;
mod file;
pub mod import;
mod slim;
mod state_dict;
mod storage;
mod task;
pub mod verify;

pub use array::Array;
pub use card::{ClassifierCard, ModelCard, Provenance};
pub use error::CheckpointError;
pub use file::Checkpoint;
pub use slim::SlimError;
pub use state_dict::StateDict;
pub use storage::Precision;
pub use task::{Classification, Segmentation, Task};
