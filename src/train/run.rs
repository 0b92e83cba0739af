//! A run's folder: what is in it, and how it stays whole whenever the program is stopped.
//!
//! burn-train saves the network, the optimiser's state and the schedule's after every epoch, each
//! in its own file; [`AtomicCheckpointer`] makes each whole or absent, and [`KeepLastAndBest`]
//! deletes an epoch only after a later one is complete. So a kill at any moment loses at most the
//! epoch that was running.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::train::checkpoint::{
    Checkpoint, Checkpointer, CheckpointerError, CheckpointingAction, CheckpointingStrategy,
};
use burn::train::metric::store::EventStoreClient;

use super::config::TrainConfig;
use super::history::{BEST, History};
use crate::files::write_atomically;

/// The checkpoint of the best epoch, in a run's folder.
pub const MODEL_FILE: &str = "model.safetensors";
/// The names of the three files of an epoch.
const PARTS: [&str; 3] = ["model", "optim", "scheduler"];
/// Epochs kept besides the best: one that is complete while the next is being written.
const KEPT: usize = 2;

/// Files of a run's folder.
#[derive(Clone, Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// A folder that does not hold a run yet, with the run's configuration.
    ///
    /// # Errors
    /// A folder that holds a run, or that cannot be written.
    pub fn create(path: &Path, config: &TrainConfig) -> Result<Self> {
        let folder = Self(path.into());
        ensure!(
            !folder.config().exists(),
            "{} already holds a run; choose another folder with --run, or go on with it: \
             --resume {}",
            path.display(),
            path.display()
        );
        std::fs::create_dir_all(folder.checkpoints())
            .with_context(|| format!("cannot create {}", path.display()))?;
        let config = serde_json::to_string_pretty(config)?;
        write_atomically(&folder.config(), config.as_bytes())?;
        Ok(folder)
    }

    /// The folder of a run, and its configuration.
    ///
    /// # Errors
    /// A folder that holds none, or one that cannot be read.
    pub fn open(path: &Path) -> Result<(Self, TrainConfig)> {
        let folder = Self(path.into());
        let config = folder.config();
        if !config.exists() {
            bail!("{} holds no run: it has no config.json", path.display());
        }
        let context = || format!("cannot read {}", config.display());
        let text = std::fs::read(&config).with_context(context)?;
        let config = serde_json::from_slice(&text).with_context(context)?;
        Ok((folder, config))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every setting of the run.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// Every epoch's figures.
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.csv")
    }

    /// What the run's teachers said.
    pub fn answers(&self) -> PathBuf {
        self.0.join("answers.safetensors")
    }

    /// The checkpoint of the best epoch.
    pub fn model(&self) -> PathBuf {
        self.0.join(MODEL_FILE)
    }

    /// Deletes what only the training itself needs: the weights and states of its epochs.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn clear(&self) -> Result<()> {
        match std::fs::remove_dir_all(self.checkpoints()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot clear {}", self.0.display()))
            }
            _ => Ok(()),
        }
    }

    fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    /// Where burn-train keeps the weights of an epoch.
    pub fn weights(&self, epoch: usize) -> PathBuf {
        part(&self.checkpoints(), PARTS[0], epoch)
    }

    /// The epochs of which every file is there.
    pub fn complete_epochs(&self) -> BTreeSet<usize> {
        let folder = self.checkpoints();
        let names = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let epochs = names.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let epoch = name.strip_prefix(PARTS[0])?.strip_prefix('-')?;
            epoch.strip_suffix(".bpk")?.parse().ok()
        });
        epochs
            .filter(|&epoch| PARTS.iter().all(|name| part(&folder, name, epoch).exists()))
            .collect()
    }

    /// The three checkpointers that burn-train wants: network, optimiser, schedule.
    pub fn checkpointers(&self) -> [AtomicCheckpointer; 3] {
        PARTS.map(|name| AtomicCheckpointer {
            folder: self.checkpoints(),
            name,
        })
    }
}

fn part(folder: &Path, name: &str, epoch: usize) -> PathBuf {
    folder.join(format!("{name}-{epoch}.bpk"))
}

/// Saves a record so that its file is whole or not there. burn-train's own checkpointer writes
/// in place: killed in the middle, or on a full disk, it leaves a broken file.
pub struct AtomicCheckpointer {
    folder: PathBuf,
    name: &'static str,
}

impl<R: Checkpoint> Checkpointer<R> for AtomicCheckpointer {
    fn save(&self, epoch: usize, record: R) -> Result<(), CheckpointerError> {
        let bytes = record
            .checkpoint_into_bytes()
            .map_err(CheckpointerError::Record)?;
        write_atomically(&part(&self.folder, self.name, epoch), &bytes)
            .map_err(|error| CheckpointerError::Unknown(format!("{error:#}")))
    }

    fn delete(&self, epoch: usize) -> Result<(), CheckpointerError> {
        match std::fs::remove_file(part(&self.folder, self.name, epoch)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(CheckpointerError::IOError(error))
            }
            _ => Ok(()),
        }
    }

    fn restore(&self, epoch: usize) -> Result<R, CheckpointerError> {
        R::load(part(&self.folder, self.name, epoch))
    }
}

/// Saves every epoch; keeps the best, the best before the last, and the last two.
pub struct KeepLastAndBest {
    history: History,
    kept: BTreeSet<usize>,
}

impl KeepLastAndBest {
    /// Follows `history`; `kept` are the epochs that a resumed run has.
    pub fn new(history: History, kept: BTreeSet<usize>) -> Self {
        Self { history, kept }
    }
}

impl CheckpointingStrategy for KeepLastAndBest {
    fn checkpointing(&mut self, epoch: usize, _: &EventStoreClient) -> Vec<CheckpointingAction> {
        // The files of this epoch are still being written when the old ones go: should it be lost,
        // the best before it must be there.
        let best = [epoch, epoch.saturating_sub(1)];
        let best = best.map(|last| self.history.best_epoch_until(BEST, last));
        let is_old = |kept: &usize| kept + KEPT <= epoch && !best.contains(&Some(*kept));
        let old: Vec<usize> = self.kept.iter().copied().filter(is_old).collect();
        self.kept.retain(|kept| !is_old(kept));
        self.kept.insert(epoch);
        let old = old.into_iter().map(CheckpointingAction::Delete);
        [CheckpointingAction::Save].into_iter().chain(old).collect()
    }
}
