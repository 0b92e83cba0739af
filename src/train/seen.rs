//! Which cells a network has seen: those that it was trained on.
//!
//! Of them it repeats the labels, so nothing that is learnt from it can be measured on them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::config::TrainConfig;
use super::data::Record;
use crate::checkpoint::Checkpoint;

/// The cells that a network was trained on, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Seen {
    data: PathBuf,
    ids: HashSet<String>,
}

impl Seen {
    /// What a checkpoint of ours has seen; nothing where its data is not at hand or it comes from
    /// elsewhere.
    pub fn by(checkpoint: &Checkpoint) -> Self {
        let settings = checkpoint.card.provenance.settings.clone();
        let config = serde_json::from_value::<TrainConfig>(settings);
        let (Ok(config), Ok(task)) = (config, checkpoint.card.classification()) else {
            return Self::default();
        };
        let cells = config.training_cells(&task.features);
        let ids = cells.into_iter().flatten().map(|record| record.id);
        Self {
            ids: ids.collect(),
            data: config.data,
        }
    }

    /// Whether a cell of that id is among them, wherever it lies.
    pub fn knows(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Refuses a start or a teacher, `name`, that has seen cells of `val` in the folder `data`.
    ///
    /// # Errors
    /// How many it has seen.
    pub fn refuse_validated(&self, name: &str, data: &Path, val: &[Record]) -> Result<()> {
        if !same_folder(&self.data, data) {
            return Ok(()); // Their ids are others.
        }
        let both = val.iter().filter(|cell| self.knows(&cell.id)).count();
        ensure!(
            both == 0,
            "{name} was trained on {both} of the {} cells that this run validates on, so its figures \
             would say nothing; keep to one split and fold",
            val.len()
        );
        Ok(())
    }
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
