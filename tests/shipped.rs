//! The models that ship: as small as promised, with cards that hold on the real cells, and a README
//! that says what the cards say.

use std::path::{Path, PathBuf};

use crate::support::training::text;
use crate::support::{karyolens, shared, stdout};
use karyolens::checkpoint::{Checkpoint, Classification, ModelCard};
use serde_json::Value;

/// The most that a model may take, in bytes.
const LARGEST: u64 = 4_000_000;

fn models() -> Vec<PathBuf> {
    let files = std::fs::read_dir("models").unwrap();
    let mut models: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
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
