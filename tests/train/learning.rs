//! A run repeats with its seed, and learns.

use std::collections::BTreeMap;
use std::path::Path;

use karyolens::checkpoint::Checkpoint;
use tempfile::TempDir;

use crate::support::training::{cells, metric, published, text, train};
use crate::support::{karyolens, stderr, stdout};

/// The same cells in one folder, with a file of the splits.
fn flat(folder: &Path) {
    let images = folder.join("images");
    std::fs::create_dir_all(&images).unwrap();
    let (mut labels, mut splits) = (BTreeMap::new(), BTreeMap::new());
    for (split, count, first_seed) in [("train", 24, 0), ("val", 12, 100)] {
        for (id, (image, own)) in cells(count, first_seed) {
            image.save(images.join(format!("{id}.png"))).unwrap();
            splits
                .entry(split)
                .or_insert_with(Vec::new)
                .push(id.clone());
            labels.insert(id, own);
        }
    }
    std::fs::write(
        folder.join("labels.json"),
        serde_json::to_vec(&labels).unwrap(),
    )
    .unwrap();
    std::fs::write(
        folder.join("splits.json"),
        serde_json::to_vec(&splits).unwrap(),
    )
    .unwrap();
}

#[test]
fn a_seed_repeats_a_run_and_the_run_learns() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let model =
        |run: &str| std::fs::read(folder.path().join(run).join("model.safetensors")).unwrap();
    for (run, seed) in [("a", "5"), ("b", "5"), ("c", "6")] {
        stdout(&train(
            &data,
            &folder.path().join(run),
            &["--seed", seed, "--lr", "0.003"],
        ));
    }
    assert!(
        model("a") == model("b"),
        "the same seed must give the same bytes"
    );
    assert!(
        model("a") != model("c"),
        "another seed must give another model"
    );

    let times = std::fs::read_to_string(folder.path().join("a/seconds.csv")).unwrap();
    let mut times = csv::Reader::from_reader(times.as_bytes());
    let times: Vec<[f64; 3]> = times.deserialize().map(Result::unwrap).collect();
    assert_eq!(times.len(), 4);
    assert!(
        times.iter().all(|[_, all, waiting]| waiting <= all),
        "{times:?}"
    );

    let losses = metric(&folder.path().join("a"), "train loss");
    assert_eq!(losses.len(), 4);
    assert!(losses[3] < losses[0] - 0.05, "{losses:?}");

    let run = folder.path().join("a");
    let config = std::fs::read_to_string(run.join("config.json")).unwrap();
    assert!(config.contains("\"seed\": 5"), "{config}");
    let again = train(&data, &run, &[]);
    assert!(
        stderr(&again).contains("already holds a run"),
        "{}",
        stderr(&again)
    );

    let model = run.join("model.safetensors");
    let evaluate = [
        "evaluate",
        "--model",
        text(&model),
        "--data",
        text(&data),
        "--json",
    ];
    let figures: serde_json::Value = serde_json::from_str(&stdout(&karyolens(evaluate))).unwrap();
    assert_eq!(figures["n"], 12);
    for name in ["macro_f1", "micro_f1", "class_map", "sample_map"] {
        assert!(
            figures[name].is_f64() && figures["all_present"][name].is_f64(),
            "{name}"
        );
    }
    assert!(figures["macro_f1_tuned"].is_f64());
    // Three of nine features occur, in 6 of 12 cells each.
    let always = figures["all_present"]["macro_f1"].as_f64().unwrap();
    assert!((always - 3.0 / 9.0 * 2.0 / 3.0).abs() < 1e-9, "{always}");
}

#[test]
fn two_batches_of_four_make_the_step_of_one_of_eight() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let losses = |name: &str, batches: &[&str]| {
        let run = folder.path().join(name);
        let more = [
            "--sampler",
            "uniform",
            "--drop-path",
            "0",
            "--matmul",
            "highest",
        ];
        stdout(&train(&data, &run, &[&more, batches].concat()));
        ["train loss", "valid loss"]
            .map(|name| metric(&run, name))
            .concat()
    };
    let whole = losses("whole", &["--batch", "8"]);
    let halves = losses("halves", &["--batch", "4", "--accumulate", "2"]);
    assert_eq!(whole.len(), 8);
    for (whole, halves) in whole.iter().zip(&halves) {
        assert!((whole - halves).abs() < 2e-3, "{whole}, {halves}");
    }
    let smaller = losses("smaller", &["--batch", "4"]);
    assert!(
        (smaller[3] - whole[3]).abs() > 1e-2,
        "{smaller:?}, {whole:?}"
    );
}

#[test]
fn a_layer_far_from_the_head_learns_slower() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let [first, second] = ["first", "second"].map(|run| folder.path().join(run));
    stdout(&train(&data, &first, &["--epochs", "1"]));
    let model = first.join("model.safetensors");
    // So steep that nothing but the head moves by what f16 can show.
    let more = [
        "--init",
        text(&model),
        "--layer-decay",
        "0.000001",
        "--epochs",
        "1",
    ];
    stdout(&train(&data, &second, &more));
    let weights = |run: &Path| {
        let bytes = std::fs::read(run.join("model.safetensors")).unwrap();
        Checkpoint::read(&bytes).unwrap().weights.0
    };
    let (before, after) = (weights(&first), weights(&second));
    for (name, before) in &before {
        let moved = *before != after[name];
        let is_head = name.starts_with("head.") || name.starts_with("norm.");
        assert_eq!(moved, is_head, "{name}");
    }
}

#[test]
fn a_flat_folder_trains_and_goes_on_from_a_checkpoint() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    flat(&data);
    let splits = data.join("splits.json");
    let first = folder.path().join("first");
    stdout(&train(&data, &first, &["--split-file", text(&splits)]));
    let second = folder.path().join("second");
    let model = first.join("model.safetensors");
    let more = ["--split-file", text(&splits), "--init", text(&model)];
    let more = [&more[..], &["--epochs", "1", "--sampler", "uniform"]].concat();
    let output = train(&data, &second, &more);
    assert!(stdout(&output).contains("val_macro_f1"));
}
