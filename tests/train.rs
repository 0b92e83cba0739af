//! Training on a small set of synthetic cells: it repeats, it learns, it says what is wrong.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use karyolens::image::render_synthetic;
use karyolens::nuclei::Feature;
use support::{karyolens, shared, stderr, stdout};
use tempfile::TempDir;

/// Two kinds of cell that even a short run can tell apart.
const KINDS: [&[Feature]; 2] = [
    &[Feature::Elongation],
    &[Feature::Enlargement, Feature::Inclusion],
];

fn cells(count: usize, first_seed: usize) -> BTreeMap<String, (image::RgbImage, Vec<u8>)> {
    let cell = |i: usize| {
        let features = KINDS[i % 2];
        let labels = Feature::ALL
            .map(|feature| u8::from(features.contains(&feature)))
            .to_vec();
        let image = render_synthetic(features, (first_seed + i) as u64);
        (format!("F1_cell_{}", first_seed + i), (image, labels))
    };
    (0..count).map(cell).collect()
}

/// The published layout, with `train` and `val`.
fn published(folder: &Path) {
    for (split, count, first_seed) in [("train", 24, 0), ("val", 12, 100)] {
        let images = folder.join("images").join(split);
        std::fs::create_dir_all(&images).unwrap();
        std::fs::create_dir_all(folder.join("labels")).unwrap();
        let cells = cells(count, first_seed);
        for (id, (image, _)) in &cells {
            image.save(images.join(format!("{id}.jpg"))).unwrap();
        }
        let labels: BTreeMap<_, _> = cells.iter().map(|(id, (_, labels))| (id, labels)).collect();
        let labels = serde_json::to_vec(&labels).unwrap();
        std::fs::write(folder.join("labels").join(format!("{split}.json")), labels).unwrap();
    }
}

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

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn train(data: &Path, run: &Path, seed: &str, more: [&str; 2]) -> std::process::Output {
    let [option, value] = more;
    karyolens([
        "train",
        "--data",
        text(data),
        "--run",
        text(run),
        "--seed",
        seed,
        "--plain",
        "--arch",
        "convnext-atto",
        "--input-size",
        "32",
        "--epochs",
        "4",
        "--batch",
        "8",
        "--drop-path",
        "0.1",
        option,
        value,
    ])
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
            seed,
            ["--lr", "0.003"],
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

    let table = std::fs::read_to_string(folder.path().join("a/metrics.csv")).unwrap();
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let header: Vec<String> = table.headers().unwrap().iter().map(String::from).collect();
    let loss = header.iter().position(|name| name == "train loss").unwrap();
    let losses: Vec<f64> = table
        .records()
        .map(|row| row.unwrap()[loss].parse().unwrap())
        .collect();
    assert_eq!(losses.len(), 4);
    assert!(losses[3] < losses[0] - 0.05, "{losses:?}");

    let run = folder.path().join("a");
    let config = std::fs::read_to_string(run.join("config.json")).unwrap();
    assert!(config.contains("\"seed\": 5"), "{config}");
    let again = train(&data, &run, "5", ["--lr", "0.003"]);
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
fn a_flat_folder_trains_and_goes_on_from_a_checkpoint() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    flat(&data);
    let splits = data.join("splits.json");
    let first = folder.path().join("first");
    stdout(&train(&data, &first, "1", ["--split-file", text(&splits)]));
    let second = folder.path().join("second");
    let model = first.join("model.safetensors");
    let output = karyolens([
        "train",
        "--data",
        text(&data),
        "--split-file",
        text(&splits),
        "--run",
        text(&second),
        "--arch",
        "convnext-atto",
        "--init",
        text(&model),
        "--epochs",
        "1",
        "--plain",
        "--input-size",
        "32",
        "--sampler",
        "uniform",
    ]);
    assert!(stdout(&output).contains("val_macro_f1"));
}

#[test]
fn wrong_data_is_named_before_anything_is_written() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 5] = [
        ("F1_cell_3", |data| {
            std::fs::remove_file(data.join("images/train/F1_cell_3.jpg")).unwrap()
        }),
        ("must be 9 values", |data| {
            std::fs::write(data.join("labels/val.json"), r#"{"F1_cell_100": [1, 0]}"#).unwrap();
        }),
        ("0 or 1", |data| {
            let labels = r#"{"F1_cell_100": [1, 0, 2, 0, 0, 0, 0, 0, 0]}"#;
            std::fs::write(data.join("labels/val.json"), labels).unwrap();
        }),
        ("is empty", |data| {
            std::fs::write(data.join("labels/train.json"), "{}").unwrap()
        }),
        ("train.json", |data| {
            std::fs::write(data.join("labels/train.json"), "[").unwrap()
        }),
    ];
    for (told, damage) in cases {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        published(&data);
        damage(&data);
        let run = folder.path().join("run");
        let error = stderr(&train(&data, &run, "0", ["--warmup", "0.2"]));
        assert!(error.contains(told), "{told:?} is not in {error}");
        assert!(!run.exists());
    }
}

#[test]
fn a_broken_image_stops_the_run_and_is_named() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let image = data.join("images/train/F1_cell_5.jpg");
    let bytes = std::fs::read(&image).unwrap();
    std::fs::write(&image, &bytes[..bytes.len() / 2]).unwrap();
    let output = train(
        &data,
        &folder.path().join("run"),
        "0",
        ["--sampler", "uniform"],
    );
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("F1_cell_5.jpg"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_shipped_model_holds_what_its_card_says_on_the_real_cells() {
    let Some(cells) = shared("the shipped model on the real cells", "thyroid/cells") else {
        return;
    };
    let model = "models/default.safetensors";
    let evaluate = [
        "evaluate",
        "--model",
        model,
        "--data",
        text(&cells),
        "--split",
        "val",
        "--json",
    ];
    let figures: serde_json::Value = serde_json::from_str(&stdout(&karyolens(evaluate))).unwrap();
    let figure = |name: &str| figures[name].as_f64().unwrap();
    assert_eq!(figures["n"], 523);
    assert!(
        figure("macro_f1") >= 0.48 && figure("class_map") >= 0.48,
        "{figures}"
    );
    assert!(figure("macro_auc") >= 0.68, "{figures}");
    let bytes = std::fs::read(model).unwrap();
    let card = karyolens::checkpoint::Checkpoint::read(&bytes)
        .unwrap()
        .card;
    for name in [
        "macro_f1",
        "micro_f1",
        "macro_f1_tuned",
        "class_map",
        "sample_map",
        "macro_auc",
    ] {
        let stated = card.metrics[&format!("val_{name}")];
        // Other machines round the last bits of a probability differently.
        assert!(
            (stated - figure(name)).abs() < 0.005,
            "{name}: {stated} on the card, {}",
            figure(name)
        );
    }
}
