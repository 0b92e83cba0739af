//! Small networks from large ones: teachers, cells without labels, and other sizes to start from.

mod answers;
mod seen;
mod sizes;
mod teachers;
mod unlabelled;

use std::path::Path;

use karyolens::checkpoint::{Checkpoint, Precision};

/// A run's model.
fn model(run: &Path) -> Checkpoint {
    let bytes = std::fs::read(run.join("model.safetensors")).unwrap();
    Checkpoint::read(&bytes).unwrap()
}

/// Makes a run's model one of an older version, which had no list of its training cells.
fn age(run: &Path) {
    let mut checkpoint = model(run);
    assert!(checkpoint.trained_on.take().is_some());
    let bytes = checkpoint.write(Precision::F16).unwrap();
    std::fs::write(run.join("model.safetensors"), bytes).unwrap();
}
