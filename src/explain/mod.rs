//! Which parts of a cell spoke for a feature.
//!
//! [`Classifier::explain`] splits a feature's logit by place, see [`Evidence`]. From each place it
//! subtracts how far the same place of a blank canvas differs from the mean of all: a place counts
//! for what it shows, not for where it lies. A ResNet or ConvNeXt has few places, 3×3 for an input of
//! 96 px. So the network reads the cell many times, a little shifted and mirrored, and each look adds
//! its evidence where its places lie in the cell ("shift-and-stitch", Long et al., arXiv 1411.4038).
//!
//! A map shows roughly where the network's evidence lay: every place of a ResNet or ConvNeXt sees
//! most of the cell, and the white about it. A map does not show that the network was right.
//!
//! The blank canvas, the shifts and, for the transformer, roll-out over all tokens were chosen on
//! training cells, by the fall of a feature's probability when the hottest tenth of the nucleus'
//! pixels is painted over, beside a random tenth. `tests/explain.rs` checks the choice on validation
//! cells. ConvNeXt's maps are the weakest: one random round patch of white costs it more than the
//! hottest pixels.
//!
//! [`Classifier::explain`]: crate::classify::Classifier::explain
//! [`Evidence`]: crate::model::Evidence

mod classifier;
mod heat_map;
mod looks;

pub use heat_map::{HeatMap, Region};
