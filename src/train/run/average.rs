//! An exponential moving average of a network's weights. It is validated and kept in the place of the
//! weights themselves, and is steadier than any one step.

use std::any::Any;
use std::collections::VecDeque;

use burn::module::{
    Initializer, Module, ModuleDisplay, ModuleMapper, ModuleVisitor, Param, ParamId,
};
use burn::tensor::Tensor;

/// The averaged network and how often it has been updated; both are part of a run's checkpoints.
/// Running statistics of batch norms are averaged like the weights that they belong to.
#[derive(Module, Debug)]
pub struct Average<N: Module + ModuleDisplay> {
    model: N,
    updates: Param<Tensor<1>>,
    decay: f64,
}

impl<N: Module + ModuleDisplay> Average<N> {
    /// An average that begins at the weights of `model`.
    pub fn of(model: &N, decay: f64) -> Self {
        let device = model.devices().remove(0);
        // There and back: a clone would share the running statistics.
        let apart = model.valid().train();
        Self {
            model: apart.map(&mut Renewed).no_grad(),
            updates: Initializer::Zeros.init([1], &device),
            decay,
        }
        .no_grad()
    }

    /// The averaged network.
    pub fn model(&self) -> &N {
        &self.model
    }

    /// Moves the average towards `model`: w̄ ← d·w̄ + (1 − d)·w, where after t updates d is
    /// min(decay, (1 + t) / (10 + t)), so that the first weights are soon forgotten.
    pub fn update(self, model: &N) -> Self {
        let updates = self.updates.val().without_autodiff();
        let warm = (updates.clone() + 1.0) / (updates + 10.0);
        let mut current = Current::default();
        model.visit(&mut current);
        Self {
            model: self.model.map(&mut Averaging {
                current,
                share: warm.clamp_max(self.decay).neg() + 1.0,
            }),
            updates: self.updates.map(|updates| updates.detach() + 1.0),
            decay: self.decay,
        }
    }
}

/// Gives every parameter an id of its own: the optimiser knows parameters by their ids.
struct Renewed;

impl ModuleMapper for Renewed {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, tensor, mapper) = param.consume();
        Param::from_mapped_value(ParamId::new(), tensor.detach(), mapper)
    }
}

/// The weights of a network in the order of its modules, each a `Tensor<D>` of its own rank.
#[derive(Default)]
struct Current(VecDeque<Box<dyn Any>>);

impl ModuleVisitor for Current {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push_back(Box::new(param.val().without_autodiff()));
    }
}

struct Averaging {
    current: Current,
    /// The share 1 − d of the current weights, `[1]`.
    share: Tensor<1>,
}

impl ModuleMapper for Averaging {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let current = self.current.0.pop_front();
        let Some(current) = current.and_then(|current| current.downcast::<Tensor<D>>().ok()) else {
            unreachable!("the average has the network's own modules");
        };
        let share = self.share.clone();
        param.map(|average| {
            let trained = average.is_autodiff();
            let average = average.without_autodiff();
            let moved = average.clone() + (*current - average) * share.unsqueeze();
            if trained { moved.autodiff() } else { moved }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::StateDict;
    use crate::model::{Architecture, Model};
    use burn::tensor::Device;

    #[test]
    fn running_statistics_are_averaged_too() {
        let device = Device::flex().autodiff();
        let network = Architecture::named("resnet-18")
            .and_then(|network| network.with_width(4))
            .unwrap()
            .init(2, 0.0, &device);
        let name = "stem.norm.running_mean";
        let mean = |model: &Model| f64::from(StateDict::of(model).0[name].values[1]);
        let mut average = Average::of(&network, 0.25);
        let mut expected = mean(&network);
        for updates in 0..3 {
            let image = Tensor::<4>::ones([2, 3, 32, 32], &device) * (1.0 + updates as f64);
            network.forward(image);
            average = average.update(&network);
            let decay = ((1.0 + updates as f64) / (10.0 + updates as f64)).min(0.25);
            expected = decay * expected + (1.0 - decay) * mean(&network);
            let found = mean(average.model());
            assert!(
                (found - expected).abs() < 1e-6,
                "{found} instead of {expected}"
            );
        }
        assert!(expected != 0.0 && mean(average.model()) != mean(&network));
    }

    #[test]
    fn the_optimiser_never_touches_the_average() {
        let device = Device::flex().autodiff();
        let network = Architecture::named("resnet-18")
            .unwrap()
            .init(9, 0.0, &device);
        let average = Average::of(&network, 0.9);
        let mut own = Ids::default();
        network.visit(&mut own);
        let mut averaged = Ids::default();
        average.visit(&mut averaged);
        let trained: Vec<_> = own.0.iter().filter(|(_, tracked)| *tracked).collect();
        assert_eq!(trained.len(), 62);
        for (id, tracked) in averaged.0 {
            assert!(!tracked && trained.iter().all(|(own, _)| *own != id));
        }
    }

    #[derive(Default)]
    struct Ids(Vec<(ParamId, bool)>);

    impl ModuleVisitor for Ids {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push((param.id, param.val().is_require_grad()));
        }
    }
}
