//! The part of a run that differs from task to task.

use anyhow::Result;
use burn::module::{Module, ModuleDisplay};
use burn::tensor::Device;
use burn::train::SupervisedTraining;

use super::best::Best;
use super::folder::RunFolder;
use super::history::History;
use super::settings::RunSettings;
use super::source::Source;
use super::step::Step;
use super::trainee::Trainee;

/// A network, the data that it learns from, and the file that its run leaves.
pub trait Task {
    /// The network that is trained.
    type Network: Module + ModuleDisplay + 'static;
    /// The step that it takes.
    type Step: Step<Self::Network>;
    /// The data.
    type Source: Source<Batch = <Self::Step as Step<Self::Network>>::Batch>;
    /// The result of the run in memory: a checkpoint, say.
    type Kept;

    /// The epoch whose weights are kept.
    const BEST: Best;

    /// How long, how fast and where to train.
    fn settings(&self) -> &RunSettings;

    /// The devices of the run, at least one: each takes a part of every step, and the first validates.
    fn devices(&self) -> &[Device];

    /// The network before the first step.
    fn network(&self) -> Self::Network;

    /// The number of layers of the network, from its input to its head, as far as their learning
    /// rates may differ.
    fn layers(&self) -> usize;

    /// The layer, from 0, of the parameter at a path of modules.
    fn layer(&self, path: &[String]) -> usize;

    /// The step.
    fn step(&self) -> Self::Step;

    /// The data to learn from. Called once a start, before the first epoch.
    ///
    /// # Errors
    /// Data that cannot be had.
    fn training_data(&self, folder: &RunFolder) -> Result<Self::Source>;

    /// The data to validate on.
    fn validation_data(&self) -> Self::Source;

    /// Registers the figures of an epoch; the run itself registers the losses.
    fn with_figures(&self, training: Training<Self>) -> Training<Self>
    where
        Self: Sized;

    /// Makes the result of the best network: in memory, and as the bytes of
    /// [`MODEL_FILE`](super::folder::MODEL_FILE), which is written after this.
    ///
    /// # Errors
    /// Whatever keeps the run from its result.
    fn finish(&self, network: &Self::Network, run: Finished) -> Result<(Self::Kept, Vec<u8>)>;
}

/// burn-train's training of a task.
pub type Training<T> = SupervisedTraining<Trainee<<T as Task>::Network, <T as Task>::Step>>;

/// A run after its last epoch.
#[derive(Clone, Copy)]
pub struct Finished<'a> {
    /// The run's folder.
    pub folder: &'a RunFolder,
    /// The best epoch, from 1.
    pub epoch: usize,
    /// The figures of every epoch.
    pub history: &'a History,
}
