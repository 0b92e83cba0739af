//! Short runs on a small set of synthetic cells.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use karyolens::image::render_synthetic;
use karyolens::nuclei::Feature;

use super::karyolens_with;

/// Two kinds of cell that even a short run can tell apart.
const KINDS: [&[Feature]; 2] = [
    &[Feature::Elongation],
    &[Feature::Enlargement, Feature::Inclusion],
];

/// Cells of both kinds in turn, by id, with their labels.
pub fn cells(count: usize, first_seed: usize) -> BTreeMap<String, (image::RgbImage, Vec<u8>)> {
    let cell = |i: usize| {
        let features = KINDS[i % 2];
        let labels = Feature::ALL
            .map(|feature| u8::from(features.contains(&feature)))
            .to_vec();
        let image = render_synthetic(features, (first_seed + i) as u64);
        (format!("F1_cell_{}", first_seed + i), (image, labels))
    };
    (0..count).map(cell).collect()
}

/// The published layout, with `train` and `val`.
pub fn published(folder: &Path) {
    for (split, count, first_seed) in [("train", 24, 0), ("val", 12, 100)] {
        let images = folder.join("images").join(split);
        std::fs::create_dir_all(&images).unwrap();
        std::fs::create_dir_all(folder.join("labels")).unwrap();
        let cells = cells(count, first_seed);
        for (id, (image, _)) in &cells {
            image.save(images.join(format!("{id}.jpg"))).unwrap();
        }
        let labels: BTreeMap<_, _> = cells.iter().map(|(id, (_, labels))| (id, labels)).collect();
        let labels = serde_json::to_vec(&labels).unwrap();
        std::fs::write(folder.join("labels").join(format!("{split}.json")), labels).unwrap();
    }
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A short run on cells of 32 px, for `train`.
pub fn short_run<'a>(data: &'a Path, run: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["train", "--data", text(data), "--run", text(run)];
    arguments.extend(["--plain", "--input-size", "32"]);
    let defaults = [
        ("--batch", "8"),
        ("--drop-path", "0.1"),
        ("--arch", "convnext-atto"),
        ("--epochs", "4"),
        ("--seed", "0"),
    ];
    for (option, value) in defaults {
        if !more.contains(&option) {
            arguments.extend([option, value]);
        }
    }
    arguments.extend(more);
    arguments
}

/// Trains a short run.
pub fn train(data: &Path, run: &Path, more: &[&str]) -> Output {
    karyolens_with(&short_run(data, run, more))
}

/// Every epoch's value of a column of a run's `metrics.csv`.
pub fn metric(run: &Path, name: &str) -> Vec<f64> {
    let mut table = csv::Reader::from_path(run.join("metrics.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let column = header.iter().position(|column| column == name).unwrap();
    let rows = table.records().map(Result::unwrap);
    rows.map(|row| row[column].parse().unwrap()).collect()
}

/// Gives a part of the cells of a split, those with a number from 10 or 100 on, to a second field.
pub fn part_fields(data: &Path, split: &str) {
    let other_field = |text: &str| text.replace("F1_cell_1", "F2_cell_1");
    let labels = data.join(format!("labels/{split}.json"));
    let parted = other_field(&std::fs::read_to_string(&labels).unwrap());
    std::fs::write(&labels, parted).unwrap();
    for image in std::fs::read_dir(data.join("images").join(split)).unwrap() {
        let image = image.unwrap().path();
        let name = other_field(image.file_name().unwrap().to_str().unwrap());
        std::fs::rename(&image, image.with_file_name(name)).unwrap();
    }
}
