//! The answers of an epoch about outlined fields.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorReadError};
use burn::train::metric::Adaptor;

use super::data::Outline;
use super::evaluate::Answered;
use super::step::StepOutput;
use crate::field::found::Thresholds;
use crate::field::score::Matches;
use crate::train::run::Gathered;

/// The answers for some fields, and the outlines of their nuclei.
pub struct Answers(Vec<(Tensor<4>, Arc<Vec<Outline>>)>);

impl Adaptor<Answers> for StepOutput {
    fn adapt(&self) -> Answers {
        Answers(self.answers.clone())
    }
}

/// The nuclei of all validation fields, found at thresholds that every epoch has.
impl Gathered for Matches {
    type Batch = Answers;

    fn add(&mut self, answers: &Answers) -> Result<(), TensorReadError> {
        self.extend(answers.0.iter().map(|(answer, nuclei)| {
            let answered = Answered::new(answer.clone(), nuclei);
            answered.matches(Thresholds::ONLY_READ)
        }));
        Ok(())
    }
}
