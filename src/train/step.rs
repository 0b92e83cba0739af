//! One step of a run: the network and its average, as burn-train's learner wants them.

use std::sync::Arc;

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use burn::train::{InferenceStep, TrainOutput, TrainStep};

use super::average::Average;
use super::loader::Batch;
use super::loss::{Objective, binary_cross_entropy};
use super::split_figure::StepOutput;
use crate::model::Model;

/// The network in training.
#[derive(Module, Debug)]
pub(super) struct Trainee {
    model: Model,
    average: Option<Average>,
    #[module(skip)]
    objective: Arc<Objective>,
}

impl Trainee {
    /// `model`, and its average where `ema` is above 0.
    pub fn new(model: Model, ema: f64, objective: Objective) -> Self {
        Self {
            average: (ema > 0.0).then(|| Average::of(&model, ema)),
            model,
            objective: Arc::new(objective),
        }
    }

    /// The network that is validated and kept: the average, where there is one.
    pub fn kept(&self) -> &Model {
        self.average.as_ref().map_or(&self.model, Average::model)
    }

    fn averaged(mut self) -> Self {
        self.average = self.average.map(|average| average.update(&self.model));
        self
    }
}

impl TrainStep for Trainee {
    type Input = Batch;
    type Output = StepOutput;

    fn step(&self, batch: Batch) -> TrainOutput<StepOutput> {
        let features = self.model.features(batch.images);
        let features = match batch.frozen {
            true => features.detach(),
            false => features,
        };
        let logits = self.model.classify(features);
        let targets = batch.targets.clone();
        let loss = self
            .objective
            .forward(logits.clone(), targets, batch.teachers);
        // burn-train adds up the gradients of a step's batches; theirs is to be the mean.
        let gradients = (loss.clone() * batch.share).backward();
        let output = StepOutput {
            loss,
            probabilities: sigmoid(logits),
            targets: batch.targets,
        };
        TrainOutput::new(self, gradients, output)
    }

    fn optimize(
        self,
        optimiser: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        optimiser.step(rate, self, gradients).averaged()
    }

    fn optimize_multi(
        self,
        optimiser: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: MultiGradientsParams,
    ) -> Self {
        optimiser.step_multi(rate, self, gradients).averaged()
    }
}

impl InferenceStep for Trainee {
    type Input = Batch;
    type Output = StepOutput;

    /// The loss of validation is plain cross-entropy, so that runs with other objectives compare.
    fn step(&self, batch: Batch) -> StepOutput {
        let logits: Tensor<2> = self.kept().forward(batch.images);
        StepOutput {
            loss: binary_cross_entropy(logits.clone(), batch.targets.clone()),
            probabilities: sigmoid(logits),
            targets: batch.targets,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleVisitor, Param, ParamId};
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::model::{Architecture, Pool, VitConfig};

    fn trainee() -> Trainee {
        let device = Device::flex().autodiff();
        device.seed(3);
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
        Trainee::new(small.init(3, 0.0, &device), 0.0, Objective::default())
    }

    /// Two cells of the four that these tests know, from `first`.
    fn batch(first: usize, cells: usize, frozen: bool) -> Batch {
        let device = Device::flex().autodiff();
        let pixel = |i: usize| ((first * 192 + i) as f32 * 0.37).sin();
        let images: Vec<f32> = (0..cells * 192).map(pixel).collect();
        let label = |i: usize| ((first * 3 + i) % 2) as f32;
        let targets: Vec<f32> = (0..cells * 3).map(label).collect();
        Batch {
            images: Tensor::from_data(TensorData::new(images, [cells, 3, 8, 8]), &device),
            teachers: None,
            targets: Tensor::from_data(TensorData::new(targets, [cells, 3]), &device),
            frozen,
            share: cells as f64 / 4.0,
        }
    }

    /// The gradient of every parameter by its path.
    struct Gradients<'a> {
        step: &'a GradientsParams,
        path: Vec<String>,
        found: Vec<(String, Option<Vec<f32>>)>,
    }

    impl Gradients<'_> {
        fn of(trainee: &Trainee, step: &GradientsParams) -> Vec<(String, Option<Vec<f32>>)> {
            let mut visitor = Gradients {
                step,
                path: Vec::new(),
                found: Vec::new(),
            };
            trainee.visit(&mut visitor);
            visitor.found
        }

        fn get<const D: usize>(&self, id: ParamId) -> Option<Vec<f32>> {
            let gradient = self.step.get::<D>(id)?;
            Some(gradient.into_data().iter::<f32>().collect())
        }
    }

    impl ModuleVisitor for Gradients<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.get::<D>(param.id);
            self.found.push((self.path.join("."), gradient));
        }
    }

    #[test]
    fn a_frozen_batch_teaches_the_head_alone() {
        let trainee = trainee();
        for frozen in [true, false] {
            let output = TrainStep::step(&trainee, batch(0, 2, frozen));
            for (path, gradient) in Gradients::of(&trainee, &output.grads) {
                let learns = !frozen || path.contains("head");
                assert_eq!(gradient.is_some(), learns, "{path}, frozen: {frozen}");
            }
        }
    }

    #[test]
    fn the_gradients_of_half_batches_add_up_to_those_of_the_whole() {
        let trainee = trainee();
        let gradients = |batch| {
            let output = TrainStep::step(&trainee, batch);
            Gradients::of(&trainee, &output.grads)
        };
        let expected = gradients(batch(0, 4, false));
        let [first, second] = [0, 2].map(|first| gradients(batch(first, 2, false)));
        for ((path, expected), (first, second)) in expected.iter().zip(first.iter().zip(&second)) {
            let [Some(expected), Some(first), Some(second)] = [expected, &first.1, &second.1]
            else {
                panic!("{path} has no gradient");
            };
            for ((expected, first), second) in expected.iter().zip(first).zip(second) {
                let found = first + second;
                assert!(
                    (found - expected).abs() < 1e-6,
                    "{path}: {found}, {expected}"
                );
            }
        }
    }
}
