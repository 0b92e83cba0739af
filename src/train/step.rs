//! One step of a run: the network, its average and its teachers, as burn-train's learner wants
//! them.

use std::sync::Arc;

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use burn::train::{InferenceStep, TrainOutput, TrainStep};

use super::average::Average;
use super::history::StepOutput;
use super::loader::Batch;
use super::loss::{Objective, binary_cross_entropy};
use super::teachers::Teachers;
use crate::model::Model;

/// The network in training.
#[derive(Module, Debug)]
pub(super) struct Trainee {
    model: Model,
    average: Option<Average>,
    #[module(skip)]
    plan: Arc<Plan>,
}

/// What a step is made of beside the network.
#[derive(Debug)]
pub(super) struct Plan {
    pub objective: Objective,
    pub teachers: Teachers,
    /// Batches whose gradients are added up before the weights move.
    pub accumulate: usize,
}

impl Trainee {
    /// `model`, and its average where `ema` is above 0.
    pub fn new(model: Model, ema: f64, plan: Plan) -> Self {
        Self {
            average: (ema > 0.0).then(|| Average::of(&model, ema)),
            model,
            plan: Arc::new(plan),
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
        let teachers = self.plan.teachers.probabilities(batch.teacher_images);
        let objective = &self.plan.objective;
        let loss = objective.forward(logits.clone(), batch.targets.clone(), teachers);
        // burn-train adds gradients up; theirs is to be the mean.
        let gradients = (loss.clone() / self.plan.accumulate as f64).backward();
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
