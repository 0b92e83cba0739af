//! The objective: the sum that training minimises.
//!
//! With logits z, p = sigmoid(z) and labels y, all `[batch, features]`, a run minimises
//! `loss(z, y) + λ · LPR(p, y)`. With teachers, [`Objective::forward`] weighs this sum against the
//! distance to the teachers' answers. The formulas of SPA and LPR are the study's; the asymmetric
//! loss is the modern baseline beside them. `tests/golden/losses.py` works all of them out with
//! numpy, gradients included.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, relu, sigmoid};
use serde::{Deserialize, Serialize};

use crate::train::run::settings::{SettingError, below_one, within};

/// Keeps LPR from dividing by zero where no row has both a present and an absent feature; the
/// study's value.
const PAIR_EPSILON: f64 = 1e-8;
/// The asymmetric loss' exponent for present features, its authors' default.
const POSITIVE_FOCUS: f64 = 1.0;
/// Its exponent for absent features.
const NEGATIVE_FOCUS: f64 = 4.0;
/// Its margin, taken off the probability of an absent feature.
const MARGIN: f64 = 0.05;

/// The loss of one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// Binary cross-entropy.
    Bce,
    /// The study's SPA loss: by its definition binary cross-entropy, under the study's name.
    Spa,
    /// Asymmetric loss (arXiv 2009.14119).
    Asl,
}

/// The settings of the sum that a step minimises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objective {
    /// The loss of one label.
    pub loss: Loss,
    /// λ of label pairwise regularisation, from 0 to 1000; 0 leaves it out. The study trains with
    /// 0.05.
    pub lpr: f64,
    /// The loss, and nothing else, sees labels that are drawn towards 1/2 by this share, from 0 to
    /// below 1.
    pub label_smoothing: f64,
    /// Divides the logits of teachers and student before they are compared; from 0.1 to 100.
    pub temperature: f64,
    /// The share of the teachers in the sum, from 0 to 1; the labels have the rest.
    pub teacher_share: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            loss: Loss::Bce,
            lpr: 0.0,
            label_smoothing: 0.0,
            temperature: 1.0,
            teacher_share: 0.5,
        }
    }
}

impl Objective {
    /// Refuses settings that no run can use; `has_teachers` tells whether the run has any.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self, has_teachers: bool) -> Result<(), SettingError> {
        below_one("objective.label_smoothing", self.label_smoothing)?;
        within("objective.teacher_share", self.teacher_share, 0.0, 1.0)?;
        within("objective.lpr", self.lpr, 0.0, 1e3)?;
        within("objective.temperature", self.temperature, 0.1, 100.0)?;
        let default = Self::default();
        for (setting, is_default) in [
            ("teacher_share", self.teacher_share == default.teacher_share),
            ("temperature", self.temperature == default.temperature),
        ] {
            if !is_default && !has_teachers {
                return Err(SettingError(format!(
                    "`objective.{setting}` does nothing without `teachers` or `answers`"
                )));
            }
        }
        Ok(())
    }

    /// Logits and labels `[batch, features]` → the sum that the step minimises, `[1]`.
    ///
    /// `teachers` are the teachers' probabilities at the temperature T, `[batch, features]`: then
    /// it is `(1 − share) · (loss + λ · LPR) + share · T² · BCE(z / T, teachers)` (Hinton et al.,
    /// arXiv 1503.02531, with a sigmoid a feature in the place of the softmax).
    pub fn forward(
        &self,
        logits: Tensor<2>,
        targets: Tensor<2>,
        teachers: Option<Tensor<2>>,
    ) -> Tensor<1> {
        let smooth = match self.label_smoothing {
            0.0 => targets.clone(),
            share => targets.clone() * (1.0 - share) + 0.5 * share,
        };
        let mut labels = match self.loss {
            Loss::Bce | Loss::Spa => binary_cross_entropy(logits.clone(), smooth),
            Loss::Asl => asymmetric(logits.clone(), smooth),
        };
        if self.lpr > 0.0 {
            labels = labels + label_pairs(logits.clone(), targets) * self.lpr;
        }
        match teachers {
            None => labels,
            Some(teachers) => {
                let distance = binary_cross_entropy(logits / self.temperature, teachers)
                    * self.temperature.powi(2);
                labels * (1.0 - self.teacher_share) + distance * self.teacher_share
            }
        }
    }
}

/// Binary cross-entropy from logits, the mean over batch and features.
///
/// `logits` and `targets` are `[batch, features]`, targets from 0 to 1. With p = sigmoid(z),
/// −y·log p − (1 − y)·log(1 − p) = (1 − y)·z − log p: no logarithm of a rounded 0. burn-nn's own
/// loss takes whole labels only.
pub fn binary_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let absent = targets.neg().add_scalar(1.0);
    (absent * logits.clone() - log_sigmoid(logits)).mean()
}

/// Asymmetric loss (Ridnik et al., arXiv 2009.14119, equation 6), the mean over batch and
/// features: −y·(1 − p)^γ₊·log p − (1 − y)·pₘ^γ₋·log(1 − pₘ) with pₘ = max(p − m, 0), γ₊ = 1,
/// γ₋ = 4, m = 0.05.
///
/// Gradients flow through the focusing factors, as the formula says; its authors' code stops
/// them there to save time, and sums where this takes the mean.
pub fn asymmetric(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let probabilities = sigmoid(logits.clone());
    let missed = probabilities.clone().neg().add_scalar(1.0);
    let present = missed.powf_scalar(POSITIVE_FOCUS) * log_sigmoid(logits);
    let called = relu(probabilities.sub_scalar(MARGIN));
    // At most 0.95, so its distance from 1 has a logarithm.
    let absent = called.clone().powf_scalar(NEGATIVE_FOCUS) * called.neg().add_scalar(1.0).log();
    let absent_share = targets.clone().neg().add_scalar(1.0);
    (targets * present + absent_share * absent).mean().neg()
}

/// Label pairwise regularisation, the study's: with P the features that a row shows (label 1), N
/// those that it does not (label 0), M = Σ |P||N| over the batch,
/// (1 / (M + 1e-8)) Σ_rows Σ_{a ∈ P} Σ_{b ∈ N} log(1 + exp(p_b − p_a)).
///
/// Labels strictly between 0 and 1 are in neither set; a row without a pair adds nothing.
pub fn label_pairs(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let probabilities = sigmoid(logits);
    let shown = targets.clone().equal_scalar(1.0).float();
    let missing = targets.equal_scalar(0.0).float();
    // [B, C, 1] against [B, 1, C]: one entry for each a and b.
    let pairs = shown.unsqueeze_dim::<3>(2) * missing.unsqueeze_dim::<3>(1);
    let gap = probabilities.clone().unsqueeze_dim::<3>(2) - probabilities.unsqueeze_dim::<3>(1);
    // log(1 + exp(−gap)) = −log(sigmoid(gap))
    let penalties = (log_sigmoid(gap) * pairs.clone()).sum().neg();
    penalties / (pairs.sum() + PAIR_EPSILON)
}
