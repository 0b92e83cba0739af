//! The loop of a run, from its first epoch or after its last complete one, to its result.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use burn::module::Module;
use burn::train::metric::LossMetric;
use burn::train::{ExecutionStrategy, Learner, MultiDeviceOptim, SupervisedTraining};
use thiserror::Error;

use super::epoch_files::{
    KeepLastAndBest, check_epoch, checkpointers, complete_epochs, with_weights,
};
use super::folder::RunFolder;
use super::history::{History, HistoryLogger, Stop};
use super::loader::{Loader, Steps};
use super::optimiser::{optimiser, schedule};
use super::progress::Display;
use super::source::Source;
use super::task::{Finished, Task};
use super::trainee::Trainee;
use crate::files::write_atomically;

/// Why a run has no result.
#[derive(Debug, Error, PartialEq)]
pub enum RunError {
    /// Every epoch's figure is NaN.
    #[error("the network has diverged: no epoch gave a number; try a lower `lr` than {lr}")]
    Diverged {
        /// The highest learning rate.
        lr: f64,
    },
    /// Not one epoch ended.
    #[error("training stopped before its first epoch had ended")]
    NoEpoch,
    /// A person stopped it.
    #[error("stopped before the last epoch; the run in {} can be resumed", folder.display())]
    Stopped {
        /// The run's folder.
        folder: PathBuf,
    },
}

/// Trains `task` from after the last epoch that `folder` has, and finishes the run: the result lies
/// in the folder and is returned.
///
/// # Errors
/// [`RunError`], [`EpochError`](super::EpochError), data that cannot be read, and any failure of the
/// file system.
pub fn run<T: Task>(task: &T, folder: &RunFolder, display: Display) -> Result<T::Kept> {
    let settings = task.settings();
    let trainee = Trainee::new(task.network(), settings.ema, task.step());
    let history = History::read(&folder.metrics())?;
    let mut done = complete_epochs(folder);
    done.retain(|&epoch| history.is_complete(epoch, T::BEST));
    let last = done.last().copied().unwrap_or(0);
    history.forget_after(last);
    let trained = match last < settings.epochs {
        true => train(task, &trainee, folder, &history, done, display)?,
        false => trainee.valid(),
    };
    let Some(epoch) = history.best_epoch(T::BEST) else {
        return Err(match history.last_epoch() {
            0 => RunError::NoEpoch.into(),
            _ => RunError::Diverged { lr: settings.lr }.into(),
        });
    };
    let best = with_weights(trained, folder, epoch)?;
    let finished = Finished {
        folder,
        epoch,
        history: &history,
    };
    let (kept, model) = task.finish(best.kept(), finished)?;
    // Last: a run with a model is a run that is done.
    write_atomically(&folder.model(), &model)?;
    folder.clear()?;
    Ok(kept)
}

/// Runs the epochs after those that are `done`; the network as the last of them leaves it.
fn train<T: Task>(
    task: &T,
    trainee: &Trainee<T::Network, T::Step>,
    folder: &RunFolder,
    history: &History,
    done: BTreeSet<usize>,
    display: Display,
) -> Result<Trainee<T::Network, T::Step>> {
    let (settings, devices) = (task.settings(), task.devices());
    let last = done.last().copied();
    if let Some(last) = last {
        check_epoch(trainee, folder, last)?;
    }
    let first = last.unwrap_or(0) + 1;
    // Every device takes its own part of a step.
    let batch = settings.batch.div_ceil(devices.len());
    let timing = || history.timing().clone();
    let data = task.training_data(folder)?;
    // burn gives the last device the rest.
    let others = devices.len() - 1;
    let largest_part = data.items() - others * (data.items() / devices.len());
    let batches = largest_part.div_ceil(batch);
    let steps = settings.epochs * batches.div_ceil(settings.accumulate);
    let plain = &devices[0];
    let train = Loader::new(
        data,
        batch,
        Some(Steps::new(settings, devices.len())),
        first,
        timing(),
        &plain.clone().autodiff(),
    );
    let validation = task.validation_data();
    let validation = Loader::new(validation, settings.batch, None, first, timing(), plain);

    let [model, optimiser_state, scheduler] = checkpointers(folder);
    let training = SupervisedTraining::new(folder.path(), Arc::new(train), Arc::new(validation));
    let stop = Stop {
        training: training.interrupter(),
        ..Stop::default()
    };
    let training = training
        .num_epochs(settings.epochs)
        .metric_train_numeric(LossMetric::new())
        .metric_valid_numeric(LossMetric::new());
    let mut training = task
        .with_figures(training)
        .with_application_logger(None)
        .renderer(display.renderer(T::Source::ITEMS, &stop.dashboard, last))
        .with_metric_logger(HistoryLogger::new(history.clone(), folder.metrics(), stop))
        .with_custom_checkpointers(model, optimiser_state, scheduler)
        .with_checkpointing_strategy(KeepLastAndBest::new(history.clone(), T::BEST, done));
    if let Some(last) = last {
        training = training.checkpoint(last);
    }
    if settings.accumulate > 1 {
        training = training.grads_accumulation(settings.accumulate);
    }
    if devices.len() > 1 {
        // Gradients meet on the first device, and the weights move there.
        let strategy = MultiDeviceOptim::OptimMainDevice;
        let strategy = ExecutionStrategy::multi(devices.to_vec(), strategy);
        training = training.with_training_strategy(strategy.into());
    }
    let optimiser = optimiser(settings, trainee);
    let layer = |path: &[String]| task.layer(path);
    let schedule = schedule(settings, steps, trainee, task.layers(), layer)?;
    let result = training.launch(Learner::new(trainee.clone(), optimiser, schedule));
    if let Some(fault) = history.fault() {
        bail!(fault);
    }
    if let Some(error) = result.error {
        bail!("training stopped: {error}");
    }
    match result.interrupted {
        None => Ok(result.model),
        Some(_) => Err(RunError::Stopped {
            folder: folder.path().into(),
        }
        .into()),
    }
}
