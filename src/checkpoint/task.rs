//! The task of a network: naming the features of one nucleus, or finding the nuclei of a field.
//!
//! On a card the entry `task` says which. Cards that were written before there were two tasks have
//! no such entry; they are cards of classifiers.

use serde::Serialize;
use serde_json::Value;

use super::entries::Entries;
use super::error::CheckpointError;
use crate::image::{InputSpec, TileSpec};
use crate::model::{Architecture, Normalisation};
use crate::nuclei::{CallRule, FeatureSet};

/// The task, with the part of the model card that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)] // Each variant writes the entry `task` itself.
pub enum Task {
    /// The network names the features of one nucleus.
    Classify(Classification),
    /// The network finds the nuclei of a field.
    Segment(Segmentation),
}

/// The part of a model card that only a classifier has.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "task", rename = "classify")]
pub struct Classification {
    /// How a cell image becomes the network's input.
    pub input: InputSpec,
    /// The features in the order of the logits; empty for a backbone without a head.
    pub features: FeatureSet,
    /// The probability from which each feature is called present, in the same order.
    pub thresholds: Vec<f64>,
    /// The band of doubt of each feature, in the same order: the probabilities `[low, high]` about
    /// the threshold at which the call might be the other one. It is the 90 % interval of the
    /// thresholds that the same search finds on bootstrap resamples of the validation cells. It
    /// tells how well the threshold is known, not how good the network is. Empty where nobody
    /// computed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<[f64; 2]>,
}

/// The part of a model card that only a segmenter has.
///
/// A segmenter reads a field tile by tile. At each place of a coarse grid it gives the probability
/// that a nucleus is there, and the distances to its contour along evenly spaced rays (Schmidt et
/// al., "Cell Detection with Star-Convex Polygons", MICCAI 2018).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "task", rename = "segment")]
pub struct Segmentation {
    /// How a field becomes the network's input.
    pub input: TileSpec,
    /// Channels of the decoder; the card's architecture is the encoder.
    pub width: usize,
    /// Rays from a place to the contour about it; the first points right, the next ones follow
    /// clockwise.
    pub rays: usize,
    /// The median diameter of the nuclei that the network was trained on, in pixels of the input: of
    /// circles with the nuclei's areas.
    pub diameter: f32,
    /// The probability from which a place counts as inside a nucleus that is to be read.
    pub probability_threshold: f64,
    /// The probability from which a place counts as inside an object that is to be left out.
    pub left_out_threshold: f64,
    /// Of two contours the less probable one is dropped where the intersection over the union of
    /// both is above this.
    pub overlap_threshold: f64,
}

impl From<Classification> for Task {
    fn from(task: Classification) -> Self {
        Self::Classify(task)
    }
}

impl From<Segmentation> for Task {
    fn from(task: Segmentation) -> Self {
        Self::Segment(task)
    }
}

impl Task {
    /// Takes the entries of the task out of a card.
    pub(super) fn take(entries: &mut Entries) -> Result<Self, CheckpointError> {
        let task: Option<Value> = entries.take_if_there("task")?;
        match task.as_ref().map(Value::as_str) {
            None | Some(Some("classify")) => Ok(Self::Classify(Classification {
                input: entries.take("input")?,
                features: entries.take("features")?,
                thresholds: entries.take("thresholds")?,
                unsure: entries.take_if_there("unsure")?.unwrap_or_default(),
            })),
            Some(Some("segment")) => Ok(Self::Segment(Segmentation {
                input: entries.take("input")?,
                width: entries.take("width")?,
                rays: entries.take("rays")?,
                diameter: entries.take("diameter")?,
                probability_threshold: entries.take("probability_threshold")?,
                left_out_threshold: entries.take("left_out_threshold")?,
                overlap_threshold: entries.take("overlap_threshold")?,
            })),
            Some(_) => Err(CheckpointError::Card(format!(
                "its task is {}; this version knows \"classify\" and \"segment\"",
                task.unwrap_or_default()
            ))),
        }
    }

    /// The first wrong value, if any.
    pub(super) fn fault(&self, architecture: &Architecture) -> Option<String> {
        let (fault, side) = match self {
            Self::Classify(task) => (task.fault(), task.input.side),
            Self::Segment(task) => (task.fault(), task.input.side),
        };
        let wrong_side = || architecture.check_input_side(side as usize).err();
        fault.or_else(|| wrong_side().map(|error| error.to_string()))
    }
}

impl Classification {
    /// A classifier of these features with thresholds of 0.5 and no bands of doubt.
    pub fn new(input: InputSpec, features: FeatureSet) -> Self {
        Self {
            input,
            thresholds: vec![0.5; features.len()],
            unsure: Vec::new(),
            features,
        }
    }

    /// The rule of each feature's call, in the order of the features.
    pub fn call_rules(&self) -> impl Iterator<Item = CallRule> {
        let rule = |(i, &threshold)| CallRule {
            threshold,
            band: self.unsure.get(i).copied(),
        };
        self.thresholds.iter().enumerate().map(rule)
    }

    /// How colours become the network's input.
    pub fn normalisation(&self) -> Normalisation {
        Normalisation {
            mean: self.input.mean,
            std: self.input.std,
        }
    }

    fn fault(&self) -> Option<String> {
        if let Some(fault) = self.input.fault() {
            return Some(fault);
        }
        if let Some(fault) = self.features.fault() {
            return Some(format!("among its features {fault}"));
        }
        let features = self.features.len();
        if self.thresholds.len() != features {
            let thresholds = self.thresholds.len();
            return Some(format!("{thresholds} thresholds for {features} features"));
        }
        if let Some(fault) = self
            .thresholds
            .iter()
            .find_map(|t| fault_of("threshold", *t))
        {
            return Some(fault);
        }
        if !self.unsure.is_empty() && self.unsure.len() != features {
            let bands = self.unsure.len();
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

impl Segmentation {
    /// Fewer rays draw no outline, more than these no better one.
    const RAYS: std::ops::RangeInclusive<usize> = 3..=512;
    /// A damaged or hostile card must not make the program allocate without end.
    const WIDTHS: std::ops::RangeInclusive<usize> = 1..=1024;

    /// How colours become the network's input.
    pub fn normalisation(&self) -> Normalisation {
        Normalisation {
            mean: self.input.mean,
            std: self.input.std,
        }
    }

    fn fault(&self) -> Option<String> {
        if let Some(fault) = self.input.fault() {
            return Some(fault);
        }
        if !Self::RAYS.contains(&self.rays) {
            let (least, most) = Self::RAYS.into_inner();
            return Some(format!("{} rays; it must be {least} to {most}", self.rays));
        }
        if !Self::WIDTHS.contains(&self.width) {
            let (least, most) = Self::WIDTHS.into_inner();
            return Some(format!(
                "a decoder of {} channels; it must be {least} to {most}",
                self.width
            ));
        }
        if !(self.diameter.is_finite() && self.diameter > 0.0) {
            return Some(format!(
                "a diameter of {} px; it must be above 0",
                self.diameter
            ));
        }
        fault_of("probability threshold", self.probability_threshold)
            .or_else(|| fault_of("left-out threshold", self.left_out_threshold))
            .or_else(|| fault_of("overlap threshold", self.overlap_threshold))
    }
}

fn fault_of(name: &str, threshold: f64) -> Option<String> {
    (!(0.0..=1.0).contains(&threshold))
        .then(|| format!("a {name} of {threshold}; it must be from 0 to 1"))
}
