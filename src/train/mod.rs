//! Training, natively: from a data folder to a run folder with a checkpoint.
//!
//! Three rooms. [`run`] holds everything that each run needs, whatever it trains: the run's folder, the
//! optimiser, the loop over the epochs, a resume after a kill. [`cells`] holds everything about
//! labelled cells: records, samplers, losses, teachers, metrics, reports. [`fields`] holds everything
//! about outlined fields: views, targets, losses, figures. Both use `run`, and `run` knows neither:
//! another task trains with the same runner.

pub mod cells;
pub mod fields;
pub mod run;
