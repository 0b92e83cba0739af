//! The optimiser: AdamW, and a learning rate by step and layer.

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
use super::settings::RunSettings;

/// The first learning rate of the warm-up, as a share of the highest.
const WARMUP_FROM: f64 = 0.01;

/// AdamW with decoupled weight decay on matrices and kernels. Biases, norms, scales and the
/// class token, which have one axis longer than 1, are not decayed.
pub fn optimiser(settings: &RunSettings, trainee: &impl Module) -> ModuleOptimizer {
    let decayed = AdamW {
        weight_decay: settings.weight_decay,
        ..AdamW::default()
    };
    let undecayed = AdamW {
        weight_decay: 0.0,
        ..decayed
    };
    let spared = ParamGroup::from_paths(spared(trainee));
    ModuleOptimizer::from(decayed).with_group(spared, undecayed, None)
}

/// The parameters without weight decay.
fn spared(trainee: &impl Module) -> Vec<String> {
    Paths::of(trainee)
        .into_iter()
        .filter(|(_, shape)| shape.iter().filter(|side| **side > 1).count() < 2)
        .map(|(path, _)| path.join("."))
        .collect()
}

/// A linear warm-up, then a cosine to zero over `steps` steps; a layer that lies n layers before
/// the last of `layers` learns at `layer_decay`ⁿ of the rate. `layer` is the layer of the parameter
/// at a path.
pub fn schedule(
    settings: &RunSettings,
    steps: usize,
    trainee: &impl Module,
    layers: usize,
    layer: impl Fn(&[String]) -> usize,
) -> Result<ModuleLrScheduler> {
    let mut schedule = ModuleLrSchedulerConfig::new(at(settings, steps, settings.lr));
    if settings.layer_decay < 1.0 {
        let last = layers - 1;
        let mut paths_of = vec![Vec::new(); layers];
        for (path, _) in Paths::of(trainee) {
            paths_of[layer(&path)].push(path.join("."));
        }
        for (layer, paths) in paths_of.into_iter().enumerate() {
            let rate = settings.lr * settings.layer_decay.powi((last - layer) as i32);
            schedule =
                schedule.with_group(ParamGroup::from_paths(paths), at(settings, steps, rate));
        }
    }
    schedule
        .init()
        .map_err(|fault| anyhow::anyhow!("there is no such learning rate: {fault}"))
}

/// The schedule whose highest rate is `highest`.
fn at(settings: &RunSettings, steps: usize, highest: f64) -> LrSchedulerConfig {
    let warmup = ((settings.warmup * steps as f64).round() as usize).min(steps - 1);
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

#[cfg(test)]
mod tests {
    use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
    use burn::tensor::Device;
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::super::average::Average;
    use super::*;
    use crate::model::{Architecture, Model};

    /// A network and its average, with the paths that they have in training.
    #[derive(Module, Debug)]
    struct Averaged {
        model: Model,
        average: Average<Model>,
    }

    fn settings(settings: Value) -> RunSettings {
        serde_json::from_value(settings).expect("known settings")
    }

    fn trainee(architecture: &Architecture) -> Averaged {
        let device = Device::flex().autodiff();
        let model = architecture.init(2, 0.0, &device);
        Averaged {
            average: Average::of(&model, 0.9),
            model,
        }
    }

    fn of(
        settings: &RunSettings,
        steps: usize,
        trainee: &impl Module,
        network: &Architecture,
    ) -> ModuleLrScheduler {
        let layer = |path: &[String]| network.layer(path);
        schedule(settings, steps, trainee, network.layers(), layer).expect("a schedule")
    }

    #[test]
    fn the_rate_of_every_step_is_pytorchs() {
        #[derive(Deserialize)]
        struct Case {
            steps: usize,
            warmup: usize,
            highest: f64,
            rates: Vec<f64>,
        }
        let golden = include_str!("../../../tests/golden/methods.json");
        let golden: Value = serde_json::from_str(golden).expect("the golden file");
        let cases: Vec<Case> = serde_json::from_value(golden["rates"].clone()).expect("rates");
        let architecture = Architecture::named("resnet-18").and_then(|n| n.with_width(2));
        let architecture = architecture.expect("a network");
        let trainee = trainee(&architecture);
        for case in cases {
            let warmup = case.warmup as f64 / case.steps as f64;
            let settings = settings(json!({ "lr": case.highest, "warmup": warmup }));
            let mut plan = of(&settings, case.steps, &trainee, &architecture);
            for (step, expected) in case.rates.into_iter().enumerate() {
                let found = plan.step().base();
                assert!(
                    (found - expected).abs() < 1e-9,
                    "step {step} of {}: {found}, {expected}",
                    case.steps
                );
            }
        }
    }

    /// The rate of every parameter of the network itself, by its path.
    struct Rates {
        of: ModuleLearningRate,
        path: Vec<String>,
        found: Vec<(String, f64)>,
    }

    impl ModuleVisitor for Rates {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let path = self.path.join(".");
            let rate = self.of.lr_from_param(param.id, Some(&path));
            if path.starts_with("model.") {
                self.found.push((path, rate));
            }
        }
    }

    #[test]
    fn a_layer_learns_slower_the_farther_it_is_from_the_head() {
        // A part of a path, and the number of layers between it and the head.
        let cases: [(&str, &[(&str, i32)]); 3] = [
            (
                "vit-tiny",
                &[
                    (".patches.", 13),
                    (".class_token", 13),
                    (".positions", 13),
                    (".blocks.0.", 12),
                    (".blocks.11.", 1),
                    (".head.", 0),
                ],
            ),
            (
                "resnet-18",
                &[
                    (".stem.", 9),
                    (".stages.0.0.", 8),
                    (".stages.0.1.", 7),
                    (".stages.3.1.", 1),
                    (".head.", 0),
                ],
            ),
            (
                "convnext-atto",
                &[
                    (".stem.", 13),
                    (".stages.0.blocks.0.", 12),
                    (".stages.2.downsample", 8),
                    (".stages.2.blocks.5.", 3),
                    (".stages.3.blocks.1.", 1),
                    (".head.", 0),
                ],
            ),
        ];
        let settings = settings(json!({ "lr": 0.1, "warmup": 0, "layer_decay": 0.5 }));
        for (name, expected) in cases {
            let architecture = Architecture::named(name).expect("a network");
            let trainee = trainee(&architecture);
            let mut plan = of(&settings, 9, &trainee, &architecture);
            let mut rates = Rates {
                of: plan.step(),
                path: Vec::new(),
                found: Vec::new(),
            };
            trainee.visit(&mut rates);
            for (part, layers) in expected {
                let there = rates.found.iter().filter(|(path, _)| path.contains(part));
                let mut count = 0;
                for (path, rate) in there {
                    let expected = 0.1 * 0.5f64.powi(*layers);
                    assert!((rate - expected).abs() < 1e-12, "{path}: {rate}");
                    count += 1;
                }
                assert!(count > 0, "{name} has no {part}: {:?}", rates.found);
            }
        }
    }

    #[test]
    fn matrices_and_kernels_decay_and_nothing_else_does() {
        let architecture = Architecture::named("vit-tiny").expect("a network");
        let trainee = trainee(&architecture);
        let spared = spared(&trainee);
        let is_spared = |part: &str| spared.iter().any(|path| path.contains(part));
        for part in [".bias", "norm", ".class_token", ".gamma"] {
            assert!(is_spared(part), "{part} decays");
        }
        assert!(spared.iter().all(|path| !path.ends_with(".weight")));
    }
}
