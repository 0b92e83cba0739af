//! The losses and their gradients against numpy's: `tests/golden/losses.py` made the values.

use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use karyolens::train::cells::loss::Objective;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Case {
    name: String,
    settings: Map<String, Value>,
    features: usize,
    logits: Vec<f32>,
    targets: Vec<f32>,
    teachers: Option<Vec<f32>>,
    loss: f32,
    gradient: Vec<f32>,
}

#[test]
fn every_loss_and_its_gradient_equal_numpys() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("golden/losses.json")).expect("the golden file");
    let device = Device::flex().autodiff();
    for case in cases {
        let shape = [case.logits.len() / case.features, case.features];
        let tensor = |values| Tensor::<2>::from_data(TensorData::new(values, shape), &device);
        let logits = tensor(case.logits).require_grad();
        let teachers = case.teachers.map(tensor);
        let targets = tensor(case.targets);
        let loss = objective(case.settings).forward(logits.clone(), targets, teachers);
        let gradients = loss.backward();
        let found: f32 = loss.into_scalar();
        assert!(
            (found - case.loss).abs() < 1e-5 * case.loss.abs().max(1.0),
            "{}: {found} here, {} by numpy",
            case.name,
            case.loss
        );
        let gradient = logits.grad(&gradients).expect("a gradient").into_data();
        let expected = TensorData::new(case.gradient, shape);
        println!("{}", case.name);
        gradient.assert_approx_eq::<f32>(&expected, Tolerance::absolute(2e-6));
    }
}

/// An objective with these settings, as a run's `config.json` holds them.
fn objective(settings: Map<String, Value>) -> Objective {
    serde_json::from_value(Value::Object(settings)).expect("known settings")
}

#[test]
fn spa_is_binary_cross_entropy_by_its_definition() {
    let device = Device::flex();
    let logits = Tensor::<2>::from_floats([[0.3, -2.0, 8.0]], &device);
    let targets = Tensor::<2>::from_floats([[1.0, 0.0, 0.25]], &device);
    let loss = |name: &str| {
        let settings = serde_json::json!({ "loss": name });
        let Value::Object(settings) = settings else {
            unreachable!()
        };
        objective(settings)
            .forward(logits.clone(), targets.clone(), None)
            .into_data()
    };
    loss("spa").assert_eq(&loss("bce"), true);
}
