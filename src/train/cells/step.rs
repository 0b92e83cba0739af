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

#[cfg(test)]
mod tests {
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::optim::GradientsParams;
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::model::{Architecture, Pool, VitConfig};

    /// The paths of a network's parameters, and whether each has a gradient.
    struct Taught {
        gradients: GradientsParams,
        path: Vec<String>,
        found: Vec<(String, bool)>,
    }

    impl ModuleVisitor for Taught {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let is_taught = self.gradients.get::<D>(param.id).is_some();
            self.found.push((self.path.join("."), is_taught));
        }
    }

    #[test]
    fn a_frozen_batch_teaches_the_head_alone() {
        let device = Device::flex().autodiff();
        let small = Architecture::Vit(VitConfig {
            patch: 4,
            width: 8,
            depth: 1,
            heads: 2,
            attention: None,
            hidden: None,
            grid: 2,
            layer_scale: false,
            pool: Pool::Class,
        });
        let model = small.init(3, 0.0, &device);
        let images: Vec<f32> = (0..2 * 192).map(|i| (i as f32 * 0.37).sin()).collect();
        let batch = CellBatch {
            images: Tensor::from_data(TensorData::new(images, [2, 3, 8, 8]), &device),
            targets: Tensor::ones([2, 3], &device),
            teachers: None,
        };
        for is_frozen in [true, false] {
            let (loss, _) = Objective::default().train(&model, batch.clone(), is_frozen);
            let mut taught = Taught {
                gradients: GradientsParams::from_grads(loss.backward(), &model),
                path: Vec::new(),
                found: Vec::new(),
            };
            model.visit(&mut taught);
            for (path, is_taught) in taught.found {
                let learns = !is_frozen || path.contains("head");
                assert_eq!(is_taught, learns, "{path}, frozen: {is_frozen}");
            }
        }
    }
}
