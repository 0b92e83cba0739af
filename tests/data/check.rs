//! What is told of a folder.

use super::*;

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
        let output = train(&data, &run, &["--epochs", "1"]);
        let error = stderr(&output);
        assert!(error.contains(told), "{told:?} is not in\n{error}");
        assert_eq!(output.status.success(), !broken, "{error}");
        assert_eq!(run.exists(), !broken);
        assert!(broken || error.matches(told).count() == 1, "{error}");
    }
}
