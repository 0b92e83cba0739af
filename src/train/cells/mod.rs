//! Training on labelled cells: a network that names features.
//!
//! In the order in which a run meets them: [`config`] holds its settings and [`data`] reads records;
//! [`targets`] adds the answers of [`teachers`] to the labels; [`batches`] draws cells with the
//! [`sampler`], varies each image with [`augment`] and mixes some with [`cutmix`]; `step` computes the
//! [`loss`], and the figures of an epoch are over all that it has `gathered`. [`mod@fit`] trains, starting
//! from the network that `start` makes. [`metrics`] and [`evaluate`] tell how good the result is, and
//! [`report`] puts everything on one page. [`ablate`] compares methods over many runs.

pub mod ablate;
pub mod answers;
pub mod augment;
pub mod batches;
pub mod card;
pub mod check;
pub mod config;
pub mod cutmix;
pub mod data;
pub mod evaluate;
pub mod fit;
mod gathered;
pub mod loss;
pub mod metrics;
pub mod report;
pub mod sampler;
pub mod seen;
mod start;
mod step;
pub mod targets;
pub mod teachers;
