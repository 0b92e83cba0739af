//! The network and its average, as burn-train's learner wants them.

use burn::module::{Module, ModuleDisplay};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::train::{InferenceStep, TrainOutput, TrainStep};

use super::average::Average;
use super::source::Loaded;
use super::step::Step;

/// A network in training.
#[derive(Module, Debug)]
pub struct Trainee<N: Module + ModuleDisplay, S: Step<N>> {
    model: N,
    average: Option<Average<N>>,
    #[module(skip)]
    step: S,
}

impl<N: Module + ModuleDisplay, S: Step<N>> Trainee<N, S> {
    /// `model`, and its average where the decay `ema` is above 0.
    pub fn new(model: N, ema: f64, step: S) -> Self {
        Self {
            average: (ema > 0.0).then(|| Average::of(&model, ema)),
            model,
            step,
        }
    }

    /// The network that is validated and kept: the average, where there is one.
    pub fn kept(&self) -> &N {
        self.average.as_ref().map_or(&self.model, Average::model)
    }

    fn averaged(mut self) -> Self {
        self.average = self.average.map(|average| average.update(&self.model));
        self
    }
}

impl<N: Module + ModuleDisplay, S: Step<N>> TrainStep for Trainee<N, S> {
    type Input = Loaded<S::Batch>;
    type Output = S::Output;

    fn step(&self, loaded: Loaded<S::Batch>) -> TrainOutput<S::Output> {
        let (loss, output) = self
            .step
            .train(&self.model, loaded.batch, loaded.place.is_frozen);
        // burn-train adds up the gradients of a step's batches; the share makes the sum a mean.
        let gradients = (loss * loaded.place.share).backward();
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

impl<N: Module + ModuleDisplay, S: Step<N>> InferenceStep for Trainee<N, S> {
    type Input = Loaded<S::Batch>;
    type Output = S::Output;

    fn step(&self, loaded: Loaded<S::Batch>) -> S::Output {
        self.step.validate(self.kept(), loaded.batch)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleVisitor, Param, ParamId};
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::{Device, ExecutionError, Tensor, TensorData};
    use burn::train::ItemLazy;
    use burn::train::metric::{Adaptor, LossInput};

    use super::super::source::Place;
    use super::*;

    /// Two layers.
    #[derive(Module, Debug)]
    struct Network {
        body: Linear,
        head: Linear,
    }

    #[derive(Clone, Debug)]
    struct SquaredError;

    /// The loss of a batch, `[1]`.
    struct Loss(Tensor<1>);

    impl ItemLazy for Loss {
        fn sync(self) -> Result<Self, ExecutionError> {
            Ok(self)
        }
    }

    impl Adaptor<LossInput> for Loss {
        fn adapt(&self) -> LossInput {
            LossInput::new(self.0.clone())
        }
    }

    impl Step<Network> for SquaredError {
        type Batch = [Tensor<2>; 2];
        type Output = Loss;

        fn train(
            &self,
            network: &Network,
            [x, y]: [Tensor<2>; 2],
            is_frozen: bool,
        ) -> (Tensor<1>, Loss) {
            let inner = network.body.forward(x);
            let inner = match is_frozen {
                true => inner.detach(),
                false => inner,
            };
            let loss = (network.head.forward(inner) - y).powf_scalar(2.0).mean();
            (loss.clone(), Loss(loss))
        }

        fn validate(&self, network: &Network, batch: [Tensor<2>; 2]) -> Loss {
            self.train(network, batch, false).1
        }
    }

    fn trainee() -> Trainee<Network, SquaredError> {
        let device = Device::flex().autodiff();
        device.seed(3);
        let network = Network {
            body: LinearConfig::new(3, 4).init(&device),
            head: LinearConfig::new(4, 2).init(&device),
        };
        Trainee::new(network, 0.0, SquaredError)
    }

    /// Some of the four items that these tests know, from `first`.
    fn batch(first: usize, items: usize, is_frozen: bool) -> Loaded<[Tensor<2>; 2]> {
        let device = Device::flex().autodiff();
        let values = [3, 2].map(|columns| {
            let value = |i: usize| ((first * columns + i) as f32 * 0.37).sin();
            let values: Vec<f32> = (0..items * columns).map(value).collect();
            Tensor::from_data(TensorData::new(values, [items, columns]), &device)
        });
        Loaded {
            batch: values,
            place: Place {
                epoch: 1,
                position: first,
                share: items as f64 / 4.0,
                is_frozen,
            },
        }
    }

    /// The gradient of every parameter by its path.
    struct Gradients<'a> {
        step: &'a GradientsParams,
        path: Vec<String>,
        found: Vec<(String, Option<Vec<f32>>)>,
    }

    impl Gradients<'_> {
        fn of(trainee: &impl Module, step: &GradientsParams) -> Vec<(String, Option<Vec<f32>>)> {
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
