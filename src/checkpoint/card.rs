//! The model card: the network, its training and how far it may be trusted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entries::Entries;
use super::error::CheckpointError;
use super::storage::Precision;
use super::task::{Classification, Segmentation, Task};
use crate::model::Architecture;

/// The version of the card's layout that this crate writes and reads.
const FORMAT: u32 = 1;

/// Everything about a network but its weights.
///
/// `T` is the part that belongs to its task: [`Task`] as a file has it, where any task may be
/// found, and [`Classification`] once [`into_classifier`](ModelCard::into_classifier) has found one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelCard<T = Task> {
    /// Version of this layout.
    pub format: u32,
    /// A short name for people.
    pub name: String,
    /// The network and its sizes.
    pub architecture: Architecture,
    /// The task, its input and its output. In the file its entries stand among the others.
    #[serde(flatten)]
    pub task: T,
    /// 8 where the file stores the weights of matrices and convolutions as whole numbers of 8 bits
    /// with a scale for each output channel; absent where all weights are floating-point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_bits: Option<u32>,
    /// Where the weights come from.
    pub provenance: Provenance,
    /// Figures by name, such as `val_macro_f1`, as `karyolens evaluate` prints them.
    pub metrics: BTreeMap<String, f64>,
    /// Version of the crate that wrote the card.
    pub crate_version: String,
    /// The permitted use of the network.
    pub intended_use: String,
}

/// The card of a network that names features.
pub type ClassifierCard = ModelCard<Classification>;

/// Where weights come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The data that the network was trained on, in words.
    pub data: String,
    /// The known facts about the data's licence, in words.
    pub data_licence: String,
    /// How it was made: the command, or the library and file that it was imported from.
    pub made_by: String,
    /// Every setting of the training run; null for imported weights.
    pub settings: serde_json::Value,
}

impl<T> ModelCard<T> {
    /// The use that every new card permits.
    pub const INTENDED_USE: &str =
        "Research and teaching. Not a medical device; not for diagnosis or patient care.";

    /// A card without metrics, of the current version.
    pub fn new(
        name: impl Into<String>,
        architecture: Architecture,
        task: impl Into<T>,
        provenance: Provenance,
    ) -> Self {
        Self {
            format: FORMAT,
            name: name.into(),
            architecture,
            task: task.into(),
            weight_bits: None,
            provenance,
            metrics: BTreeMap::new(),
            crate_version: env!("CARGO_PKG_VERSION").into(),
            intended_use: Self::INTENDED_USE.into(),
        }
    }

    /// The precision of the file that the card was read from; f16 for floating-point weights.
    pub fn precision(&self) -> Precision {
        match self.weight_bits {
            Some(_) => Precision::Int8,
            None => Precision::F16,
        }
    }
}

impl ModelCard {
    /// The one value of `weight_bits` that this version knows.
    pub(super) const WEIGHT_BITS: u32 = 8;

    /// The segmenter's part of the card.
    ///
    /// # Errors
    /// [`CheckpointError::NotASegmenter`] for a network with another task.
    pub fn segmentation(&self) -> Result<&Segmentation, CheckpointError> {
        match &self.task {
            Task::Segment(task) => Ok(task),
            Task::Classify(_) => Err(CheckpointError::NotASegmenter {
                name: self.name.clone(),
            }),
        }
    }

    /// The classifier's part of the card.
    ///
    /// # Errors
    /// [`CheckpointError::NotAClassifier`] for a network with another task.
    pub fn classification(&self) -> Result<&Classification, CheckpointError> {
        match &self.task {
            Task::Classify(task) => Ok(task),
            Task::Segment(_) => Err(self.not_a_classifier()),
        }
    }

    /// The same, to be changed.
    ///
    /// # Errors
    /// As [`classification`](Self::classification).
    pub fn classification_mut(&mut self) -> Result<&mut Classification, CheckpointError> {
        let error = self.not_a_classifier();
        match &mut self.task {
            Task::Classify(task) => Ok(task),
            Task::Segment(_) => Err(error),
        }
    }

    /// The card as a classifier's.
    ///
    /// # Errors
    /// As [`classification`](Self::classification).
    pub fn into_classifier(self) -> Result<ClassifierCard, CheckpointError> {
        let error = self.not_a_classifier();
        let Task::Classify(task) = self.task else {
            return Err(error);
        };
        Ok(ModelCard {
            task,
            format: self.format,
            name: self.name,
            architecture: self.architecture,
            weight_bits: self.weight_bits,
            provenance: self.provenance,
            metrics: self.metrics,
            crate_version: self.crate_version,
            intended_use: self.intended_use,
        })
    }

    fn not_a_classifier(&self) -> CheckpointError {
        CheckpointError::NotAClassifier {
            name: self.name.clone(),
        }
    }

    /// Reads a card from JSON and checks it.
    pub(super) fn parse(json: &str) -> Result<Self, CheckpointError> {
        let mut entries = Entries::parse(json)?;
        let card = Self {
            format: entries.take("format")?,
            name: entries.take("name")?,
            architecture: entries.take("architecture")?,
            task: Task::take(&mut entries)?,
            weight_bits: entries.take_if_there("weight_bits")?,
            provenance: entries.take("provenance")?,
            metrics: entries.take("metrics")?,
            crate_version: entries.take("crate_version")?,
            intended_use: entries.take("intended_use")?,
        };
        card.check()?;
        Ok(card)
    }

    /// Checks every value, for cards that are read and cards that are written.
    pub(super) fn check(&self) -> Result<(), CheckpointError> {
        match self.fault() {
            Some(fault) => Err(CheckpointError::Card(fault)),
            None => Ok(()),
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
        if let Some(bits) = self.weight_bits
            && bits != Self::WEIGHT_BITS
        {
            let known = Self::WEIGHT_BITS;
            return Some(format!(
                "weights of {bits} bits; this version reads {known}"
            ));
        }
        self.task.fault(&self.architecture)
    }
}
