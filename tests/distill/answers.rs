//! A run's file of answers serves other runs.

use std::path::{Path, PathBuf};

use karyolens::checkpoint::{Precision, StateDict};
use karyolens::train::cells::answers::Answers;
use karyolens::train::cells::data::{DataFolder, Splits};
use tempfile::TempDir;

use super::{age, model};
use crate::support::training::{part_fields, published, text, train};
use crate::support::{stderr, stdout};

const FOLD: [&str; 8] = [
    "--split", "by-field", "--folds", "2", "--epochs", "1", "--fold", "0",
];

/// A run whose teacher has answered, and the file of its answers, by paths as in older versions.
fn student(data: &Path, runs: &Path) -> [PathBuf; 3] {
    published(data);
    part_fields(data, "train");
    let [teacher, student, old] =
        ["teacher", "student", "old.safetensors"].map(|name| runs.join(name));
    stdout(&train(data, &teacher, &FOLD));
    stdout(&train(
        data,
        &student,
        &[&FOLD[..], &["--teacher", text(&teacher)]].concat(),
    ));
    let file = student.join("answers.safetensors");
    let mut answers = Answers::read(&file).unwrap();
    let data = DataFolder {
        folder: data.into(),
        splits: Splits::Published,
    };
    let features = data.features().unwrap();
    let cells = ["train", "val"].map(|split| data.split(split, &features).unwrap());
    let by_path = cells.iter().flatten().filter_map(|cell| {
        let answer = answers.of(cell).ok()?.to_vec();
        Some((cell.path.display().to_string(), answer))
    });
    answers.cells = by_path.collect();
    answers.write(&old).unwrap();
    let (tensors, mut metadata) = StateDict::read(&std::fs::read(&old).unwrap()).unwrap();
    metadata.remove("trained_on").unwrap();
    std::fs::write(&old, tensors.write(Precision::F32, metadata).unwrap()).unwrap();
    age(&teacher);
    [student, file, old]
}

#[test]
fn answers_serve_where_the_data_folder_has_moved() {
    let folder = TempDir::new().unwrap();
    let [data, moved] = ["data", "moved"].map(|name| folder.path().join(name));
    let [student, file, old] = student(&data, folder.path());
    std::fs::rename(&data, &moved).unwrap();
    let learn = |name: &str, file: &Path| {
        let run = folder.path().join(name);
        let more = [&FOLD[..], &["--answers", text(file)]].concat();
        (train(&moved, &run, &more), run)
    };
    let (output, again) = learn("again", &file);
    stdout(&output);
    assert!(model(&again).weights.0 == model(&student).weights.0);
    let error = stderr(&learn("old", &old).0);
    assert!(error.contains("no teacher was asked about"), "{error}");
}

#[test]
fn answers_of_older_versions_serve() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let [student, _, old] = student(&data, folder.path());
    let again = folder.path().join("again");
    let output = train(
        &data,
        &again,
        &[&FOLD[..], &["--answers", text(&old)]].concat(),
    );
    stdout(&output);
    assert!(
        !stderr(&output).contains("does not tell"),
        "{}",
        stderr(&output)
    );
    assert!(model(&again).weights.0 == model(&student).weights.0);
}
