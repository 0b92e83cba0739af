//! Settings and data that no run can use are named.

use std::path::Path;

use tempfile::TempDir;

use crate::support::stderr;
use crate::support::training::{published, train};

#[test]
fn settings_that_no_run_can_use_are_named() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    for (option, value) in [
        ("--epochs", "0"),
        ("--warmup", "1"),
        ("--layer-decay", "0"),
        ("--ema", "1"),
        ("--cutmix", "1.5"),
        ("--lpr", "-1"),
        ("--freeze", "4"),
        ("--temperature", "0"),
        ("--accumulate", "0"),
        ("--weight-decay", "NaN"),
        ("--jitter", "5"),
        ("--crop", "0"),
        ("--teacher-share", "0.9"),
        ("--rare-below", "0.2"),
    ] {
        let run = folder.path().join("run");
        let setting = format!("{option}={value}");
        let error = stderr(&train(&data, &run, &[&setting]));
        assert!(
            error.contains(option) && !run.exists(),
            "{setting}: {error}"
        );
    }
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
        let error = stderr(&train(&data, &run, &[]));
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
    let run = folder.path().join("run");
    let output = train(&data, &run, &["--sampler", "uniform"]);
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("F1_cell_5.jpg"),
        "{}",
        stderr(&output)
    );
}
