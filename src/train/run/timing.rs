//! The time of each epoch, and the part of it in which the network waited for its batches:
//! `seconds.csv`, a file of its own, since a repeated run has the same metrics but other times.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The table's file, beside the metrics.
const FILE: &str = "seconds.csv";

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    epoch: usize,
    /// Of the whole epoch, validation included.
    seconds: f64,
    /// The seconds in which the next batch was not there yet; 0 in older tables.
    #[serde(default)]
    waiting: f64,
}

/// The time of every epoch (from 1), shared between the loader, burn-train and the run.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    rows: Arc<Mutex<BTreeMap<usize, Row>>>,
    /// Microseconds waited since the last epoch ended.
    waited: Arc<AtomicU64>,
}

impl Timing {
    /// The table beside the file `metrics`; empty where there is no file.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub(super) fn read(metrics: &Path) -> Result<Self> {
        let timing = Self::default();
        let path = metrics.with_file_name(FILE);
        if path.exists() {
            let context = || format!("cannot read {}", path.display());
            let mut csv = csv::Reader::from_path(&path).with_context(context)?;
            for row in csv.deserialize::<Row>() {
                let row = row.with_context(context)?;
                timing.lock().insert(row.epoch, row);
            }
        }
        Ok(timing)
    }

    /// Forgets the epochs after `last`.
    pub(super) fn forget_after(&self, last: usize) {
        self.lock().retain(|&epoch, _| epoch <= last);
    }

    /// The mean seconds an epoch; `None` where no epoch was timed.
    pub fn seconds_an_epoch(&self) -> Option<f64> {
        let rows = self.lock();
        let seconds: f64 = rows.values().map(|row| row.seconds).sum();
        (!rows.is_empty()).then(|| seconds / rows.len() as f64)
    }

    /// A batch was waited for.
    pub(super) fn waited(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.waited.fetch_add(micros, Ordering::Relaxed);
    }

    /// An epoch ended.
    pub(super) fn ended(&self, epoch: usize, time: Duration) {
        // To a tenth, as the file has it.
        let tenths = |seconds: f64| (seconds * 10.0).round() / 10.0;
        let row = Row {
            epoch,
            seconds: tenths(time.as_secs_f64()),
            waiting: tenths(self.waited.swap(0, Ordering::Relaxed) as f64 / 1e6),
        };
        self.lock().insert(epoch, row);
    }

    /// Writes the table beside the metrics in `metrics`.
    pub(super) fn write(&self, metrics: &Path) -> Result<()> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        for row in self.lock().values() {
            csv.serialize(row)?;
        }
        crate::files::write_atomically(&metrics.with_file_name(FILE), &csv.into_inner()?)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
