//! The answers of an epoch about labelled cells, and the figures over them.

use burn::tensor::{Tensor, TensorReadError};
use burn::train::metric::Adaptor;

use super::metrics::{DEFAULT_THRESHOLD, Scores, Summary};
use super::step::StepOutput;
use crate::train::run::Gathered;

/// Probabilities and targets of a batch.
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

/// Probabilities and targets of all validation cells.
#[derive(Clone, Default)]
pub struct ScoredCells {
    probabilities: Vec<f64>,
    targets: Vec<bool>,
    features: usize,
}

impl ScoredCells {
    /// One of the figures at probability 0.5. A network that has diverged answers NaN; its figures are
    /// then NaN too.
    pub fn figure(&self, pick: impl FnOnce(Summary) -> f64) -> f64 {
        Scores::new(&self.probabilities, &self.targets, self.features)
            .map(|scores| pick(scores.summarise(&vec![DEFAULT_THRESHOLD; self.features])))
            .unwrap_or(f64::NAN)
    }
}

impl Gathered for ScoredCells {
    type Batch = ScoredBatch;

    fn add(&mut self, batch: &ScoredBatch) -> Result<(), TensorReadError> {
        self.features = batch.targets.dims()[1];
        let probabilities = batch.probabilities.to_data();
        self.probabilities.extend(probabilities.iter::<f64>());
        let targets = batch.targets.to_data();
        self.targets
            .extend(targets.iter::<f32>().map(|label| label >= 0.5));
        Ok(())
    }
}
