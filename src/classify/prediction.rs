//! A network's answer about one nucleus, and the features that it calls present.

use serde::Serialize;

use crate::checkpoint::ClassifierCard;
use crate::nuclei::Risk;

/// A network's answer about one nucleus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// One entry a feature, in the order of the model card.
    pub features: Vec<FeaturePrediction>,
    /// The risk of the present features; only where the card names the nine nuclear features.
    pub risk: Option<Risk>,
    /// A remark for the reader about how the image was read.
    pub notice: Option<String>,
}

/// A network's answer about one feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeaturePrediction {
    /// The feature's name.
    pub name: String,
    /// Sigmoid of the logit.
    pub probability: f32,
    /// The probability from which the feature is called present.
    pub threshold: f64,
    /// Whether the feature is called present.
    pub present: bool,
    /// Whether the probability lies in the model card's band about the threshold, see
    /// [`Classification::unsure`](crate::checkpoint::Classification::unsure): with other validation cells the call might have been the opposite.
    /// False where the card has no band.
    pub unsure: bool,
}

impl Prediction {
    /// The calls that the thresholds of `card` make of `probabilities`, one a feature.
    pub(super) fn new(card: &ClassifierCard, probabilities: &[f32]) -> Self {
        let task = &card.task;
        let names = task.features.names().iter();
        let features: Vec<_> = names
            .zip(task.call_rules())
            .zip(probabilities)
            .map(|((name, rule), &probability)| {
                let call = rule.call(probability.into(), None);
                FeaturePrediction {
                    name: name.clone(),
                    probability,
                    threshold: rule.threshold,
                    present: call.present,
                    unsure: call.unsure,
                }
            })
            .collect();
        let present: Vec<bool> = features.iter().map(|feature| feature.present).collect();
        Self {
            risk: task.features.risk(&present),
            features,
            notice: None,
        }
    }
}
