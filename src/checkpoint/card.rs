//! The model card: what a network is and how far it may be trusted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CheckpointError, Precision};
use crate::image::InputSpec;
use crate::model::{Architecture, Normalisation};
use crate::nuclei::FeatureSet;

/// The version of the card's layout that this crate writes and reads.
const FORMAT: u32 = 1;

/// Everything about a network but its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Version of this layout.
    pub format: u32,
    /// A short name for people.
    pub name: String,
    /// The network and its sizes.
    pub architecture: Architecture,
    /// How a cell image becomes its input.
    pub input: InputSpec,
    /// The features in the order of the logits; empty for a backbone without a head.
    pub features: FeatureSet,
    /// The probability from which each feature is called present, in the same order.
    pub thresholds: Vec<f64>,
    /// For each feature, in the same order, the probabilities `[low, high]` about its threshold at
    /// which the call might be the other one: the 90 % interval of the thresholds that the same
    /// search finds on bootstrap resamples of the validation cells. It tells how well the threshold
    /// is known, not how good the network is. Empty where nobody worked it out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<[f64; 2]>,
    /// 8 where the file has the weights of matrices and convolutions as whole numbers of 8 bits and a
    /// scale an output channel; absent where all are floating-point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_bits: Option<u32>,
    /// Where the weights come from.
    pub provenance: Provenance,
    /// Figures by name, such as `val_macro_f1`, as `karyolens evaluate` prints them.
    pub metrics: BTreeMap<String, f64>,
    /// Version of the crate that wrote the card.
    pub crate_version: String,
    /// What the network may be used for.
    pub intended_use: String,
}

/// Where weights come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The data that the network was trained on, in words.
    pub data: String,
    /// What is known of the data's licence, in words.
    pub data_licence: String,
    /// How it was made: the command, or the library and file that it was imported from.
    pub made_by: String,
    /// Every setting of the training run; null for imported weights.
    pub settings: serde_json::Value,
}

impl ModelCard {
    /// What every card says of its use.
    pub const INTENDED_USE: &str =
        "Research and teaching. Not a medical device; not for diagnosis or patient care.";

    /// What `weight_bits` may be.
    pub(super) const WEIGHT_BITS: u32 = 8;

    /// The precision of the file that the card was read from; f16 for floating-point weights.
    pub fn precision(&self) -> Precision {
        match self.weight_bits {
            Some(_) => Precision::Int8,
            None => Precision::F16,
        }
    }

    /// A card with thresholds of 0.5, no metrics and the current version.
    pub fn new(
        name: impl Into<String>,
        architecture: Architecture,
        input: InputSpec,
        features: FeatureSet,
        provenance: Provenance,
    ) -> Self {
        Self {
            format: FORMAT,
            name: name.into(),
            architecture,
            input,
            thresholds: vec![0.5; features.len()],
            unsure: Vec::new(),
            features,
            weight_bits: None,
            provenance,
            metrics: BTreeMap::new(),
            crate_version: env!("CARGO_PKG_VERSION").into(),
            intended_use: Self::INTENDED_USE.into(),
        }
    }

    /// How colours become the network's input.
    pub fn normalisation(&self) -> Normalisation {
        Normalisation {
            mean: self.input.mean,
            std: self.input.std,
        }
    }

    /// Reads a card from JSON and checks it.
    pub(super) fn parse(json: &str) -> Result<Self, CheckpointError> {
        let card: Self = serde_json::from_str(json)
            .map_err(|error| CheckpointError::Card(format!("it cannot be read: {error}")))?;
        match card.fault() {
            Some(fault) => Err(CheckpointError::Card(fault)),
            None => Ok(card),
        }
    }

    fn fault(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!(
                "its format is {}, this version reads {FORMAT}",
                self.format
            ));
        }
        if let Err(error) = self.architecture.check() {
            return Some(error.to_string());
        }
        if let Some(fault) = self.input.fault() {
            return Some(fault);
        }
        if let Err(error) = self.architecture.check_input_side(self.input.side as usize) {
            return Some(error.to_string());
        }
        if let Some(bits) = self.weight_bits
            && bits != Self::WEIGHT_BITS
        {
            let known = Self::WEIGHT_BITS;
            return Some(format!(
                "weights of {bits} bits; this version reads {known}"
            ));
        }
        if self.thresholds.len() != self.features.len() {
            let (thresholds, features) = (self.thresholds.len(), self.features.len());
            return Some(format!("{thresholds} thresholds for {features} features"));
        }
        if let Some(threshold) = self.thresholds.iter().find(|t| !(0.0..=1.0).contains(*t)) {
            return Some(format!(
                "a threshold of {threshold}; it must be from 0 to 1"
            ));
        }
        if !self.unsure.is_empty() && self.unsure.len() != self.features.len() {
            let (bands, features) = (self.unsure.len(), self.features.len());
            return Some(format!("{bands} bands of doubt for {features} features"));
        }
        let holds = |threshold: f64, [low, high]: [f64; 2]| {
            0.0 <= low && low <= threshold && threshold <= high && high <= 1.0
        };
        self.thresholds
            .iter()
            .zip(&self.unsure)
            .find(|(threshold, band)| !holds(**threshold, **band))
            .map(|(threshold, [low, high])| {
                format!(
                    "doubt from {low} to {high} about a threshold of {threshold}; it must hold the \
                     threshold, and be from 0 to 1"
                )
            })
    }
}
