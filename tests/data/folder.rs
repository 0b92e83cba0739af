//! What is read of a folder, and how its cells are split.

use super::*;

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
    assert!(error.contains("`split_file`"), "{error}");
    let error = stderr(&train(data, &data.join("run"), &[]));
    assert!(error.contains("(--split-file)"), "{error}");

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
fn a_model_is_evaluated_on_the_folds_that_it_was_trained_on() {
    let temporary = TempDir::new().unwrap();
    let data = temporary.path().join("data");
    published(&data);
    let run = temporary.path().join("run");
    let by_field = ["--split", "by-field", "--folds", "3", "--fold", "1"];
    let seed = ["--fold-seed", "4", "--epochs", "1"];
    let output = train(&data, &run, &[&by_field[..], &seed].concat());
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
    let features = &card.classification().unwrap().features;
    assert_eq!(*features, FeatureSet::new(["Spindle", "Vacuole"]));
    assert!(card.provenance.data.contains("by field"));
    assert_eq!(val["macro_f1"].as_f64(), Some(card.metrics["val_macro_f1"]));

    let error = stderr(&train(&data, &run.join("other"), &["--fold", "1"]));
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
