//! The report of a run: one page that needs nothing else, and that nothing from outside can break.

use std::path::{Path, PathBuf};

use crate::support::training::{text, train};
use crate::support::{karyolens, karyolens_with, stdout};
use karyolens::checkpoint::{Classification, ClassifierCard, ModelCard, Provenance};
use karyolens::image::{InputSpec, render_synthetic};
use karyolens::model::Architecture;
use karyolens::nuclei::{Feature, FeatureSet};
use karyolens::train::cells::data::Record;
use karyolens::train::cells::evaluate::SplitScores;
use karyolens::train::cells::metrics::ThresholdSearch;
use karyolens::train::cells::report::{Report, render};
use karyolens::train::run::history::History;
use tempfile::TempDir;

const HOSTILE: &str = "<script>x</script>_cell_1";

fn card() -> ClassifierCard {
    let architecture = Architecture::named("convnext-atto").unwrap();
    let provenance = Provenance {
        data: "cells & <b>more</b>".into(),
        ..Provenance::default()
    };
    let features = FeatureSet::default();
    ModelCard::new(
        "convnext-atto",
        architecture,
        Classification::new(InputSpec::new(32), features),
        provenance,
    )
}

/// Cells of three fields, the first with a hostile id, and what a network might say of them.
fn cells(images: &Path) -> (Vec<Record>, SplitScores) {
    let image = images.join("cell.png");
    render_synthetic(&[Feature::Grooves], 1)
        .save(&image)
        .unwrap();
    let record = |i: usize| Record {
        id: match i {
            0 => HOSTILE.into(),
            _ => format!("F{}_cell_{i}", i % 3),
        },
        path: match i {
            1 => images.join("missing.png"),
            _ => image.clone(),
        },
        labels: (0..9)
            .map(|feature| (i + 2 * feature).is_multiple_of(3))
            .collect(),
    };
    let records: Vec<Record> = (0..30).map(record).collect();
    let targets: Vec<bool> = records.iter().flat_map(|r| r.labels.clone()).collect();
    let probability = |(i, &label): (usize, &bool)| match label {
        true => 0.35 + 0.02 * (i % 30) as f64,
        false => 0.6 - 0.02 * (i % 29) as f64,
    };
    let scores = SplitScores {
        probabilities: targets.iter().enumerate().map(probability).collect(),
        targets,
        features: 9,
        fold_of_row: (0..30).map(|i| i % 3).collect(),
    };
    (records, scores)
}

fn report(folder: &Path, history: &History) -> String {
    let (records, scores) = cells(folder);
    let config = serde_json::json!({
        "data": "<img src=x onerror=alert(1)>", "augment": {"flips": true}, "init": null,
    });
    let report = Report {
        run: Path::new("runs/fi\"<rst>"),
        finished: Some(std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400 * 365)),
        config: &config,
        history,
        card: &card(),
        records: &records,
        scores: &scores,
        search: ThresholdSearch::Expected,
    };
    render(&report).unwrap()
}

fn history(folder: &Path) -> History {
    let table = "epoch,train loss,valid loss,valid macro_f1\n1,0.7,0.69,0.3\n2,0.6,NaN,0.4\n";
    std::fs::write(folder.join("metrics.csv"), table).unwrap();
    std::fs::write(folder.join("seconds.csv"), "epoch,seconds\n1,10\n2,12\n").unwrap();
    History::read(&folder.join("metrics.csv")).unwrap()
}

/// The values of every attribute called `name`.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let opening = format!(" {name}=\"");
    let parts = page.split(opening.as_str()).skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

/// The page with every image given as a data URI cut short.
fn without_images(page: &str) -> String {
    let mut parts = page.split("data:image/jpeg;base64,");
    let first = parts.next().unwrap().to_string();
    parts.fold(first, |page, part| {
        page + "IMAGE" + &part[part.find('"').unwrap()..]
    })
}

