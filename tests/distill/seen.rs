//! A network tells its training cells, and is never measured on them.

use tempfile::TempDir;

use super::age;
use crate::support::training::{part_fields, published, text, train};
use crate::support::{stderr, stdout};

#[test]
fn nobody_learns_from_what_has_seen_the_validated_cells() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    part_fields(&data, "train");
    let fold = |fold| {
        [
            "--split", "by-field", "--folds", "2", "--fold", fold, "--epochs", "1",
        ]
    };
    let teacher = folder.path().join("teacher");
    stdout(&train(&data, &teacher, &fold("0")));
    let model = teacher.join("model.safetensors");
    for version in ["this", "an older"] {
        let student = folder.path().join(version);
        for seen in [["--teacher", text(&teacher)], ["--init", text(&model)]] {
            let error = stderr(&train(&data, &student, &[&fold("1")[..], &seen].concat()));
            assert!(error.contains("was trained on"), "{version}: {error}");
            assert!(
                error.contains("cells that this run validates on"),
                "{version}: {error}"
            );
            assert!(!student.exists());
        }
        let same_fold = [&fold("0")[..], &["--teacher", text(&teacher)]].concat();
        let output = train(&data, &student, &same_fold);
        stdout(&output);
        assert!(!stderr(&output).contains("does not tell"));
        if version == "this" {
            age(&teacher);
        }
    }
}

/// The validation cells and the rest change places, and the folder moves; the network still tells.
#[test]
fn a_network_tells_its_training_cells_wherever_the_data_has_gone() {
    let folder = TempDir::new().unwrap();
    let [data, moved, seen] = ["data", "moved", "seen"].map(|name| folder.path().join(name));
    published(&data);
    part_fields(&data, "train");
    stdout(&train(&data, &seen, &["--epochs", "1"]));
    std::fs::rename(&data, &moved).unwrap();
    let learn = |name: &str, more: &[&str]| {
        let run = folder.path().join(name);
        (
            train(&moved, &run, &[&["--epochs", "1"][..], more].concat()),
            run,
        )
    };
    let init = seen.join("model.safetensors");
    let start = ["--init", text(&init)];
    let ask = ["--teacher", text(&seen)];

    // In the other folder, the same cells are validated on as before. Both runs learn from the labels
    // of a part of the cells alone.
    let half = ["--hold-out", "0/2"];
    let (output, second) = learn("second", &[start, half].concat());
    stdout(&output);
    let (output, student) = learn("student", &[ask, half].concat());
    stdout(&output);

    let swap = |below: &str, end: &str| {
        let [train, val, other] =
            ["train", "val", "other"].map(|split| moved.join(below).join(format!("{split}{end}")));
        std::fs::rename(&train, &other).unwrap();
        std::fs::rename(&val, &train).unwrap();
        std::fs::rename(&other, &val).unwrap();
    };
    swap("images", "");
    swap("labels", ".json");
    // A network that started from another knows its cells, and so does one that had it for a teacher.
    let [second, student] = [second, student].map(|run| run.join("model.safetensors"));
    let said = folder.path().join("student/answers.safetensors");
    for (i, seen) in [
        start,
        ask,
        ["--init", text(&second)],
        ["--init", text(&student)],
    ]
    .iter()
    .enumerate()
    {
        let error = stderr(&learn(&format!("refused-{i}"), seen).0);
        let told = "trained on 24 of the 24 cells that this run validates on";
        assert!(error.contains(told), "{seen:?}: {error}");
    }
    let answers = stderr(&learn("refused", &["--answers", text(&said)]).0);
    assert!(answers.contains("no teacher was asked"), "{answers}");

    // Other pictures under the same ids are other cells.
    for image in std::fs::read_dir(moved.join("images/val")).unwrap() {
        let path = image.unwrap().path();
        let picture = image::open(&path).unwrap().to_rgb8();
        image::imageops::flip_vertical(&picture)
            .save(&path)
            .unwrap();
    }
    stdout(&learn("others", &start).0);
}

#[test]
fn a_network_of_an_older_version_does_not_tell_its_training_cells() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let run = folder.path().join("run");
    let shipped = ["--teacher", "models/default.safetensors"];
    let output = train(&data, &run, &[&["--epochs", "1"][..], &shipped].concat());
    stdout(&output);
    let told = stderr(&output);
    assert!(told.contains("does not tell all the cells"), "{told}");
    // A network that learnt from it tells its own cells, and that there may be more.
    let init = run.join("model.safetensors");
    let start = ["--epochs", "1", "--init", text(&init)];
    let output = train(&data, &folder.path().join("next"), &start);
    stdout(&output);
    let told = stderr(&output);
    assert!(told.contains("does not tell all the cells"), "{told}");
    let swap = ["--train-split", "val", "--val-split", "train"];
    let refused = folder.path().join("refused");
    let error = stderr(&train(&data, &refused, &[&start[..], &swap].concat()));
    assert!(error.contains("trained on 24 of the 24"), "{error}");
}
