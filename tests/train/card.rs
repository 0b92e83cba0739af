//! The model card of a run.

use std::path::Path;

use karyolens::checkpoint::{Checkpoint, ModelCard, Precision};
use tempfile::TempDir;

use crate::support::training::{part_fields, published, text, train};
use crate::support::{karyolens, stderr, stdout};

#[test]
fn a_card_tells_the_figures_of_a_sibling_by_field() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    part_fields(&data, "train"); // So that there are two folds.
    part_fields(&data, "val");
    let learn = |name: &str, more: &[&str]| {
        let run = folder.path().join(name);
        stdout(&train(
            &data,
            &run,
            &[&["--epochs", "1"][..], more].concat(),
        ));
        run.join("model.safetensors")
    };
    let own = learn("own", &[]);
    let by_field = ["--split", "by-field", "--folds", "2"];
    let sibling = learn("sibling", &by_field);
    let other = learn("other", &[&by_field[..], &["--lr", "0.002"]].concat());
    let copy = folder.path().join("copy.safetensors");
    let card = |sibling: &Path| {
        let (own, copy) = (text(&own), text(&copy));
        karyolens(["card", own, "--by-field", text(sibling), "-o", copy])
    };
    stdout(&card(&sibling));
    let read = |model: &Path| Checkpoint::read(&std::fs::read(model).unwrap()).unwrap();
    let [own, sibling, copied] = [&own, &sibling, &copy].map(|model| read(model));
    assert!(copied.weights == own.weights);
    let figure = |card: &ModelCard, name: &str| card.metrics[name];
    for name in ["macro_f1", "class_map", "cells"] {
        let (val, by_field) = (format!("val_{name}"), format!("by_field_{name}"));
        assert_eq!(figure(&copied.card, &val), figure(&own.card, &val));
        assert_eq!(figure(&copied.card, &by_field), figure(&sibling.card, &val));
    }
    let told = stderr(&card(&other));
    assert!(told.contains("lr = 0.002"), "{told}");
    let told = stderr(&card(&copy));
    assert!(told.contains("not trained on a split by field"), "{told}");
}

#[test]
fn a_card_tells_where_its_calls_are_in_doubt() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let run = folder.path().join("run");
    stdout(&train(&data, &run, &["--epochs", "1"]));
    let read = |model: &Path| Checkpoint::read(&std::fs::read(model).unwrap()).unwrap();
    let trained = read(&run.join("model.safetensors"));
    assert_eq!(trained.card.classification().unwrap().unsure.len(), 9);

    let mut old = trained.clone();
    old.card.classification_mut().unwrap().unsure.clear();
    let old_file = folder.path().join("old.safetensors");
    std::fs::write(&old_file, old.write(Precision::F16).unwrap()).unwrap();
    let copy = folder.path().join("copy.safetensors");
    let card = |model: &Path| {
        let (model, data, copy) = (text(model), text(&data), text(&copy));
        karyolens(["card", model, "--unsure-from", data, "-o", copy])
    };
    stdout(&card(&old_file));
    let copied = read(&copy);
    assert_eq!(copied.card, trained.card);
    assert!(copied.weights == trained.weights);

    old.card.provenance.settings = serde_json::Value::Null;
    std::fs::write(&old_file, old.write(Precision::F16).unwrap()).unwrap();
    let told = stderr(&card(&old_file));
    assert!(told.contains("not trained by this program"), "{told}");
    let told = stderr(&karyolens([
        "card",
        text(&copy),
        "--unsure-from",
        text(&data),
    ]));
    assert!(told.contains("--output"), "{told}");
}
