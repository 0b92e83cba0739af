//! Labelled cells: what is read, how they are split, what is told of a folder, and the way from a
//! table to a model.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use karyolens::image::render_synthetic;
use karyolens::nuclei::{Feature, FeatureSet};
use karyolens::train::data::{ByField, DataError, DataFolder, Record, Splits, folds_by_field};
use serde_json::{Value, json};
use support::{karyolens, shared, stderr, stdout};
use tempfile::TempDir;

/// A published folder of two features: `train` has cells 0 to 7 of fields A and B, `val` 8 to 11
/// of field C; even cells show the first feature, every third the second.
fn published(folder: &Path) {
    write_json(
        &folder.join("features.json"),
        &json!(["Spindle", "Vacuole"]),
    );
    for (split, cells) in [("train", 0..8), ("val", 8..12)] {
        let mut labels = BTreeMap::new();
        for i in cells {
            let id = format!("{}_cell_{i}", ["A", "B", "C"][i / 4]);
            write_cell(
                &folder.join("images").join(split).join(format!("{id}.png")),
                i,
            );
            labels.insert(id, [u8::from(i % 2 == 0), u8::from(i % 3 == 0)]);
        }
        write_json(&folder.join(format!("labels/{split}.json")), &json!(labels));
    }
}

fn write_cell(path: &Path, seed: usize) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let features: &[Feature] = if seed.is_multiple_of(2) {
        &[Feature::Elongation]
    } else {
        &[]
    };
    render_synthetic(features, seed as u64).save(path).unwrap();
}

fn write_json(path: &Path, value: &Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

fn folder(path: &Path, splits: Splits) -> DataFolder {
    DataFolder {
        folder: path.into(),
        splits,
    }
}

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| &*record.id).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What `data check` says, as JSON, and its exit code.
fn check(data: &Path) -> (Value, Option<i32>) {
    let output = karyolens(["data", "check", text(data), "--json"]);
    let report = serde_json::from_slice(&output.stdout);
    (
        report.unwrap_or_else(|_| panic!("{}", stderr(&output))),
        output.status.code(),
    )
}

#[test]
fn a_folder_brings_its_own_features() {
    let temporary = TempDir::new().unwrap();
    let data = temporary.path();
    published(data);
    let published = folder(data, Splits::Published);
    let features = published.features().unwrap();
    assert_eq!(features, FeatureSet::new(["Spindle", "Vacuole"]));
    let val = published.split("val", &features).unwrap();
    assert_eq!(
        ids(&val),
        ["C_cell_10", "C_cell_11", "C_cell_8", "C_cell_9"]
    );
    assert_eq!(val[3].labels, [false, true]);
    assert_eq!(val[3].field(), "C");

    for (names, told) in [
        (json!([]), "names no feature"),
        (json!(["Spindle", " "]), "name 2 is empty"),
        (json!(["Spindle", "Spindle"]), "\"Spindle\" is named twice"),
        (json!({"Spindle": 0}), "features.json is not as expected"),
    ] {
        write_json(&data.join("features.json"), &names);
        let error = published.features().unwrap_err().to_string();
        assert!(error.contains(told), "{told:?} is not in {error}");
    }
    std::fs::remove_file(data.join("features.json")).unwrap();
    assert_eq!(published.features().unwrap(), FeatureSet::default());
    let error = published
        .split("val", &FeatureSet::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("must be 9 values"), "{error}");
}

#[test]
fn a_split_file_takes_cells_from_any_published_split() {
    let temporary = TempDir::new().unwrap();
    let data = temporary.path().join("data");
    published(&data);
    let file = temporary.path().join("splits.json");
    write_json(
        &file,
        &json!({
            "train": ["C_cell_9", "A_cell_1"],
            "some": ["A_cell_2", "X_cell_1", "X_cell_2"],
            "twice": ["A_cell_3", "A_cell_3"],
        }),
    );
    let data = folder(&data, Splits::File(file));
    let features = data.features().unwrap();
    let records = data.split("train", &features).unwrap();
    assert_eq!(ids(&records), ["A_cell_1", "C_cell_9"]);
    assert!(records.iter().all(|record| record.read().is_ok()));

    let error = data.split("some", &features).unwrap_err().to_string();
    assert!(
        error.contains("2 of the 3 cells") && error.contains("X_cell_1, X_cell_2"),
        "{error}"
    );
    let error = data.split("twice", &features).unwrap_err().to_string();
    assert!(error.contains("lists cell A_cell_3 twice"), "{error}");
    let error = data.split("test", &features).unwrap_err().to_string();
    assert!(error.contains("some, train, twice"), "{error}");
}

