//! The figures of an epoch: how many nuclei are found again.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorReadError};
use burn::train::metric::{
    Adaptor, Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes,
    NumericEntry, SerializedEntry,
};

use super::data::Outline;
use super::evaluate::areas;
use super::step::StepOutput;
use crate::field::found::{Area, Thresholds, polygons, suppress};

/// Nuclei found, objects wrongly found, and nuclei missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Nuclei that are found.
    pub found: usize,
    /// Polygons.
    pub polygons: usize,
    /// Nuclei.
    pub nuclei: usize,
}

impl Matches {
    /// Matches outlines one to one, each polygon in its turn with the nucleus that it overlaps most, if
    /// the intersection over the union is above `overlap`.
    pub fn count(polygons: &[Area], nuclei: &[Area], overlap: f32) -> Self {
        let mut is_free = vec![true; nuclei.len()];
        let mut found = 0;
        for polygon in polygons {
            let free = (0..nuclei.len()).filter(|&i| is_free[i]);
            let best = free
                .map(|i| (i, polygon.overlap(&nuclei[i])))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((i, best)) = best
                && best > overlap
            {
                is_free[i] = false;
                found += 1;
            }
        }
        Self {
            found,
            polygons: polygons.len(),
            nuclei: nuclei.len(),
        }
    }

    /// The harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        2.0 * self.found as f64 / (self.polygons + self.nuclei).max(1) as f64
    }

    /// Adds the counts of another field.
    pub fn add(&mut self, other: Self) {
        self.found += other.found;
        self.polygons += other.polygons;
        self.nuclei += other.nuclei;
    }
}

/// The answers for some fields, and the outlines of their nuclei.
pub struct Answered(Vec<(Tensor<4>, Arc<Vec<Outline>>)>);

impl Adaptor<Answered> for StepOutput {
    fn adapt(&self) -> Answered {
        Answered(self.answers.clone())
    }
}

/// F1 over all nuclei of the validation fields, as a metric of burn-train.
#[derive(Clone)]
pub struct FieldF1 {
    name: &'static str,
    overlap: f32,
    rays: usize,
    matches: Matches,
    value: f64,
}

impl FieldF1 {
    /// The metric called `name` at this intersection over the union.
    pub fn new(name: &'static str, overlap: f32, rays: usize) -> Self {
        Self {
            name,
            overlap,
            rays,
            matches: Matches::default(),
            value: f64::NAN,
        }
    }
}

impl Metric for FieldF1 {
    type Input = Answered;

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
        answers: &Answered,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        for (answer, nuclei) in &answers.0 {
            let [_, rows, columns, channels] = answer.dims();
            let answer: Vec<f32> = answer.to_data().iter::<f32>().collect();
            let sides = [rows, columns, channels];
            let thresholds = Thresholds::ONLY_READ;
            let found = polygons(&answer, sides, self.rays, thresholds);
            let found = suppress(found, thresholds.overlap).into_iter();
            let found = areas(&found.map(|found| found.points).collect::<Vec<_>>());
            let nuclei = areas(nuclei);
            self.matches
                .add(Matches::count(&found, &nuclei, self.overlap));
        }
        let entry = "at the end of the epoch".to_string();
        Ok(SerializedEntry::new(entry, String::new()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        self.value = self.matches.f1();
        let serialized = NumericEntry::Final(self.value).serialize();
        Ok(SerializedEntry::new(
            format!("{:.4}", self.value),
            serialized,
        ))
    }

    fn clear(&mut self) {
        self.matches = Matches::default();
    }
}

impl Numeric for FieldF1 {
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
