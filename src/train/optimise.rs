//! How the weights move: AdamW, and a learning rate by step and layer.

use anyhow::Result;
use burn::module::{Module, ModuleVisitor, Param, ParamGroup};
use burn::optim::ModuleOptimizer;
use burn::optim::lr_scheduler::LrSchedulerConfig;
use burn::optim::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::optim::lr_scheduler::module_lr_scheduler::{ModuleLrScheduler, ModuleLrSchedulerConfig};
use burn::optim::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::tensor::Tensor;

use super::adamw::AdamW;
use super::config::TrainConfig;
use crate::model::Architecture;

/// The first learning rate of the warm-up, as a share of the highest.
const WARMUP_FROM: f64 = 0.01;

/// AdamW with decoupled weight decay on matrices and kernels. Biases, norms, scales and the
/// class token, which have one axis longer than 1, are not decayed.
pub(super) fn optimiser(config: &TrainConfig, trainee: &impl Module) -> ModuleOptimizer {
    let decayed = AdamW {
        weight_decay: config.weight_decay,
        ..AdamW::default()
    };
    let undecayed = AdamW {
        weight_decay: 0.0,
        ..decayed
    };
    let paths: Vec<String> = Paths::of(trainee)
        .into_iter()
        .filter(|(_, shape)| shape.iter().filter(|side| **side > 1).count() < 2)
        .map(|(path, _)| path.join("."))
        .collect();
    ModuleOptimizer::from(decayed).with_group(ParamGroup::from_paths(paths), undecayed, None)
}

/// A linear warm-up, then a cosine to zero over `steps` steps; a layer that lies n layers before
/// the head learns at `layer_decay`ⁿ of the rate.
pub(super) fn schedule(
    config: &TrainConfig,
    steps: usize,
    trainee: &impl Module,
    architecture: &Architecture,
) -> Result<ModuleLrScheduler> {
    let mut schedule = ModuleLrSchedulerConfig::new(at(config, steps, config.lr));
    if config.layer_decay < 1.0 {
        let last = architecture.layers() - 1;
        let mut layers = vec![Vec::new(); last + 1];
        for (path, _) in Paths::of(trainee) {
            layers[architecture.layer(&path)].push(path.join("."));
        }
        for (layer, paths) in layers.into_iter().enumerate() {
            let rate = config.lr * config.layer_decay.powi((last - layer) as i32);
            schedule = schedule.with_group(ParamGroup::from_paths(paths), at(config, steps, rate));
        }
    }
    schedule
        .init()
        .map_err(|fault| anyhow::anyhow!("cannot plan the learning rate: {fault}"))
}

/// The schedule whose highest rate is `highest`.
fn at(config: &TrainConfig, steps: usize, highest: f64) -> LrSchedulerConfig {
    let warmup = ((config.warmup * steps as f64).round() as usize).min(steps - 1);
    let cosine = CosineAnnealingLrSchedulerConfig::new(highest, (steps - warmup).max(1));
    if warmup == 0 {
        return LrSchedulerConfig::Cosine(cosine);
    }
    let rise = LinearLrSchedulerConfig::new(WARMUP_FROM * highest, highest, warmup);
    LrSchedulerConfig::Sequential(SequentialLrSchedulerConfig::new(
        vec![
            LrSchedulerConfig::Linear(rise),
            LrSchedulerConfig::Cosine(cosine),
        ],
        vec![warmup],
    ))
}

/// Path and shape of every parameter, named as the optimiser names it.
#[derive(Default)]
struct Paths {
    path: Vec<String>,
    found: Vec<(Vec<String>, Vec<usize>)>,
}

impl Paths {
    fn of(module: &impl Module) -> Vec<(Vec<String>, Vec<usize>)> {
        let mut paths = Self::default();
        module.visit(&mut paths);
        paths.found
    }
}

impl ModuleVisitor for Paths {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found
            .push((self.path.clone(), param.lazy_shape().to_vec()));
    }
}
