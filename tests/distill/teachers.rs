//! A network learns from the answers of others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use karyolens::train::cells::data::{DataFolder, Splits, folds_by_field};
use karyolens::train::cells::targets::soften;
use karyolens::train::cells::teachers::Teachers;
use tempfile::TempDir;

use super::age;
use crate::support::training::{part_fields, published, text, train};
use crate::support::{stderr, stdout};

#[test]
fn a_network_learns_from_teachers() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let [teacher, student] = ["teacher", "student"].map(|run| folder.path().join(run));
    stdout(&train(&data, &teacher, &["--epochs", "1"]));
    let checkpoint = teacher.join("model.safetensors");
    let learn = |run: &Path, share| {
        let teachers = ["--teacher", text(&teacher), "--teacher", text(&checkpoint)];
        let rest = [
            "--temperature",
            "2",
            "--teacher-share",
            share,
            "--sampler",
            "uniform",
        ];
        stdout(&train(&data, run, &[&teachers[..], &rest].concat()));
        std::fs::read(run.join("model.safetensors")).unwrap()
    };
    let alone = learn(&student, "1");
    let both = learn(&folder.path().join("both"), "0.5");

    // With the teachers alone to learn from, other labels change nothing.
    let labels = data.join("labels/train.json");
    let own: BTreeMap<String, Vec<u8>> =
        serde_json::from_slice(&std::fs::read(&labels).unwrap()).unwrap();
    let other = |labels: Vec<u8>| {
        labels
            .into_iter()
            .map(|label| 1 - label)
            .collect::<Vec<u8>>()
    };
    let other: BTreeMap<_, _> = own.into_iter().map(|(id, own)| (id, other(own))).collect();
    std::fs::write(&labels, serde_json::to_vec(&other).unwrap()).unwrap();
    assert!(alone == learn(&folder.path().join("alone-again"), "1"));
    assert!(both != learn(&folder.path().join("both-again"), "0.5"));

    let missing = folder.path().join("nowhere");
    let run = folder.path().join("run");
    let error = stderr(&train(&data, &run, &["--teacher", text(&missing)]));
    assert!(error.contains("nowhere"), "{error}");
    assert!(!run.exists());
}

#[test]
fn teachers_are_asked_about_cells_that_they_do_not_know() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    part_fields(&data, "train"); // So that each teacher holds out one.
    let runs = ["0/2", "1/2"].map(|fold| {
        let run = folder.path().join(fold.replace('/', "-"));
        stdout(&train(&data, &run, &["--epochs", "1", "--hold-out", fold]));
        run
    });

    let device = Device::flex();
    let data = DataFolder {
        folder: data,
        splits: Splits::Published,
    };
    let features = data.features().unwrap();
    let records = data.split("train", &features).unwrap();
    let cells: Vec<_> = records.iter().collect();
    let answers = |runs: &[PathBuf]| {
        let teachers = Teachers::read(runs, &features, &device).unwrap();
        teachers.answers(&cells).unwrap()
    };
    // Alone, a teacher is asked about everything.
    let alone = [0, 1].map(|i| answers(&runs[i..=i]));
    let both = answers(&runs);
    let fold_of = folds_by_field(&records, 2, 0);
    assert!(fold_of.contains(&0) && fold_of.contains(&1));
    for (i, fold) in fold_of.into_iter().enumerate() {
        let id = &records[i].id;
        let expected = &alone[fold][i];
        assert_eq!(&both[i], expected, "{id}");
        assert_ne!(&alone[1 - fold][i], expected, "{id}");
    }
    // Teachers of an older version have their settings to tell their cells, and their data.
    runs.iter().for_each(|run| age(run));
    assert_eq!(answers(&runs), both);
    std::fs::rename(&data.folder, folder.path().join("gone")).unwrap();
    assert!(Teachers::read(&runs[..1], &features, &device).is_ok());
    let error = Teachers::read(&runs, &features, &device).unwrap_err();
    assert!(
        error.to_string().contains("Put the data folder back"),
        "{error}"
    );
    for p in [0.0, 0.02, 0.5, 0.97, 1.0f32] {
        let expected = p.sqrt() / (p.sqrt() + (1.0 - p).sqrt());
        let soft = soften(p, 2.0);
        assert!((soft - expected).abs() < 2e-3, "{soft}, {expected}");
    }
}
