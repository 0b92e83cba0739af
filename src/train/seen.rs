//! Which cells a network has seen: those that it was trained on.
//!
//! Of them it repeats the labels, so nothing that is learnt from it can be measured on them.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Result, ensure};

use super::config::TrainConfig;
use super::data::Record;
use super::lessons::Answers;
use super::teachers::model_file;
use crate::checkpoint::Checkpoint;

/// The ids of the cells that a checkpoint of ours was trained on; none where its data is not at
/// hand or it comes from elsewhere.
pub(super) fn by(checkpoint: &Checkpoint) -> HashSet<String> {
    let Some(config) = settings(checkpoint) else {
        return HashSet::new();
    };
    let cells = config.training_cells(&checkpoint.card.features);
    let ids = cells.into_iter().flatten().map(|record| record.id);
    ids.collect()
}

/// Refuses a start or a teacher that was trained on cells of `val`, as far as that can be known.
///
/// # Errors
/// The first such network.
pub(super) fn refuse_validated(config: &TrainConfig, val: &[Record]) -> Result<()> {
    let answers = config
        .answers
        .as_deref()
        .and_then(|path| Answers::read(path).ok());
    let asked = answers.map_or(Vec::new(), |answers| answers.teachers);
    let teachers = config.teachers.iter().map(|path| model_file(path));
    let others = asked.into_iter().map(Into::into).chain(teachers);
    for path in others.chain(config.init.clone()) {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let Ok(checkpoint) = Checkpoint::read(&bytes) else {
            continue; // Whoever needs it will say so.
        };
        let same_data = |settings: &TrainConfig| same_folder(&settings.data, &config.data);
        if !settings(&checkpoint).as_ref().is_some_and(same_data) {
            continue;
        }
        let seen = by(&checkpoint);
        let both = val.iter().filter(|cell| seen.contains(&cell.id)).count();
        ensure!(
            both == 0,
            "{} was trained on {both} of the {} cells that this run validates on, so its figures \
             would say nothing; keep to one split and fold",
            path.display(),
            val.len()
        );
    }
    Ok(())
}

fn settings(checkpoint: &Checkpoint) -> Option<TrainConfig> {
    serde_json::from_value(checkpoint.card.provenance.settings.clone()).ok()
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
