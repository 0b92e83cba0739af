//! The step of labelled cells: from a batch to its loss and to the input of an epoch's figures.

use burn::tensor::activation::sigmoid;
use burn::tensor::{ExecutionError, Tensor};
use burn::train::ItemLazy;
use burn::train::metric::{Adaptor, LossInput};

use super::batches::CellBatch;
use super::loss::{Objective, binary_cross_entropy};
use crate::model::Model;
use crate::train::run::Step;

/// Loss, probabilities and targets of a batch.
pub struct StepOutput {
    /// The loss, `[1]`.
    pub loss: Tensor<1>,
    /// Sigmoid of the logits, `[batch, features]`.
    pub probabilities: Tensor<2>,
    /// `[batch, features]`, 0 to 1.
    pub targets: Tensor<2>,
}

impl ItemLazy for StepOutput {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.loss.device().flush()?;
        Ok(Self {
            loss: self.loss.without_autodiff(),
            probabilities: self.probabilities.without_autodiff(),
            targets: self.targets.without_autodiff(),
        })
    }
}

impl Adaptor<LossInput> for StepOutput {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.loss.clone())
    }
}

impl Step<Model> for Objective {
    type Batch = CellBatch;
    type Output = StepOutput;

    fn train(&self, model: &Model, batch: CellBatch, is_frozen: bool) -> (Tensor<1>, StepOutput) {
        let features = model.features(batch.images);
        let features = match is_frozen {
            true => features.detach(),
            false => features,
        };
        let logits = model.classify(features);
        let targets = batch.targets.clone();
        let loss = self.forward(logits.clone(), targets, batch.teachers);
        let output = StepOutput {
            loss: loss.clone(),
            probabilities: sigmoid(logits),
            targets: batch.targets,
        };
        (loss, output)
    }

    /// The loss of validation is plain cross-entropy, so that runs with other objectives compare.
    fn validate(&self, model: &Model, batch: CellBatch) -> StepOutput {
        let logits = model.forward(batch.images);
        StepOutput {
            loss: binary_cross_entropy(logits.clone(), batch.targets.clone()),
            probabilities: sigmoid(logits),
            targets: batch.targets,
        }
    }
}
