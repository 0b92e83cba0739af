//! `karyolens ablate`: every variant with every seed, one table, and nothing trained twice.

use std::path::Path;

use crate::support::training::{published, text};
use crate::support::{karyolens, stderr, stdout};
use serde_json::Value;
use tempfile::TempDir;

fn ablation(path: &Path, data: &Path, epochs: usize) {
    let text = format!(
        r#"
        seeds = [1, 2]

        [settings]
        data = "{}"
        arch = "convnext-atto"
        input_size = 32
        batch = 8
        epochs = {epochs}

        [[variant]]
        name = "baseline"

        [[variant]]
        name = "+ LPR"
        settings = {{ objective = {{ lpr = 0.05 }} }}

        [[variant]]
        name = "+ thresholds"
        thresholds = "cross-fitted"
        "#,
        data.display()
    );
    std::fs::write(path, text).unwrap();
}

#[test]
fn variants_become_a_table_and_are_not_trained_twice() {
    let folder = TempDir::new().unwrap();
    let [data, config, output] = ["data", "ablation.toml", "runs"].map(|n| folder.path().join(n));
    published(&data);
    ablation(&config, &data, 1);
    let ablate = || {
        karyolens([
            "ablate",
            "--config",
            text(&config),
            "--output",
            text(&output),
        ])
    };
    let told = stdout(&ablate());
    let table = std::fs::read_to_string(output.join("table.md")).unwrap();
    assert!(told.ends_with(&table), "{told}");
    let runs_folder = output.join("runs");
    // Thresholds share the runs of the baseline.
    let runs = [
        "baseline-seed-1",
        "baseline-seed-2",
        "lpr-seed-1",
        "lpr-seed-2",
    ];
    let mut found: Vec<String> = std::fs::read_dir(&runs_folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, runs);

    let json = std::fs::read(output.join("table.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let card = |run: &str| -> Value {
        let model = runs_folder.join(run).join("model.safetensors");
        serde_json::from_str(&stdout(&karyolens(["card", text(&model)]))).unwrap()
    };
    let figures = runs.map(|run| card(run)["metrics"]["val_class_map"].as_f64().unwrap());
    let column = json["figures"].as_array().unwrap();
    let column = column.iter().position(|name| name == "class mAP").unwrap();
    let mean = |row: usize| {
        json["rows"][row]["figures"][column]["mean"]
            .as_f64()
            .unwrap()
    };
    for row in 0..2 {
        let expected = (figures[2 * row] + figures[2 * row + 1]) / 2.0;
        assert!((mean(row) - expected).abs() < 1e-12, "{json}");
    }
    assert_eq!(mean(2), mean(0));

    let models = || runs.map(|run| runs_folder.join(run).join("model.safetensors"));
    let written = || models().map(|model| model.metadata().unwrap().modified().unwrap());
    let before = written();
    std::fs::remove_file(output.join("table.md")).unwrap();
    assert!(stdout(&ablate()).ends_with(&table));
    assert_eq!(written(), before, "runs that were there were trained again");

    ablation(&config, &data, 2);
    let error = stderr(&ablate());
    assert!(error.contains("with other settings"), "{error}");
}
