//! The weights and states of a run's epochs, and how they stay whole whenever the program is stopped.
//!
//! burn-train saves the network, the optimiser's state and the schedule's after every epoch, each
//! in its own file. [`AtomicCheckpointer`] makes each whole or absent, and [`KeepLastAndBest`]
//! deletes an epoch only after a later one is complete. So a kill at any moment loses at most the
//! epoch that was running.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use burn::lr_scheduler::LrSchedulerRecord;
use burn::module::Module;
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::train::checkpoint::{
    Checkpoint, Checkpointer, CheckpointerError, CheckpointingAction, CheckpointingStrategy,
};
use burn::train::metric::store::{Aggregate, EventStoreClient, Split};
use thiserror::Error;

use super::best::Best;
use super::folder::RunFolder;
use super::history::History;
use crate::files::write_atomically;

/// The names of the three files of an epoch.
const PARTS: [&str; 3] = ["model", "optim", "scheduler"];
/// Epochs kept besides the best: one that is complete while the next is being written.
const RECENT: usize = 2;

/// Why a run cannot use the files of an epoch.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EpochError {
    /// A file is broken.
    #[error(
        "{} cannot be read ({fault}); delete it, and the run goes on after the epoch before", .path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What burn says of it.
        fault: String,
    },
    /// The weights do not fit the network of the run's settings.
    #[error(
        "the weights of epoch {epoch} in {} are of another network than its config.json names; go on with \
         the version of the program that began the run, or begin a new run in another folder", .folder.display()
    )]
    OtherNetwork {
        /// The run's folder.
        folder: PathBuf,
        /// The epoch.
        epoch: usize,
    },
}

/// `network` with its weights after `epoch`.
///
/// # Errors
/// [`EpochError`].
pub fn with_weights<M: Module>(
    network: M,
    folder: &RunFolder,
    epoch: usize,
) -> Result<M, EpochError> {
    let record: ModuleRecord = read(folder, PARTS[0], epoch)?;
    let loaded = network.try_load_record(record);
    loaded.map_err(|_| EpochError::OtherNetwork {
        folder: folder.path().into(),
        epoch,
    })
}

/// Reads the files of an epoch before burn-train does, which panics on a file that it cannot use.
///
/// # Errors
/// [`EpochError`].
pub fn check_epoch<M: Module>(
    network: &M,
    folder: &RunFolder,
    epoch: usize,
) -> Result<(), EpochError> {
    with_weights(network.clone(), folder, epoch)?;
    read::<OptimizerRecord>(folder, PARTS[1], epoch)?;
    read::<LrSchedulerRecord>(folder, PARTS[2], epoch)?;
    Ok(())
}

fn read<R: Checkpoint>(folder: &RunFolder, name: &str, epoch: usize) -> Result<R, EpochError> {
    let path = part(&folder.checkpoints(), name, epoch);
    R::load(path.clone()).map_err(|error| EpochError::Broken {
        path,
        fault: error.to_string(),
    })
}

/// The epochs whose files are all there.
pub fn complete_epochs(folder: &RunFolder) -> BTreeSet<usize> {
    let folder = folder.checkpoints();
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
pub fn checkpointers(folder: &RunFolder) -> [AtomicCheckpointer; 3] {
    PARTS.map(|name| AtomicCheckpointer {
        folder: folder.checkpoints(),
        name,
    })
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
    best: Best,
    kept: BTreeSet<usize>,
}

impl KeepLastAndBest {
    /// Follows `history`; `kept` are the epochs that a resumed run has.
    pub fn new(history: History, best: Best, kept: BTreeSet<usize>) -> Self {
        Self {
            history,
            best,
            kept,
        }
    }
}

impl CheckpointingStrategy for KeepLastAndBest {
    fn checkpointing(&mut self, epoch: usize, log: &EventStoreClient) -> Vec<CheckpointingAction> {
        // The log answers in order: once it does, the row of this epoch is written. Its files come after.
        log.find_metric("loss", epoch, Aggregate::Mean, &Split::Valid);
        // The files of this epoch are still being written when the old ones go: should it be lost,
        // the best before it must be there.
        let best = [epoch, epoch.saturating_sub(1)];
        let best = best.map(|last| self.history.best_epoch_until(self.best, last));
        let is_old = |kept: &usize| kept + RECENT <= epoch && !best.contains(&Some(*kept));
        let old: Vec<usize> = self.kept.iter().copied().filter(is_old).collect();
        self.kept.retain(|kept| !is_old(kept));
        self.kept.insert(epoch);
        let old = old.into_iter().map(CheckpointingAction::Delete);
        [CheckpointingAction::Save].into_iter().chain(old).collect()
    }
}
