//! Real pictures are told apart.

use std::path::{Path, PathBuf};

use karyolens::image::{PictureKind, decode, render_synthetic};
use karyolens::nuclei::Feature;

use crate::support::shared;

fn images(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[track_caller]
fn assert_all(files: &[PathBuf], kind: PictureKind) {
    assert!(!files.is_empty());
    for file in files {
        let picture = decode(&std::fs::read(file).unwrap()).unwrap();
        assert_eq!(PictureKind::of(&picture), Ok(kind), "{}", file.display());
    }
}

#[test]
fn every_field_is_a_field() {
    for below in ["thyroid/fields/images", "nuclei/dsb2018/images"] {
        let Some(folder) = shared("every_field_is_a_field", below) else {
            return;
        };
        assert_all(&images(&folder), PictureKind::Field);
    }
    let cases = shared("every_field_is_a_field", "cases").unwrap();
    let tiles = ["field_480x360_pink.png", "tile_224_pink.png"];
    let tiles = tiles.map(|name| cases.join("12-whole-fields").join(name));
    assert_all(&tiles, PictureKind::Field);
    let grounds = ["black.png", "grey229.png"].map(|name| cases.join("11-backgrounds").join(name));
    assert_all(&grounds, PictureKind::Field);
}

#[test]
fn every_cell_is_a_cell_image() {
    let Some(folder) = shared("every_cell_is_a_cell_image", "thyroid/cells/images/val") else {
        return;
    };
    assert_all(&images(&folder), PictureKind::CellImage);
}

#[test]
fn every_drawn_cell_is_a_cell_image() {
    for features in Feature::ALL.chunks(1).chain([&Feature::ALL[..], &[]]) {
        let kind = PictureKind::of(&render_synthetic(features, 7));
        assert_eq!(kind, Ok(PictureKind::CellImage), "{features:?}");
    }
}
