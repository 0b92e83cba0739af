//! The vocabulary: the features that a nucleus may show, the rule by which they are called present,
//! and the risk that they add up to.
//!
//! Everything here is plain data. Names and order are those of the study's labels
//! (PLOS Digital Health 4(12) e0001120, 2025); nothing here knows of tensors, images or files.

mod call;
mod feature;
mod feature_set;
mod risk;

pub use call::{Call, CallRule};
pub use feature::Feature;
pub use feature_set::{FeatureSet, UnknownFeature};
pub use risk::{Risk, RiskLevel, RiskRule};
