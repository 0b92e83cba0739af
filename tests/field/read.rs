//! `karyolens read-field`: the whole way from a photograph to files.

use std::path::Path;
use std::process::Output;

use karyolens::field::Origin;
use karyolens::field::formats::read;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{imported, karyolens_with, stderr, stdout};

struct Place {
    folder: TempDir,
    model: String,
}

impl Place {
    /// A folder with a drawn field of twelve nuclei and its contours.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let model = imported(folder.path());
        let place = Self { folder, model };
        std::fs::create_dir_all(place.below("fields/images")).unwrap();
        let image = place.path("fields/images/F1.png");
        let drawing = [
            "render", "--field", "--nuclei", "12", "--size", "320x240", "-o", &image,
        ];
        stdout(&karyolens_with(&drawing));
        place
    }

    fn below(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.below(name).to_str().unwrap().into()
    }

    fn read_field(&self, field: &str, output: &str, more: &[&str]) -> Output {
        let [field, output] = [field, output].map(|name| self.path(name));
        let arguments = ["read-field", &field, "--model", &self.model, "-o", &output];
        karyolens_with(&[&arguments, more].concat())
    }
}

/// The rows of a table, each as a value for every column.
fn rows(file: &Path) -> Vec<Value> {
    let mut csv = csv::Reader::from_path(file).unwrap();
    csv.deserialize::<serde_json::Map<String, Value>>()
        .map(|row| Value::Object(row.unwrap()))
        .collect()
}

#[test]
fn a_field_becomes_a_table_and_files_that_open_again() {
    let place = Place::new();
    let scale = ["--micrometres-per-pixel", "0.16"];
    let told = stdout(&place.read_field("fields/images", "out", &scale));
    assert!(told.contains("F1: 12 nuclei; risk High"), "{told}");
    let table = rows(&place.below("out/F1.csv"));
    assert_eq!(table.len(), 12);
    let area = table[0]["area_px2"].as_f64().unwrap();
    assert!((table[0]["area_um2"].as_f64().unwrap() - area * 0.0256).abs() < 1e-9);
    for name in ["F1.geojson", "F1_cells.json"] {
        let bytes = std::fs::read(place.below("out").join(name)).unwrap();
        let cells = read(&bytes, "F1").unwrap().cells;
        assert_eq!(cells.len(), 12, "{name}");
        for (cell, row) in cells.iter().zip(&table) {
            assert_eq!(cell.origin, Origin::Given);
            assert_eq!(cell.model.as_ref().unwrap().len(), 64);
            let feature = &cell.features[1];
            assert_eq!(feature.probability, row["Grooves_probability"].as_f64());
            assert_eq!(feature.call, row["Grooves_model"].as_bool());
        }
    }
    // An export is as good as the contours, and what is there is not read again.
    std::fs::remove_file(place.below("fields/images/F1_contours.json")).unwrap();
    let again = stdout(&place.read_field("fields/images/F1.png", "out", &scale));
    assert!(again.contains("F1: there already"), "{again}");
    let export = place.path("out/F1.geojson");
    let more = ["--contours", &export, "--object-type", "annotation"];
    stdout(&place.read_field("fields/images/F1.png", "second", &more));
    let geojson = std::fs::read_to_string(place.below("second/F1.geojson")).unwrap();
    assert!(geojson.contains("\"annotation\"") && !geojson.contains("µm^2"));
}

#[test]
fn predictions_are_those_of_data_crop_and_predict() {
    let place = Place::new();
    std::fs::create_dir(place.below("fields/contour")).unwrap();
    let contours = "F1_contours.json";
    std::fs::rename(
        place.below("fields/images").join(contours),
        place.below("fields/contour").join(contours),
    )
    .unwrap();
    let [fields, cells] = ["fields", "cells"].map(|name| place.path(name));
    stdout(&karyolens_with(&[
        "data", "crop", "--fields", &fields, "-o", &cells,
    ]));
    stdout(&place.read_field("fields/images/F1.png", "out", &[]));
    let cell = |n: usize| place.path(&format!("cells/F1_cell_{n}.png"));
    let images: Vec<String> = (0..12).map(cell).collect();
    let mut arguments = vec!["predict", "--model", &place.model, "--json"];
    arguments.extend(images.iter().map(String::as_str));
    let predicted: Value = serde_json::from_str(&stdout(&karyolens_with(&arguments))).unwrap();
    for (n, row) in rows(&place.below("out/F1.csv")).iter().enumerate() {
        for feature in predicted[n]["features"].as_array().unwrap() {
            let name = feature["name"].as_str().unwrap();
            let ours = row[format!("{name}_probability")].as_f64().unwrap();
            let theirs = feature["probability"].as_f64().unwrap();
            assert!(
                (ours - theirs).abs() < 1e-6,
                "{n}, {name}: {ours}, {theirs}"
            );
        }
    }
}

#[test]
fn red_cells_are_offered_as_a_ruler_and_taken_on_demand() {
    let place = Place::new();
    let image = place.path("fields/images/F2.png");
    let size = ["--nuclei", "8", "--size", "640x480", "-o", &image];
    stdout(&karyolens_with(
        &[&["render", "--field"], &size[..]].concat(),
    ));
    let field = "fields/images/F2.png";
    let told = stdout(&place.read_field(field, "told", &[]));
    assert!(told.contains("--red-cells takes it"), "{told}");
    let row = &rows(&place.below("told/F2.csv"))[0];
    assert_eq!(row["micrometres_per_pixel"], "");
    let told = stdout(&place.read_field(field, "taken", &["--red-cells"]));
    assert!(told.contains("taken as the scale"), "{told}");
    let row = &rows(&place.below("taken/F2.csv"))[0];
    // Red cells are drawn as large as on the study's fields.
    let scale = row["micrometres_per_pixel"].as_f64().unwrap();
    assert!((0.28..0.36).contains(&scale), "{scale}");
    assert_eq!(row["scale_estimated"], true);
    let told = ["--red-cells", "--micrometres-per-pixel", "0.5"];
    assert!(!stdout(&place.read_field(field, "known", &told)).contains("red cells"));
    let row = &rows(&place.below("known/F2.csv"))[0];
    assert_eq!(row["scale_estimated"], false);
    // The objects that were left out go on from file to file.
    let left_out = |file: &str| {
        let file = read(&std::fs::read(place.below(file)).unwrap(), "F2").unwrap();
        (file.cells.len(), file.left_out.len())
    };
    let (count, _) = left_out("fields/images/F2_left_out.json");
    assert_eq!(left_out("known/F2_left_out.json").0, count);
    assert_eq!(left_out("known/F2.geojson"), (8, count));
}

#[test]
fn what_is_missing_or_impossible_is_told() {
    let place = Place::new();
    let field = "fields/images/F1.png";
    let empty = place.path("fields");
    let told = stderr(&place.read_field(field, "out", &["--contours", &empty]));
    for name in ["F1_contours.json", "--contours", "--segmenter"] {
        assert!(told.contains(name), "{told}");
    }
    let told = stderr(&place.read_field(field, "out", &["--micrometres-per-pixel", "0"]));
    assert!(told.contains("it must be"), "{told}");
    let black = image::RgbImage::new(320, 240);
    black.save(place.below(field)).unwrap();
    let told = stderr(&place.read_field(field, "out", &[]));
    assert!(told.contains("is black"), "{told}");
}
