//! Whether a network answers as it does in another library.
//!
//! A reference is a `.safetensors` file with `input` `[batch, 3, height, width]` and the other
//! library's outputs for it: `logits` `[batch, classes]`, or, for a transformer without a head,
//! `class_token` and `patch_mean` `[batch, width]` after the final norm.

use burn::tensor::{Device, ExecutionError};
use serde::Serialize;
use thiserror::Error;

use super::{Array, CheckpointError, ClassifierCard, StateDict};
use crate::model::{ArchitectureError, FoldedModel, Pixels, split_tokens};

/// The default tolerance: two libraries add f32 numbers in different orders, layer after layer.
pub const TOLERANCE: f32 = 1e-4;

/// How far a network's answers are from the reference.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// The largest |difference| over all outputs; infinite where an answer is not a number.
    pub max_difference: f32,
    /// The largest |value| of the reference.
    pub max_reference: f32,
    /// Each output that was compared.
    pub outputs: Vec<OutputDifference>,
}

/// The difference of one output.
#[derive(Clone, Debug, Serialize)]
pub struct OutputDifference {
    /// `logits`, `class_token` or `patch_mean`.
    pub name: String,
    /// The largest |difference|.
    pub max_difference: f32,
}

/// Why a network cannot be compared with a reference.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The reference cannot be read.
    #[error(transparent)]
    Reference(#[from] CheckpointError),
    /// The reference lacks a tensor, or one has another shape.
    #[error("the reference {0}")]
    Content(String),
    /// The network does not take an input of this size.
    #[error(transparent)]
    Input(#[from] ArchitectureError),
    /// The device failed.
    #[error("the device did not give its answer: {0}")]
    Device(#[from] ExecutionError),
}

impl Verification {
    /// True where the difference is at most `tolerance` × max(1, largest |reference|).
    pub fn passes(&self, tolerance: f32) -> bool {
        self.max_difference <= tolerance * self.max_reference.max(1.0)
    }
}

/// Runs `model`, the [`folded`](super::Checkpoint::folded) network of `card`, on the input of a
/// reference and compares its outputs.
///
/// # Errors
/// [`VerifyError`] where the reference does not fit the network.
pub async fn verify(
    model: &FoldedModel,
    card: &ClassifierCard,
    reference: &[u8],
    device: &Device,
) -> Result<Verification, VerifyError> {
    let (reference, _) = StateDict::read(reference)?;
    let input = reference
        .0
        .get("input")
        .ok_or_else(|| content("has no tensor `input`"))?;
    let [batch, 3, height, width] = input.shape[..] else {
        return Err(content(format!(
            "has an input of the shape {:?}",
            input.shape
        )));
    };
    card.architecture.check_input_side(height)?;
    card.architecture.check_input_side(width)?;
    let colours = card
        .task
        .normalisation()
        .undone(&input.values, height * width);
    let images = Pixels::new(colours, [batch, height, width], device);

    let answers = match (model, reference.0.contains_key("logits")) {
        (_, true) => vec![("logits", model.forward(images))],
        (FoldedModel::Vit(network), false) => {
            let (class_token, patch_mean) = split_tokens(network.tokens(images));
            vec![("class_token", class_token), ("patch_mean", patch_mean)]
        }
        _ => return Err(content("has no tensor `logits`")),
    };
    let mut verification = Verification {
        max_difference: 0.0,
        max_reference: 0.0,
        outputs: Vec::new(),
    };
    for (name, answer) in answers {
        let expected = reference
            .0
            .get(name)
            .ok_or_else(|| content(format!("has no tensor `{name}`")))?;
        verification.add(name, &answer.into_data_async().await?.into(), expected)?;
    }
    Ok(verification)
}

impl Verification {
    fn add(&mut self, name: &str, answer: &Array, expected: &Array) -> Result<(), VerifyError> {
        if answer.shape != expected.shape {
            let (theirs, ours) = (&expected.shape, &answer.shape);
            return Err(content(format!(
                "has {name} of the shape {theirs:?}, the network {ours:?}"
            )));
        }
        // `f32::max` ignores NaN, which must fail here.
        let largest = |values: &mut dyn Iterator<Item = f32>| {
            values.fold(0.0f32, |m, v| {
                if v.is_nan() {
                    f32::INFINITY
                } else {
                    m.max(v.abs())
                }
            })
        };
        let mut differences = answer
            .values
            .iter()
            .zip(&expected.values)
            .map(|(a, b)| a - b);
        let max_difference = largest(&mut differences);
        self.max_difference = self.max_difference.max(max_difference);
        self.max_reference = self
            .max_reference
            .max(largest(&mut expected.values.iter().copied()));
        self.outputs.push(OutputDifference {
            name: name.into(),
            max_difference,
        });
        Ok(())
    }
}

fn content(fault: impl Into<String>) -> VerifyError {
    VerifyError::Content(fault.into())
}
