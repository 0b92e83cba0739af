//! The shipped models answer as they did before the code was moved around: the same probabilities,
//! to 1e-6, of the twenty drawn cells in `tests/golden/answers.json`.

use crate::support::{karyolens_with, stdout};
use serde_json::Value;

/// The models in `models/` that the values are of.
const MODELS: [&str; 3] = ["default", "convnext", "vit"];
/// Sums in another order differ in the last digits of an f32.
const TOLERANCE: f64 = 1e-6;

#[test]
fn the_shipped_models_answer_as_before() {
    let golden = std::fs::read_to_string("tests/golden/answers.json").unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut images = Vec::new();
    for (seed, features) in list(&golden["cells"]).iter().enumerate() {
        let names: Vec<&str> = list(features)
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let (seed, names) = (seed.to_string(), names.join(","));
        let image = folder.path().join(format!("{seed}.png"));
        let image = image.to_str().unwrap().to_string();
        let mut arguments = vec!["render", "--seed", &seed, "-o", &image];
        if !names.is_empty() {
            arguments.extend(["--features", &names]);
        }
        stdout(&karyolens_with(&arguments));
        images.push(image);
    }
    assert_eq!(images.len(), 20);
    for model in MODELS {
        let path = format!("models/{model}.safetensors");
        let mut arguments = vec!["predict", "--json", "--model", &path];
        arguments.extend(images.iter().map(String::as_str));
        let rows = stdout(&karyolens_with(&arguments));
        let rows: Value = serde_json::from_str(&rows).unwrap();
        let before = list(&golden[model]);
        assert_eq!(list(&rows).len(), before.len(), "{model}");
        for (cell, (row, before)) in list(&rows).iter().zip(before).enumerate() {
            let features = list(&row["features"]);
            assert_eq!(features.len(), list(before).len(), "{model}, cell {cell}");
            for (feature, before) in features.iter().zip(list(before)) {
                let now = feature["probability"].as_f64().unwrap();
                let before = before.as_f64().unwrap();
                assert!(
                    (now - before).abs() <= TOLERANCE,
                    "{model}, cell {cell}, {}: {now}, and {before} before",
                    feature["name"]
                );
            }
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}
