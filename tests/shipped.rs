//! The models that ship: as small as promised, with cards that hold on the real cells, and a README
//! that says what the cards say.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::training::text;
use crate::support::{karyolens, karyolens_with, shared, stdout};
use karyolens::checkpoint::{Checkpoint, Classification, ModelCard};
use serde_json::Value;

/// The most that a model may take, in bytes.
const LARGEST: u64 = 4_000_000;
/// The model that finds nuclei, and the most that it may take.
const SEGMENTER: &str = "models/segmenter.safetensors";
const LARGEST_SEGMENTER: u64 = 2_000_000;

/// The models that name features.
fn models() -> Vec<PathBuf> {
    let files = std::fs::read_dir("models").unwrap();
    let mut models: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
        .filter(|path| path != Path::new(SEGMENTER))
        .collect();
    models.sort();
    models
}

fn card(model: &Path) -> ModelCard {
    Checkpoint::read(&std::fs::read(model).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", model.display()))
        .card
}

#[test]
fn one_of_each_family_ships_and_each_is_small() {
    let mut families = Vec::new();
    for model in models() {
        let size = std::fs::metadata(&model).unwrap().len();
        assert!(size <= LARGEST, "{} takes {size} bytes", model.display());
        let card = card(&model);
        assert_eq!(card.weight_bits, Some(8), "{}", model.display());
        families.push(card.architecture.family());
    }
    families.sort();
    assert_eq!(families, ["convnext", "resnet", "vit"]);
}

#[test]
fn every_card_holds_on_the_real_cells() {
    let Some(cells) = shared("the shipped models on the real cells", "thyroid/cells") else {
        return;
    };
    for model in models() {
        let (path, data) = (text(&model), text(&cells));
        let output = karyolens(["evaluate", "--model", path, "--data", data, "--json"]);
        let figures: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(figures["n"], 523);
        let stated = card(&model).metrics;
        for name in [
            "macro_f1",
            "micro_f1",
            "macro_f1_tuned",
            "macro_f1_cross_fitted",
            "class_map",
            "sample_map",
            "macro_auc",
        ] {
            let stated = stated[&format!("val_{name}")];
            let found = figures[name].as_f64().unwrap();
            // Other machines round the last bits of a probability differently.
            assert!(
                (stated - found).abs() < 0.005,
                "{}: {name} is {stated} on the card, {found} on the cells",
                model.display()
            );
        }
    }
}

#[test]
fn every_card_says_where_its_calls_are_in_doubt() {
    for model in models() {
        let Classification {
            thresholds, unsure, ..
        } = card(&model).into_classifier().unwrap().task;
        assert_eq!(unsure.len(), thresholds.len(), "{}", model.display());
        for (threshold, [low, high]) in thresholds.iter().zip(unsure) {
            assert!(low < high, "{}: {low} to {high}", model.display());
            assert!((low..=high).contains(threshold), "{}", model.display());
        }
    }
}

#[test]
fn the_readme_says_what_the_cards_say() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    for model in models() {
        let name = format!("| `{}`", text(&model));
        let row = readme.lines().find(|line| line.starts_with(&name));
        let row = row.unwrap_or_else(|| panic!("the README has no row of {name}"));
        let metrics = card(&model).metrics;
        let megabytes = std::fs::metadata(&model).unwrap().len() as f64 / 1e6;
        let mut expected = vec![format!("{megabytes:.1} MB")];
        for figure in [
            "val_macro_f1",
            "val_macro_f1_cross_fitted",
            "val_class_map",
            "val_sample_map",
            "val_macro_auc",
            "by_field_macro_f1",
        ] {
            let value = metrics.get(figure);
            expected.push(value.map_or("–".into(), |value| format!("{value:.3}")[1..].into()));
        }
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        // Before the first bar nothing, then the file and its network; after the last nothing.
        assert_eq!(cells[3..cells.len() - 1], expected, "{name}");
    }
}

#[test]
fn the_segmenter_is_small_and_says_what_it_was_trained_on() {
    let size = std::fs::metadata(SEGMENTER).unwrap().len();
    assert!(size <= LARGEST_SEGMENTER, "{size} bytes");
    let checkpoint = Checkpoint::read(&std::fs::read(SEGMENTER).unwrap()).unwrap();
    let weights = checkpoint.weights.0.values();
    let weights: usize = weights.map(|array| array.values.len()).sum();
    assert!(weights <= 1_500_000, "{weights} weights");
    let card = checkpoint.card;
    assert_eq!(card.weight_bits, Some(8));
    assert!(card.segmentation().is_ok());
    assert!(
        card.provenance.data.contains("one slide"),
        "{}",
        card.provenance.data
    );
}

#[test]
fn the_segmenter_finds_the_nuclei_of_a_field_that_chose_its_thresholds() {
    let Some(fields) = shared("the segmenter on real fields", "thyroid/fields") else {
        return;
    };
    let card = card(Path::new(SEGMENTER));
    let found = TempDir::new().unwrap();
    // The validation fields, which no weight was learnt from.
    let names = card.provenance.data.split_once("was chosen on ").unwrap().1;
    let names: Vec<&str> = names.split("; ").next().unwrap().split(", ").collect();
    let images = names
        .iter()
        .map(|name| fields.join(format!("images/{name}.jpg")));
    let images: Vec<PathBuf> = images.collect();
    let mut arguments = vec!["segment", "--model", SEGMENTER, "-o", text(found.path())];
    arguments.extend(images.iter().map(|image| text(image)));
    stdout(&karyolens_with(&arguments));
    let truth = fields.join("contour");
    let [predicted, truth] = [text(found.path()), text(&truth)];
    let output = karyolens([
        "score-contours",
        "--predicted",
        predicted,
        "--truth",
        truth,
        "--json",
    ]);
    let scores: Value = serde_json::from_str(&stdout(&output)).unwrap();
    for name in ["f1_50", "f1_75", "pq"] {
        let stated = card.metrics[&format!("val_{name}")];
        let found = scores["pooled"][name].as_f64().unwrap();
        // `segment` reads in tiles, and a field of another scale once more at that.
        assert!(
            found > stated - 0.02,
            "{name} is {stated} on the card, {found} on the fields"
        );
    }
}
