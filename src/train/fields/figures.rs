//! The figures of an epoch, as metrics of burn-train.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorReadError};
use burn::train::metric::{
    Adaptor, Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes,
    NumericEntry, SerializedEntry,
};

use super::data::Outline;
use super::evaluate::Answered;
use super::step::StepOutput;
use crate::field::found::Thresholds;
use crate::field::score::{Matches, Scores};

/// The answers for some fields, and the outlines of their nuclei.
pub struct Answers(Vec<(Tensor<4>, Arc<Vec<Outline>>)>);

impl Adaptor<Answers> for StepOutput {
    fn adapt(&self) -> Answers {
        Answers(self.answers.clone())
    }
}

/// A figure over all nuclei of the validation fields, at thresholds that every epoch has.
#[derive(Clone)]
pub struct EpochFigure {
    name: &'static str,
    figure: fn(&Scores) -> f64,
    matches: Matches,
    value: f64,
}

impl EpochFigure {
    /// The figure called `name`.
    pub fn new(name: &'static str, figure: fn(&Scores) -> f64) -> Self {
        Self {
            name,
            figure,
            matches: Matches::default(),
            value: f64::NAN,
        }
    }
}

impl Metric for EpochFigure {
    type Input = Answers;

    fn name(&self) -> MetricName {
        Arc::new(self.name.to_string())
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes {
            unit: None,
            higher_is_better: true,
        }
        .into()
    }

    fn update(
        &mut self,
        answers: &Answers,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let fields = answers.0.iter().map(|(answer, nuclei)| {
            let answered = Answered::new(answer.clone(), nuclei);
            answered.matches(Thresholds::ONLY_READ)
        });
        self.matches.extend(fields);
        let entry = "at the end of the epoch".to_string();
        Ok(SerializedEntry::new(entry, String::new()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        self.value = (self.figure)(&self.matches.scores());
        let formatted = format!("{:.4}", self.value);
        let serialized = NumericEntry::Final(self.value).serialize();
        Ok(SerializedEntry::new(formatted, serialized))
    }

    fn clear(&mut self) {
        self.matches = Matches::default();
    }
}

impl Numeric for EpochFigure {
    fn value(&self) -> Option<NumericEntry> {
        None
    }

    fn running_value(&self) -> Option<NumericEntry> {
        None
    }

    fn final_value(&self) -> NumericEntry {
        NumericEntry::Final(self.value)
    }
}
