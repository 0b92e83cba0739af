//! The figures of found contours against OpenCV and numpy: `tests/golden/scores.py` made the values.

use std::path::Path;

use karyolens::field::score::{Matches, Scores};
use karyolens::field::{Contour, LabelMap};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::{karyolens_with, stderr, stdout};

type Points = Vec<[f64; 2]>;

#[derive(Deserialize)]
struct Golden {
    fields: Vec<GoldenField>,
    pooled: Map<String, Value>,
}

#[derive(Deserialize)]
struct GoldenField {
    size: [u32; 2],
    found: Vec<Points>,
    truth: Vec<Points>,
    scores: Map<String, Value>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/scores.json")).unwrap()
}

#[track_caller]
fn assert_same(scores: &Value, golden: &Map<String, Value>) {
    for (name, value) in golden {
        let (ours, theirs) = (scores[name].as_f64().unwrap(), value.as_f64().unwrap());
        assert!((ours - theirs).abs() < 1e-6, "{name}: {ours}, not {theirs}");
    }
}

fn value(scores: Scores) -> Value {
    serde_json::to_value(scores).unwrap()
}

#[test]
fn figures_are_those_of_another_program() {
    let Golden { fields, pooled } = golden();
    let map = |contours: Vec<Points>, size| {
        let contours = (0..)
            .zip(contours)
            .map(|(id, points)| Contour::new(id, points));
        LabelMap::new(&contours.collect::<Vec<_>>(), size)
    };
    let mut all = Matches::default();
    for field in fields {
        let (found, truth) = (map(field.found, field.size), map(field.truth, field.size));
        let matches = Matches::new(&found, &truth);
        assert_same(&value(matches.scores()), &field.scores);
        all.extend([matches]);
    }
    assert_same(&value(all.scores()), &pooled);
}

/// Writes a field's contours as the study's file.
fn write(folder: &Path, field: usize, contours: &[Points]) {
    let contours = contours.iter().enumerate();
    let list: Vec<Value> = contours
        .map(|(id, points)| json!({ "id": id, "points": points }))
        .collect();
    std::fs::create_dir_all(folder).unwrap();
    let file = folder.join(format!("field_{field}_contours.json"));
    std::fs::write(file, serde_json::to_vec(&list).unwrap()).unwrap();
}

#[test]
fn the_command_scores_two_folders() {
    let folder = TempDir::new().unwrap();
    let below = |name: &str| folder.path().join(name);
    let Golden { fields, pooled } = golden();
    std::fs::create_dir(below("images")).unwrap();
    for (n, field) in fields.iter().enumerate() {
        write(&below("found"), n, &field.found);
        write(&below("truth"), n, &field.truth);
        let [width, height] = field.size;
        let image = below("images").join(format!("field_{n}.png"));
        image::RgbImage::new(width, height).save(image).unwrap();
    }
    write(&below("truth"), 99, &[]);
    let [found, truth] = ["found", "truth"].map(|name| below(name).to_str().unwrap().to_owned());
    let score = |more: &[&str]| {
        let arguments = ["score-contours", "--predicted", &found, "--truth", &truth];
        karyolens_with(&[&arguments, more].concat())
    };
    let answer: Value = serde_json::from_str(&stdout(&score(&["--json"]))).unwrap();
    assert_same(&answer["pooled"], &pooled);
    for (n, field) in fields.iter().enumerate() {
        assert_same(&answer["fields"][format!("field_{n}")], &field.scores);
    }
    for figure in ["f1_50", "f1_75", "ap_50_95", "pq", "precision", "recall"] {
        let number = |value: &Value| value.as_f64().unwrap();
        let all =
            (0..fields.len()).map(|n| number(&answer["fields"][format!("field_{n}")][figure]));
        let (worst, best) = all.fold((1.0f64, 0.0f64), |(a, b), v| (a.min(v), b.max(v)));
        let [low, high] = [0, 1].map(|side| number(&answer["intervals"][figure][side]));
        let value = number(&answer["pooled"][figure]);
        assert!(
            worst <= low && low <= value && value <= high && high <= best,
            "{figure}"
        );
        assert!(low < high, "{figure}: the fields differ");
    }
    assert_eq!(answer["not_scored"], json!(["field_99"]));
    let text = stdout(&score(&[]));
    assert!(
        text.contains("pooled") && text.contains("field_99"),
        "{text}"
    );

    let far = vec![[1e5, 0.0], [1e5, 1e5], [0.0, 1e5]];
    write(&below("found"), 99, &[far]);
    let told = stderr(&score(&[]));
    assert!(told.contains("--images"), "{told}");

    std::fs::remove_file(below("truth").join("field_1_contours.json")).unwrap();
    let told = stderr(&score(&[]));
    assert!(told.contains("field_1_contours.json has no true"), "{told}");
}
