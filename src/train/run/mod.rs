//! One run: from settings to a folder with a trained network, for any task.
//!
//! A [`Task`] says what is trained: the network, the batches, the step, the figures of an epoch, and the
//! file that the run leaves. [`run()`] does the rest, in a [`RunFolder`]: it makes batches beside the
//! training step (`loader`), moves the weights ([`adamw`], `optimiser`), averages them ([`average`]),
//! works out the figures of an epoch ([`EpochFigure`]), keeps figures ([`history`]) and times
//! ([`timing`]), shows the progress ([`progress`]), and goes on after a kill to the same weights
//! (`epoch_files`).
//!
//! burn-train supplies the loop, the schedulers and the dashboard. Three things are ours because burn
//! lacks them: an order and variations that depend on seed, epoch and position alone, so that a run
//! repeats exactly; files that a kill cannot break; and an average of the weights. AdamW's arithmetic
//! is ours for its speed.

pub mod adamw;
pub mod average;
mod best;
mod epoch_files;
mod figure;
pub mod folder;
pub mod history;
mod loader;
mod optimiser;
pub mod progress;
mod random;
mod runner;
pub mod settings;
mod source;
mod step;
mod task;
pub mod timing;
mod trainee;

pub use best::Best;
pub use epoch_files::EpochError;
pub use figure::{EpochFigure, Gathered};
pub use folder::{FolderError, MODEL_FILE, RunFolder};
pub use history::History;
pub use progress::Display;
pub use random::random;
pub use runner::{RunError, run};
pub use settings::{RunSettings, SettingError};
pub use source::{Place, Source};
pub use step::Step;
pub use task::{Finished, Task, Training};
