//! The methods of training against numpy and PyTorch: `tests/golden/methods.py` made the values.
//! Losses have `tests/losses.rs`, metrics and thresholds `tests/metrics.rs`; the plan of the learning
//! rate is tested beside its code.

use burn::module::Module;
use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor, TensorData};
use karyolens::checkpoint::StateDict;
use karyolens::model::{Architecture, Model};
use karyolens::train::cells::cutmix::Cut;
use karyolens::train::cells::sampler::{Rarity, weights};
use karyolens::train::run::adamw::AdamW;
use karyolens::train::run::average::Average;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A part of the golden file.
fn golden<T: DeserializeOwned>(part: &str) -> T {
    let parts: Value =
        serde_json::from_str(include_str!("golden/methods.json")).expect("the golden file");
    serde_json::from_value(parts[part].clone()).expect(part)
}

fn assert_close(name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{name} {i}: {found} here, {expected} expected"
        );
    }
}

#[test]
fn cells_weigh_as_the_study_weighs_them() {
    #[derive(Deserialize)]
    struct Golden {
        labels: Vec<Vec<u8>>,
        sum: Vec<f64>,
        max: Vec<f64>,
        mean: Vec<f64>,
    }
    let golden: Golden = golden("sampler");
    let labels: Vec<Vec<bool>> = golden
        .labels
        .iter()
        .map(|labels| labels.iter().map(|&label| label == 1).collect())
        .collect();
    let labels: Vec<&[bool]> = labels.iter().map(|labels| &**labels).collect();
    for (rarity, expected) in [
        (Rarity::Sum, golden.sum),
        (Rarity::Max, golden.max),
        (Rarity::Mean, golden.mean),
    ] {
        let found = weights(&labels, rarity);
        assert_close(&format!("{rarity:?}"), &found, &expected, 1e-12);
    }
}

#[test]
fn images_and_labels_are_mixed_as_cutmix_says() {
    #[derive(Deserialize)]
    struct Golden {
        side: usize,
        cases: Vec<Case>,
    }
    #[derive(Deserialize)]
    struct Case {
        kept: f64,
        centre: [f64; 2],
        own: Vec<f32>,
        partner: Vec<f32>,
        labels: Vec<f32>,
        others: Vec<f32>,
        image: Vec<f32>,
        share: f64,
        mixed: Vec<f64>,
    }
    let Golden { side, cases } = golden("cutmix");
    for case in cases {
        let cut = Cut {
            kept: case.kept,
            centre: case.centre,
        };
        let mut image = case.own;
        cut.paste(&case.partner, &mut image, side);
        assert_eq!(image, case.image, "{cut:?}");
        assert!((cut.share_kept(side) - case.share).abs() < 1e-12, "{cut:?}");
        let mixed = cut.mix(&case.labels, &case.others, side);
        let mixed: Vec<f64> = mixed.into_iter().map(f64::from).collect();
        assert_close("labels", &mixed, &case.mixed, 1e-6);
    }
}

#[test]
fn the_average_of_weights_moves_as_its_formula_says() {
    #[derive(Deserialize)]
    struct Golden {
        decay: f64,
        weights: Vec<f32>,
        averages: Vec<f64>,
    }
    const NAME: &str = "head.bias";
    let golden: Golden = golden("average");
    let device = Device::flex().autodiff();
    let network = Architecture::named("resnet-18")
        .and_then(|network| network.with_width(2))
        .expect("a network")
        .init(1, 0.0, &device);
    let with = |value: f32| -> Model {
        let mut state = StateDict::of(&network);
        state.0.get_mut(NAME).expect(NAME).values[0] = value;
        state.apply(network.clone()).expect("its own weights")
    };
    let mut average = Average::of(&with(golden.weights[0]), golden.decay);
    let mut found = Vec::new();
    for (i, &weight) in golden.weights.iter().enumerate() {
        if i > 0 {
            average = average.update(&with(weight));
        }
        let state = StateDict::of(&average.model().valid());
        found.push(f64::from(state.0[NAME].values[0]));
    }
    assert_close("average", &found, &golden.averages, 1e-6);
}

#[test]
fn adamw_steps_as_pytorchs_does() {
    #[derive(Deserialize)]
    struct Golden {
        rate: f64,
        decay: f32,
        betas: [f32; 2],
        epsilon: f32,
        start: Vec<f32>,
        gradients: Vec<Vec<f32>>,
        steps: Vec<Vec<f64>>,
    }
    let golden: Golden = golden("adamw");
    let device = Device::flex();
    let tensor = |values: &[f32]| {
        let data = TensorData::new(values.to_vec(), [values.len()]);
        Tensor::<1>::from_data(data, &device)
    };
    let adamw = AdamW {
        weight_decay: golden.decay,
        beta_1: golden.betas[0],
        beta_2: golden.betas[1],
        epsilon: golden.epsilon,
    };
    let (mut parameter, mut state) = (tensor(&golden.start), None);
    for (step, (gradient, expected)) in golden.gradients.iter().zip(&golden.steps).enumerate() {
        (parameter, state) = adamw.step(golden.rate, parameter, tensor(gradient), state);
        let found: Vec<f64> = parameter.to_data().iter::<f64>().collect();
        assert_close(&format!("step {step}, value"), &found, expected, 2e-6);
    }
}
