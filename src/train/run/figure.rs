//! A figure of an epoch that is defined over all validation data, as a metric of burn-train.
//!
//! burn-train averages most metrics over batches. F1 and the ranking metrics, for example, are not the mean of
//! their batches, so an [`EpochFigure`] gathers an epoch's answers first.

use std::sync::Arc;

use burn::tensor::TensorReadError;
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};

/// The answers of an epoch so far.
pub trait Gathered: Clone + Default + Send + Sync + 'static {
    /// The answers of one batch.
    type Batch: 'static;

    /// Adds those of a batch.
    ///
    /// # Errors
    /// Tensors that cannot be read from their device.
    fn add(&mut self, batch: &Self::Batch) -> Result<(), TensorReadError>;
}

/// A figure over all answers of an epoch. Higher is better.
#[derive(Clone)]
pub struct EpochFigure<G> {
    name: &'static str,
    figure: fn(&G) -> f64,
    gathered: G,
    value: f64,
}

impl<G: Gathered> EpochFigure<G> {
    /// The figure called `name` in the history and the table.
    pub fn new(name: &'static str, figure: fn(&G) -> f64) -> Self {
        Self {
            name,
            figure,
            gathered: G::default(),
            value: f64::NAN,
        }
    }
}

impl<G: Gathered> Metric for EpochFigure<G> {
    type Input = G::Batch;

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
        batch: &G::Batch,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        self.gathered.add(batch)?;
        let entry = "at the end of the epoch".to_string();
        Ok(SerializedEntry::new(entry, String::new()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        self.value = (self.figure)(&self.gathered);
        let formatted = format!("{:.4}", self.value);
        let serialized = NumericEntry::Final(self.value).serialize();
        Ok(SerializedEntry::new(formatted, serialized))
    }

    fn clear(&mut self) {
        self.gathered = G::default();
    }
}

impl<G: Gathered> Numeric for EpochFigure<G> {
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
