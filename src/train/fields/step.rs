//! The step of outlined fields.

use std::sync::Arc;

use burn::tensor::{ExecutionError, Tensor};
use burn::train::ItemLazy;
use burn::train::metric::{Adaptor, LossInput};

use super::batches::FieldBatch;
use super::data::Outline;
use super::loss::{FieldObjective, Wanted};
use crate::model::{Segmenter, Trainable};
use crate::train::run::Step;

/// Loss and answers of a batch.
pub struct StepOutput {
    /// The loss, `[1]`.
    pub loss: Tensor<1>,
    /// Each picture's answer, `[1, rows, columns, channels]`, and the outlines of its nuclei; empty in
    /// training.
    pub answers: Vec<(Tensor<4>, Arc<Vec<Outline>>)>,
}

impl ItemLazy for StepOutput {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.loss.device().flush()?;
        Ok(Self {
            loss: self.loss.without_autodiff(),
            answers: self.answers,
        })
    }
}

impl Adaptor<LossInput> for StepOutput {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.loss.clone())
    }
}

impl Step<Segmenter<Trainable>> for FieldObjective {
    type Batch = FieldBatch;
    type Output = StepOutput;

    /// All pictures of the batch have one size. Nothing is ever frozen.
    fn train(
        &self,
        network: &Segmenter<Trainable>,
        batch: FieldBatch,
        _: bool,
    ) -> (Tensor<1>, StepOutput) {
        let stacked = |part: fn(&Wanted) -> &Tensor<4>| {
            let parts = batch
                .examples
                .iter()
                .map(|example| part(&example.wanted).clone());
            Tensor::cat(parts.collect(), 0)
        };
        let wanted = Wanted {
            probabilities: stacked(|wanted| &wanted.probabilities),
            masks: stacked(|wanted| &wanted.masks),
            rays: stacked(|wanted| &wanted.rays),
        };
        let images = batch.examples.into_iter().map(|example| example.image);
        let answer = network.forward(Tensor::cat(images.collect(), 0));
        let loss = self.forward(answer, wanted);
        let output = StepOutput {
            loss: loss.clone(),
            answers: Vec::new(),
        };
        (loss, output)
    }

    fn validate(&self, network: &Segmenter<Trainable>, batch: FieldBatch) -> StepOutput {
        let mut losses = Vec::new();
        let mut answers = Vec::new();
        for example in batch.examples {
            let answer = network.forward(example.image);
            losses.push(self.forward(answer.clone(), example.wanted));
            answers.push((answer, example.nuclei));
        }
        StepOutput {
            loss: Tensor::cat(losses, 0).mean(),
            answers,
        }
    }
}
