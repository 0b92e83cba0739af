//! Labelled cells: what is read, how they are split, what is told of a folder, and the way from a
//! table to a model.

mod check;
mod folder;
mod import;
mod real_cells;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::training::{text, train};
use crate::support::{karyolens, shared, stderr, stdout};
use karyolens::image::render_synthetic;
use karyolens::nuclei::{Feature, FeatureSet};
use karyolens::train::cells::data::{
    ByField, DataError, DataFolder, Record, Splits, folds_by_field,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A published folder of two features: `train` has cells 0 to 7 of fields A and B, `val` 8 to 11
/// of field C; even cells show the first feature, every third the second.
fn published(folder: &Path) {
    write_json(
        &folder.join("features.json"),
        &json!(["Spindle", "Vacuole"]),
    );
    for (split, cells) in [("train", 0..8), ("val", 8..12)] {
        let mut labels = BTreeMap::new();
        for i in cells {
            let id = format!("{}_cell_{i}", ["A", "B", "C"][i / 4]);
            write_cell(
                &folder.join("images").join(split).join(format!("{id}.png")),
                i,
            );
            labels.insert(id, [u8::from(i % 2 == 0), u8::from(i % 3 == 0)]);
        }
        write_json(&folder.join(format!("labels/{split}.json")), &json!(labels));
    }
}

fn write_cell(path: &Path, seed: usize) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let features: &[Feature] = if seed.is_multiple_of(2) {
        &[Feature::Elongation]
    } else {
        &[]
    };
    render_synthetic(features, seed as u64).save(path).unwrap();
}

fn write_json(path: &Path, value: &Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

fn folder(path: &Path, splits: Splits) -> DataFolder {
    DataFolder {
        folder: path.into(),
        splits,
    }
}

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| &*record.id).collect()
}

/// What `data check` says, as JSON, and its exit code.
fn check(data: &Path) -> (Value, Option<i32>) {
    let output = karyolens(["data", "check", text(data), "--json"]);
    let report = serde_json::from_slice(&output.stdout);
    (
        report.unwrap_or_else(|_| panic!("{}", stderr(&output))),
        output.status.code(),
    )
}
