//! How far a segmenter's answer is from the wanted one.

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;
use serde::{Deserialize, Serialize};

use crate::model::Answer;
use crate::train::run::settings::{SettingError, within};

/// A ray's logarithm is cut off here, at 400 px: a wild answer of a fresh network must not become
/// infinite.
const LONGEST: f64 = 4.6;

/// The wanted answer for a batch. A place outside its field has the mask 0.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// `[batch, rows, columns, 2]`, from 0 to 1.
    pub probabilities: Tensor<4>,
    /// How much each probability counts, `[batch, rows, columns, 2]`.
    pub masks: Tensor<4>,
    /// Distances in strides, `[batch, rows, columns, rays]`.
    pub rays: Tensor<4>,
}

/// The sum that a step minimises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldObjective {
    /// The weight of the rays' loss beside that of the probabilities.
    pub ray_weight: f32,
}

impl Default for FieldObjective {
    fn default() -> Self {
        Self { ray_weight: 0.25 }
    }
}

impl FieldObjective {
    /// Refuses settings that no run can use.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        within("objective.ray_weight", self.ray_weight, 0.0, 100.0)
    }

    /// The loss, `[1]`, of an answer `[batch, rows, columns, channels]`: the binary cross-entropy of
    /// the probabilities, and the polar IoU loss of the rays ("PolarMask", Xie et al., CVPR 2020), each
    /// place weighted by its wanted probability as in StarDist.
    pub fn forward(&self, answer: Tensor<4>, wanted: Wanted) -> Tensor<1> {
        let [_, _, _, rays] = wanted.rays.dims();
        let logits = answer.clone().narrow(3, 0, Answer::RAYS);
        let distances = answer
            .narrow(3, Answer::RAYS, rays)
            .clamp(-LONGEST, LONGEST)
            .exp();
        let target = wanted.probabilities;
        // −t·ln σ(z) − (1 − t)·ln(1 − σ(z)) = (1 − t)·z − ln σ(z)
        let entropy = (target.clone().neg() + 1.0) * logits.clone() - log_sigmoid(logits);
        let probabilities = weighted_mean(entropy, wanted.masks.clone());

        // Σ max = (sum + apart) / 2 and Σ min = (sum − apart) / 2.
        let sum = (distances.clone() + wanted.rays.clone()).sum_dim(3);
        let apart = (distances - wanted.rays).abs().sum_dim(3);
        let polar = (sum.clone() + apart.clone()).log() - (sum - apart + 1e-6).log();
        let weights = (target * wanted.masks).sum_dim(3);
        let shapes = weighted_mean(polar, weights);
        probabilities + shapes * self.ray_weight
    }
}

fn weighted_mean(values: Tensor<4>, weights: Tensor<4>) -> Tensor<1> {
    (values * weights.clone()).sum() / (weights.sum() + 1e-6)
}
