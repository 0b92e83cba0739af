//! Training on outlined fields: a network that finds nuclei.
//!
//! In the order in which a run meets them: [`config`] holds its settings and [`data`] reads fields with
//! their contours; [`batches`] draws fields and cuts out of each a part, varied in its geometry
//! ([`view`]), its nuclei ([`paste`]) and its looks ([`looks`]); [`targets`] says what the network should
//! answer at each place, and [`loss`] how far it is from that; the figures of an epoch are over all that it
//! has `gathered`. [`mod@fit`] trains, and [`evaluate`] tells how good the result is.

pub mod batches;
pub mod config;
pub mod data;
pub mod evaluate;
pub mod fit;
mod gathered;
pub mod looks;
pub mod loss;
pub mod paste;
mod step;
pub mod targets;
pub mod view;
