//! Training, natively: from a data folder to a run folder with a checkpoint.
//!
//! Two rooms. [`run`] holds everything that each run needs, whatever it trains: the run's folder, the
//! optimiser, the loop over the epochs, a resume after a kill. [`cells`] holds everything about
//! labelled cells: records, samplers, losses, teachers, metrics, reports. `cells` uses `run`, and
//! `run` knows nothing of `cells`: another task trains with the same runner.

pub mod cells;
pub mod fields;
pub mod run;
