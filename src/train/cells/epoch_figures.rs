//! The figures of an epoch, as metrics of burn-train.
//!
//! burn-train averages most metrics over batches. Macro-F1 and the ranking metrics are only
//! defined over a whole split, so [`EpochFigure`] gathers an epoch's probabilities first.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorReadError};
use burn::train::metric::{
    Adaptor, Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes,
    NumericEntry, SerializedEntry,
};

use super::metrics::{DEFAULT_THRESHOLD, Scores};
use super::step::StepOutput;

/// Probabilities and targets of a batch, for metrics over a whole split.
pub struct ScoredBatch {
    probabilities: Tensor<2>,
    targets: Tensor<2>,
}

impl Adaptor<ScoredBatch> for StepOutput {
    fn adapt(&self) -> ScoredBatch {
        ScoredBatch {
            probabilities: self.probabilities.clone(),
            targets: self.targets.clone(),
        }
    }
}

/// A figure that is defined over a whole split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Mean over features of F1 at probability 0.5.
    MacroF1,
    /// Mean over features of average precision.
    ClassMap,
    /// Mean over features of the area under the ROC curve.
    MacroAuc,
}

impl Figure {
    /// The metric's name in the history and the table.
    pub const fn name(self) -> &'static str {
        match self {
            Figure::MacroF1 => "macro_f1",
            Figure::ClassMap => "class_map",
            Figure::MacroAuc => "macro_auc",
        }
    }
}

/// A [`Figure`] as a metric of burn-train.
#[derive(Clone)]
pub struct EpochFigure {
    figure: Figure,
    probabilities: Vec<f64>,
    targets: Vec<bool>,
    features: usize,
    value: f64,
}

impl EpochFigure {
    /// The metric of `figure`.
    pub fn new(figure: Figure) -> Self {
        Self {
            figure,
            probabilities: Vec::new(),
            targets: Vec::new(),
            features: 0,
            value: f64::NAN,
        }
    }

    fn entry(&self, formatted: String, serialized: String) -> SerializedEntry {
        SerializedEntry::new(formatted, serialized)
    }
}

impl Metric for EpochFigure {
    type Input = ScoredBatch;

    fn name(&self) -> MetricName {
        Arc::new(self.figure.name().to_string())
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
        batch: &ScoredBatch,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        self.features = batch.targets.dims()[1];
        self.probabilities
            .extend(batch.probabilities.to_data().iter::<f64>());
        self.targets.extend(
            batch
                .targets
                .to_data()
                .iter::<f32>()
                .map(|label| label >= 0.5),
        );
        Ok(self.entry("at the end of the epoch".into(), String::new()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        // A network that has diverged answers NaN; its figures are then NaN too.
        self.value = Scores::new(&self.probabilities, &self.targets, self.features)
            .map(|scores| {
                let summary = scores.summarise(&vec![DEFAULT_THRESHOLD; self.features]);
                match self.figure {
                    Figure::MacroF1 => summary.macro_f1,
                    Figure::ClassMap => summary.class_map,
                    Figure::MacroAuc => summary.macro_auc.unwrap_or(f64::NAN),
                }
            })
            .unwrap_or(f64::NAN);
        let serialized = NumericEntry::Final(self.value).serialize();
        Ok(self.entry(format!("{:.4}", self.value), serialized))
    }

    fn clear(&mut self) {
        self.probabilities.clear();
        self.targets.clear();
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