#[test]
fn a_flat_folder_says_what_its_splits_need() {
    let temporary = TempDir::new().unwrap();
    let data = temporary.path();
    for i in 0..4 {
        write_cell(&data.join(format!("images/F{i}_cell_0.jpg")), i);
    }
    write_json(&data.join("features.json"), &json!(["Spindle"]));
    write_json(
        &data.join("labels.json"),
        &json!({"F0_cell_0": [1], "F1_cell_0": [0], "F2_cell_0": [1], "F3_cell_0": [0]}),
    );
    let flat = folder(data, Splits::Published);
    let features = flat.features().unwrap();
    let error = flat.split("train", &features).unwrap_err().to_string();
    assert!(error.contains("--split-file"), "{error}");

    let by_field = |folds, fold| {
        let seed = 0;
        let splits = Splits::ByField(ByField { folds, fold, seed });
        folder(data, splits)
    };
    let [train, val] = ["train", "val"].map(|split| by_field(2, 0).split(split, &features));
    let (train, val) = (train.unwrap(), val.unwrap());
    assert_eq!((train.len(), val.len()), (2, 2));
    for side in [train, val] {
        assert_eq!(side.iter().filter(|record| record.labels[0]).count(), 1);
    }
    for (folds, fold, told) in [
        (5, 0, "only 4 fields"),
        (2, 2, "from 0 to 1"),
        (1, 0, "at least 2"),
    ] {
        let error = by_field(folds, fold).split("val", &features).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn a_cell_without_a_field_is_alone_in_its_own() {
    let record = |id: &str| Record {
        id: id.into(),
        path: PathBuf::new(),
        labels: vec![true],
    };
    assert_eq!(record("Image_142225_cell_84").field(), "Image_142225");
    assert_eq!(record("a_cell_b_cell_1").field(), "a_cell_b");
    assert_eq!(record("cell7").field(), "cell7");
    let records: Vec<Record> = (0..10).map(|i| record(&format!("cell{i}"))).collect();
    let folds = folds_by_field(&records, 5, 1);
    assert!((0..5).all(|fold| folds.iter().filter(|&&other| other == fold).count() == 2));
}

#[test]
fn a_sound_folder_passes_its_check() {
    let temporary = TempDir::new().unwrap();
    published(temporary.path());
    let (report, code) = check(temporary.path());
    assert_eq!(code, Some(0), "{report}");
    let counts = json!([
        {"split": "train", "cells": 8, "positives": [4, 3], "without_any": 3},
        {"split": "val", "cells": 4, "positives": [2, 1], "without_any": 1},
    ]);
    assert_eq!(report["splits"], counts);
    for empty in [
        "broken",
        "identical",
        "shared_fields",
        "unlabelled",
        "unused",
    ] {
        assert_eq!(report[empty], json!([]), "{empty}");
    }
    let table = stdout(&karyolens(["data", "check", text(temporary.path())]));
    assert!(
        table.contains("Spindle") && !table.contains("warning"),
        "{table}"
    );
}

/// What a damage to a folder is called, and whether training refuses it.
type Damage = (&'static str, bool, fn(&Path));

const DAMAGES: [Damage; 11] = [
    ("cell A_cell_1 has no image", true, |data| {
        std::fs::remove_file(data.join("images/train/A_cell_1.png")).unwrap();
    }),
    ("A_cell_1.png", true, |data| {
        std::fs::write(data.join("images/train/A_cell_1.png"), "no image").unwrap();
    }),
    ("whole field", true, |data| {
        let field = image::RgbImage::from_pixel(1024, 768, image::Rgb([180, 150, 190]));
        field.save(data.join("images/train/A_cell_1.png")).unwrap();
    }),
    ("[1, 0, 1]; they must be 2 values of 0 or 1", true, |data| {
        write_json(
            &data.join("labels/val.json"),
            &json!({"C_cell_8": [1, 0, 1]}),
        );
    }),
    ("[2, 0]; they must be 2 values of 0 or 1", true, |data| {
        write_json(&data.join("labels/val.json"), &json!({"C_cell_8": [2, 0]}));
    }),
    ("val.json lists cell C_cell_8 twice", true, |data| {
        let twice = r#"{"C_cell_8": [1, 0], "C_cell_8": [0, 0]}"#;
        std::fs::write(data.join("labels/val.json"), twice).unwrap();
    }),
    (
        "cell A_cell_0 is in two splits, \"train\" and \"val\"",
        true,
        |data| {
            write_cell(&data.join("images/val/A_cell_0.png"), 50);
            write_json(&data.join("labels/val.json"), &json!({"A_cell_0": [1, 1]}));
        },
    ),
    (
        "byte-identical images are labelled differently: A_cell_0 (train) = C_cell_9 (val)",
        false,
        |data| {
            let [from, to] = ["images/train/A_cell_0.png", "images/val/C_cell_9.png"];
            std::fs::copy(data.join(from), data.join(to)).unwrap();
            write_json(
                &data.join("labels/val.json"),
                &json!({"C_cell_9": [0, 1], "C_cell_8": [1, 0]}),
            );
        },
    ),
    (
        "1 of 3 fields have cells in more than one split",
        false,
        |data| {
            write_cell(&data.join("images/val/A_cell_20.png"), 20);
            let labels = json!({"A_cell_20": [1, 1], "C_cell_8": [1, 1]});
            write_json(&data.join("labels/val.json"), &labels);
        },
    ),
    ("no cell of val shows Vacuole", false, |data| {
        write_json(&data.join("labels/val.json"), &json!({"C_cell_8": [1, 0]}));
    }),
    ("1 image without labels", false, |data| {
        write_cell(&data.join("images/val/C_cell_77.png"), 77);
    }),
];

#[test]
fn a_check_tells_what_is_broken_and_what_is_doubtful() {
    for (told, broken, damage) in DAMAGES {
        let temporary = TempDir::new().unwrap();
        let data = temporary.path().join("data");
        published(&data);
        damage(&data);
        let output = karyolens(["data", "check", text(&data)]);
        let found = String::from_utf8(output.stdout).unwrap();
        let kind = if broken { "broken: " } else { "warning: " };
        let line = found.lines().find(|line| line.contains(told));
        assert!(
            line.is_some_and(|line| line.starts_with(kind)),
            "{told:?} as {kind:?} is not in\n{found}"
        );
        assert_eq!(output.status.code(), Some(i32::from(broken)), "{told:?}");

        // Training says the same, and refuses only what is broken.
        let run = temporary.path().join("run");
        let output = train(&data, &run, ["--warmup", "0"]);
        let error = stderr(&output);
        assert!(error.contains(told), "{told:?} is not in\n{error}");
        assert_eq!(output.status.success(), !broken, "{error}");
        assert_eq!(run.exists(), !broken);
        assert!(broken || error.matches(told).count() == 1, "{error}");
    }
}

fn train(data: &Path, run: &Path, more: [&str; 2]) -> std::process::Output {
    let [option, value] = more;
    karyolens([
        "train",
        "--data",
        text(data),
        "--run",
        text(run),
        "--plain",
        "--arch",
        "convnext-atto",
        "--input-size",
        "32",
        "--epochs",
        "1",
        "--batch",
        "8",
        option,
        value,
    ])
}

#[test]
fn a_model_is_evaluated_on_the_folds_that_it_was_trained_on() {
    let temporary = TempDir::new().unwrap();
    let data = temporary.path().join("data");
    published(&data);
    let run = temporary.path().join("run");
    let output = karyolens([
        "train",
        "--data",
        text(&data),
        "--run",
        text(&run),
        "--plain",
        "--arch",
        "convnext-atto",
        "--input-size",
        "32",
        "--epochs",
        "1",
        "--split",
        "by-field",
        "--folds",
        "3",
        "--fold",
        "1",
        "--fold-seed",
        "4",
    ]);
    stdout(&output);
    let config: Value =
        serde_json::from_slice(&std::fs::read(run.join("config.json")).unwrap()).unwrap();
    assert_eq!(config["split"], "by-field");
    let expected = json!({"split_file": null, "folds": 3, "fold": 1, "fold_seed": 4});
    assert_eq!(config["splits"], expected);

    let model = run.join("model.safetensors");
    let evaluate = |split: &str| {
        let output = karyolens([
            "evaluate",
            "--model",
            text(&model),
            "--data",
            text(&data),
            "--split",
            split,
            "--by-field",
            "--folds",
            "3",
            "--fold",
            "1",
            "--fold-seed",
            "4",
            "--json",
        ]);
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()
    };
    // Three fields of four cells: each fold is one of them.
    let val = evaluate("val");
    assert_eq!((&val["n"], &evaluate("train")["n"]), (&json!(4), &json!(8)));
    let card = karyolens::checkpoint::Checkpoint::read(&std::fs::read(&model).unwrap())
        .unwrap()
        .card;
    assert_eq!(card.features, FeatureSet::new(["Spindle", "Vacuole"]));
    assert!(card.provenance.data.contains("by field"));
    assert_eq!(val["macro_f1"].as_f64(), Some(card.metrics["val_macro_f1"]));

    let error = stderr(&train(&data, &run.join("other"), ["--fold", "1"]));
    assert!(error.contains("--split by-field"), "{error}");
}

#[test]
fn a_model_of_other_features_is_not_evaluated() {
    let temporary = TempDir::new().unwrap();
    let data = temporary.path();
    published(data);
    let output = karyolens([
        "evaluate",
        "--model",
        "models/default.safetensors",
        "--data",
        text(data),
    ]);
    let error = stderr(&output);
    assert!(!output.status.success());
    assert!(
        error.contains("names Elongation, Grooves") && error.contains("are of Spindle, Vacuole"),
        "{error}"
    );
}

/// `data import` with the default share.
fn import(csv: &Path, images: &Path, data: &Path, more: [&str; 2]) -> Output {
    let [option, value] = more;
    karyolens([
        "data",
        "import",
        "--csv",
        text(csv),
        "--images",
        text(images),
        "-o",
        text(data),
        option,
        value,
    ])
}

#[test]
fn a_table_becomes_a_data_folder() {
    let temporary = TempDir::new().unwrap();
    let path = |name: &str| temporary.path().join(name);
    let (images, data, csv) = (path("images"), path("data"), path("labels.csv"));
    // As a German Excel writes it; one name comes without its extension, one has it in capitals.
    let mut table = String::from("\u{feff}Image; Spindle ;Vacuole\r\n");
    for i in 0..20 {
        let name = format!("S{}_cell_{i}", i / 2);
        write_cell(&images.join(format!("{name}.png")), i);
        let name = if i == 3 { name } else { name + ".png" };
        table += &format!("{name};{};{}\r\n", i % 2, u8::from(i == 6));
    }
    write_cell(&images.join("loose.jpg"), 40);
    std::fs::rename(images.join("loose.jpg"), images.join("loose.JPG")).unwrap();
    table += "loose.JPG;0;1\r\n";
    std::fs::write(&csv, table).unwrap();
    stdout(&import(&csv, &images, &data, ["--val-share", "0.3"]));

    let (report, code) = check(&data);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["features"], json!(["Spindle", "Vacuole"]));
    assert_eq!(report["shared_fields"], json!([]));
    assert_eq!(report["unlabelled"], json!([]));
    let sum = |number: &dyn Fn(&Value) -> Option<i64>| -> i64 {
        let splits = report["splits"].as_array().unwrap();
        splits.iter().map(|split| number(split).unwrap()).sum()
    };
    assert_eq!(sum(&|split| split["cells"].as_i64()), 21);
    assert_eq!(sum(&|split| split["positives"][0].as_i64()), 10);
    assert_eq!(sum(&|split| split["positives"][1].as_i64()), 2);
    assert_eq!(report["splits"][1]["split"], "val");
    let val = report["splits"][1]["cells"].as_i64().unwrap();
    assert!((5..=8).contains(&val), "{val} of 21 cells");

    let again = import(&csv, &images, &data, ["--seed", "1"]);
    assert!(stderr(&again).contains("not empty"), "{}", stderr(&again));
}

#[test]
fn a_wrong_table_is_told_with_its_lines_and_writes_nothing() {
    let cases = [
        ("name,Spindle\na.png,1\n", "first column is \"name\""),
        ("image\na.png\n", "names no feature"),
        ("image,A,A\na.png,1,0\n", "\"A\" is named twice"),
        ("image,A\na.png,1\nb.png,yes\n", "line 3: A is \"yes\""),
        ("image,A\na.png,1\nb.png,\n", "line 3: A is \"\""),
        ("image,A\na.png,1\nb.png,1,0\n", "3 fields"),
        ("image,A\na.png,1\nc.png,0\n", "line 3: there is no image"),
        ("image,A\na.png,1\ntext.png,0\n", "text.png"),
        ("image,A\na.png,1\nmore/a.png,0\n", "the same id as"),
        ("image,A\na.png,1\n", "cannot split 1 cells of 1 fields"),
        ("image,A\n", "cannot split 0 cells"),
    ];
    let temporary = TempDir::new().unwrap();
    let path = |name: &str| temporary.path().join(name);
    let (images, data, csv) = (path("images"), path("data"), path("labels.csv"));
    for (i, name) in ["a.png", "b.png", "more/a.png"].iter().enumerate() {
        write_cell(&images.join(name), i);
    }
    std::fs::write(images.join("text.png"), "text").unwrap();
    for (table, told) in cases {
        std::fs::write(&csv, table).unwrap();
        let output = import(&csv, &images, &data, ["--seed", "0"]);
        let error = stderr(&output);
        assert!(!output.status.success());
        assert!(error.contains(told), "{told:?} is not in {error}");
        assert!(!data.exists());
    }
    std::fs::write(&csv, "image,A\na.png,1\nb.png,0\n").unwrap();
    let output = import(&csv, &images, &data, ["--val-share", "1"]);
    assert!(stderr(&output).contains("share of 1 for validation"));
}

/// Every command of the tutorial up to the page, with one epoch instead of its twenty.
#[cfg(unix)]
#[test]
fn the_tutorial_works_as_it_is_written() {
    let tutorial = std::fs::read_to_string("docs/own-data.md").unwrap();
    let (tutorial, page) = tutorial.split_once("## 5. The page").unwrap();
    assert!(page.contains("make run MODEL=runs/own/first/model.safetensors"));
    let mut script = String::from("set -euo pipefail\n");
    for block in tutorial.split("```sh\n").skip(1) {
        script += block.split("```").next().unwrap();
    }
    assert!(script.contains("--epochs 20"));
    let script = script.replace("--epochs 20", "--epochs 1 --input-size 32");

    let temporary = TempDir::new().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_karyolens"));
    let link = |to: &Path, name: &str| {
        std::os::unix::fs::symlink(to, temporary.path().join(name)).unwrap();
    };
    std::fs::create_dir(temporary.path().join("target")).unwrap();
    link(program.parent().unwrap(), "target/release");
    link(&std::env::current_dir().unwrap().join("models"), "models");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(temporary.path())
        .output()
        .unwrap();
    let told = stdout(&output);
    for expected in [
        "wrote runs/own/data",
        "val_macro_f1",
        "macro AUC",
        "slide1_cell_4.png",
    ] {
        assert!(told.contains(expected), "{expected:?} is not in\n{told}");
    }
    assert!(told.contains("Vacuole") && !told.contains("risk"), "{told}");
    assert!(!told.contains("warning"), "{told}");
}

#[test]
fn the_real_cells_have_the_figures_of_the_study() {
    let Some(cells) = shared("the check of the real cells", "thyroid/cells") else {
        return;
    };
    let (report, code) = check(&cells);
    assert_eq!(code, Some(0), "{}", report["broken"]);
    let train = &report["splits"][0];
    assert_eq!(
        (&train["split"], &train["cells"]),
        (&json!("train"), &json!(2444))
    );
    let positives = json!([1719, 1502, 152, 459, 551, 578, 1095, 302, 871]);
    assert_eq!(train["positives"], positives);
    assert_eq!(report["splits"][1]["cells"], 523);
    assert_eq!(report["fields"], 75);
    assert!(!report["shared_fields"].as_array().unwrap().is_empty());

    let identical = report["identical"].as_array().unwrap();
    assert_eq!(identical.len(), 11);
    let mut across = 0;
    for group in identical {
        let cells = group["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 2, "{group}");
        assert!(
            cells
                .iter()
                .all(|cell| cell["id"].as_str().unwrap().starts_with("B3_173_cell_"))
        );
        assert_eq!(group["labels_differ"], true, "{group}");
        across += usize::from(group["across_splits"] == true);
    }
    assert_eq!(across, 4);
}

#[test]
fn the_study_s_own_split_can_be_taken_from_its_list() {
    let name = "the study's split file";
    let (Some(cells), Some(file)) = (
        shared(name, "thyroid/cells"),
        shared(name, "thyroid/splits/paper.json"),
    ) else {
        return;
    };
    let listed = folder(&cells, Splits::File(file.clone()));
    let published = folder(&cells, Splits::Published);
    let features = listed.features().unwrap();
    for (split, count) in [("train", 2444), ("val", 523)] {
        let records = listed.split(split, &features).unwrap();
        assert_eq!(records.len(), count);
        assert_eq!(records, published.split(split, &features).unwrap());
    }
    // The test cells are not in the folder.
    match listed.split("test", &features).unwrap_err() {
        DataError::NotHere { missing, .. } => assert_eq!(missing.len(), 524),
        other => panic!("{other}"),
    }
    let output = karyolens(["data", "check", text(&cells), "--split-file", text(&file)]);
    assert!(stdout(&output).contains("none of the cells of test is in this folder"));
}

#[test]
fn folds_of_the_real_cells_keep_fields_whole_and_hold_every_feature() {
    let Some(cells) = shared("folds by field of the real cells", "thyroid/cells") else {
        return;
    };
    let published = folder(&cells, Splits::Published);
    let features = published.features().unwrap();
    let mut pooled = published.split("train", &features).unwrap();
    pooled.extend(published.split("val", &features).unwrap());
    let fields_with = |feature: usize, records: &[&Record]| {
        let shown = records.iter().filter(|record| record.labels[feature]);
        shown
            .map(|record| record.field().to_string())
            .collect::<BTreeSet<_>>()
            .len()
    };
    for (folds, seed) in [(5, 0), (5, 1), (5, 2), (10, 0), (10, 1)] {
        let of = folds_by_field(&pooled, folds, seed);
        assert_eq!(of.len(), pooled.len());
        let mut fold_of = BTreeMap::new();
        for (record, &fold) in pooled.iter().zip(&of) {
            let first = *fold_of.entry(record.field()).or_insert(fold);
            assert_eq!(first, fold, "{} is in two folds", record.field());
        }
        let all: Vec<&Record> = pooled.iter().collect();
        for fold in 0..folds {
            let of_fold = pooled.iter().zip(&of).filter(|(_, other)| **other == fold);
            let records: Vec<&Record> = of_fold.map(|(record, _)| record).collect();
            let share = records.len() as f64 * folds as f64 / pooled.len() as f64;
            assert!(
                (0.8..1.2).contains(&share),
                "fold {fold} has {share} of its share"
            );
            for feature in 0..features.len() {
                assert!(
                    fields_with(feature, &all) < folds || fields_with(feature, &records) > 0,
                    "{} is not in fold {fold} of {folds}, seed {seed}",
                    features.names()[feature]
                );
            }
        }
    }

    // The same through the data folder: two sides, nothing lost, nothing in common.
    let by_field = ByField {
        folds: 5,
        fold: 3,
        seed: 0,
    };
    let by_field = folder(&cells, Splits::ByField(by_field));
    let [train, val] = ["train", "val"].map(|split| by_field.split(split, &features).unwrap());
    assert_eq!(train.len() + val.len(), 2444 + 523);
    let fields = |records: &[Record]| -> BTreeSet<String> {
        records.iter().map(|record| record.field().into()).collect()
    };
    assert!(fields(&train).is_disjoint(&fields(&val)));
}