#[test]
fn one_file_holds_everything() {
    let folder = TempDir::new().unwrap();
    let page = report(folder.path(), &history(folder.path()));
    let images = attributes(&page, "src").len();
    assert!(images > 0);
    // What base64 spells is no address.
    let page = without_images(&page);
    assert!(!page.contains("http") && !page.contains("@import") && !page.contains("url("));
    let thumbnails = attributes(&page, "src").into_iter();
    assert_eq!(
        thumbnails.filter(|source| *source == "IMAGE").count(),
        images
    );
    assert!(attributes(&page, "href").is_empty() && !page.contains("<link"));
    for feature in Feature::ALL {
        assert!(page.contains(feature.name()), "{}", feature.name());
    }
    for told in [
        "11.0",
        "1971-01-01",
        "32 × 32 px",
        "augment.flips",
        "ConvNeXt-Base",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(
        !page.contains("NaN"),
        "an undefined figure must not reach a chart"
    );
}

#[test]
fn every_feature_has_a_row_of_its_own_figures() {
    let folder = TempDir::new().unwrap();
    let page = report(folder.path(), &history(folder.path()));
    let (_, scores) = cells(folder.path());
    let thresholds = card().task.thresholds;
    let evaluation = scores
        .evaluate(&thresholds, ThresholdSearch::Expected)
        .unwrap();
    let (_, table) = page.split_once("Thresholds, and what they give").unwrap();
    let halves = &evaluation.summary.per_feature;
    for (i, (tuned, half)) in evaluation.tuned.per_feature.iter().zip(halves).enumerate() {
        let name = Feature::ALL[i].name();
        let row = format!("<th scope=\"row\">{name}</th>");
        let (_, row) = table.split_once(&row).unwrap();
        let (row, _) = row.split_once("</tr>").unwrap();
        let found: Vec<f64> = row
            .split("<td class=\"number\">")
            .skip(1)
            .map(|cell| cell.split('<').next().unwrap().parse().unwrap())
            .collect();
        let expected = [
            tuned.support as f64,
            (thresholds[i] * 100.0).round() / 100.0,
            tuned.precision,
            tuned.recall,
            tuned.f1,
            half.f1,
            tuned.ap,
            tuned.auc.unwrap(),
        ];
        assert_eq!(found.len(), expected.len(), "{name}: {row}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 0.0006,
                "{name}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn what_comes_from_outside_is_escaped() {
    let folder = TempDir::new().unwrap();
    let page = report(folder.path(), &history(folder.path()));
    for raw in ["<script", "<b>more", "<img src=x", "<rst>"] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert!(page.contains("&lt;script&gt;x&lt;/script&gt;_cell_1"));
}

#[test]
fn a_missing_image_or_history_is_told() {
    let folder = TempDir::new().unwrap();
    let page = report(folder.path(), &History::default());
    assert!(page.contains("missing.png"));
    assert!(page.contains("No epoch"));
}

#[test]
fn scores_of_other_cells_are_refused() {
    let folder = TempDir::new().unwrap();
    let (records, scores) = cells(folder.path());
    let report = Report {
        run: Path::new("run"),
        finished: None,
        config: &serde_json::Value::Null,
        history: &History::default(),
        card: &card(),
        records: &records[1..],
        scores: &scores,
        search: ThresholdSearch::Expected,
    };
    let error = render(&report).unwrap_err().to_string();
    assert!(error.contains("270 probabilities"), "{error}");
}

/// A data folder with a few cells that show the same features in both splits.
fn data(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    for (split, first) in [("train", 0), ("val", 8)] {
        let images = data.join("images").join(split);
        std::fs::create_dir_all(&images).unwrap();
        std::fs::create_dir_all(data.join("labels")).unwrap();
        let mut labels = serde_json::Map::new();
        for i in 0..8 {
            let features = [Feature::ALL[i], Feature::ALL[i + 1]];
            let id = format!("F{}_cell_{}", i % 4, first + i);
            let image = render_synthetic(&features, (first + i) as u64);
            image.save(images.join(format!("{id}.png"))).unwrap();
            let own = Feature::ALL.map(|feature| u8::from(features.contains(&feature)));
            labels.insert(id, own.to_vec().into());
        }
        let labels = serde_json::to_vec(&labels).unwrap();
        std::fs::write(data.join("labels").join(format!("{split}.json")), labels).unwrap();
    }
    data
}

#[test]
fn a_run_ends_with_a_report_and_its_folder_is_enough_to_write_it_again() {
    let folder = TempDir::new().unwrap();
    let data = data(folder.path());
    let run = folder.path().join("first-run");
    stdout(&train(&data, &run, &["--epochs", "2"]));
    let page = run.join("report.html");
    let first = std::fs::read_to_string(&page).unwrap();
    assert!(first.contains("first-run") && first.contains("macro F1"));
    std::fs::remove_file(&page).unwrap();

    // Elsewhere by now.
    let moved = folder.path().join("moved");
    std::fs::rename(&data, &moved).unwrap();
    let told = stdout(&karyolens(["report", text(&run), "--data", text(&moved)]));
    assert!(told.contains("report.html"), "{told}");
    let again = std::fs::read_to_string(&page).unwrap();
    // All but the minute in which the run ended.
    let without_time = |page: &str| {
        let (before, after) = page.split_once("Finished").unwrap();
        let after = after.split_once("UTC").unwrap().1;
        format!("{before}{after}")
    };
    assert_eq!(without_time(&again), without_time(&first));
}

#[test]
fn evaluate_states_intervals_and_figures_at_thresholds_of_other_fields() {
    let folder = TempDir::new().unwrap();
    let data = data(folder.path());
    let evaluate = |more: &[&str]| {
        let model = ["evaluate", "--model", "models/default.safetensors"];
        let data = ["--data", text(&data)];
        stdout(&karyolens_with(&[&model[..], &data, more].concat()))
    };
    let figures =
        |more: &[&str]| -> serde_json::Value { serde_json::from_str(&evaluate(more)).unwrap() };
    let once = figures(&["--json"]);
    for name in [
        "macro_f1",
        "micro_f1",
        "weighted_f1",
        "samples_f1",
        "class_map",
        "sample_map",
    ] {
        let bound = |i: usize| once["intervals"][name][i].as_f64().unwrap();
        assert!(bound(0) <= bound(1), "{name}: {once}");
    }
    assert_eq!(once["intervals"]["macro_auc"].as_array().unwrap().len(), 2);
    for name in [
        "macro_f1_cross_fitted",
        "micro_f1_cross_fitted",
        "macro_f1_tuned",
    ] {
        assert!(once[name].is_f64(), "{name}: {once}");
    }
    let flipped = figures(&["--json", "--flips"]);
    assert_ne!(once["calibration_error"], flipped["calibration_error"]);
    for line in evaluate(&[]).lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
