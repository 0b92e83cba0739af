//! Small networks from large ones: teachers, cells without labels, and other sizes to start from.

mod seen;
mod sizes;
mod teachers;
mod unlabelled;

use std::path::Path;

use karyolens::checkpoint::Checkpoint;

/// A run's model.
fn model(run: &Path) -> Checkpoint {
    let bytes = std::fs::read(run.join("model.safetensors")).unwrap();
    Checkpoint::read(&bytes).unwrap()
}
