//! Every epoch's figures: one number an epoch, split and metric, kept in `metrics.csv`.
//!
//! The times of the epochs stand apart, in [`Timing`]: a repeated run has the same figures and other
//! times.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use burn::train::Interrupter;
use burn::train::logger::MetricLogger;
use burn::train::metric::store::{EpochSummary, MetricsUpdate, Split};
use burn::train::metric::{MetricDefinition, MetricId, NumericEntry};

use super::best::Best;
use super::timing::Timing;
use crate::files::write_atomically;

/// One number an epoch (from 1), split and metric, shared between burn-train and the run.
#[derive(Clone, Default)]
pub struct History {
    /// `train loss`, `valid macro_f1` and so on, by epoch.
    values: Arc<Mutex<BTreeMap<usize, BTreeMap<String, f64>>>>,
    timing: Timing,
    /// The reason why the table could not be written, if it could not.
    fault: Arc<Mutex<Option<String>>>,
}

impl History {
    /// The history that a run's `metrics.csv` holds; empty where there is no file.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let history = Self {
            timing: Timing::read(path)?,
            ..Self::default()
        };
        if !path.exists() {
            return Ok(history);
        }
        let context = || format!("cannot read {}", path.display());
        let mut csv = csv::Reader::from_path(path).with_context(context)?;
        let header = csv.headers().with_context(context)?.clone();
        for row in csv.records() {
            let row = row.with_context(context)?;
            let epoch: usize = row
                .get(0)
                .unwrap_or_default()
                .parse()
                .with_context(context)?;
            for (name, value) in header
                .iter()
                .zip(&row)
                .skip(1)
                .filter(|(_, v)| !v.is_empty())
            {
                history.set(epoch, name, value.parse().with_context(context)?);
            }
        }
        Ok(history)
    }

    /// Forgets the epochs after `last`.
    pub fn forget_after(&self, last: usize) {
        self.lock().retain(|&epoch, _| epoch <= last);
        self.timing.forget_after(last);
    }

    /// Every metric's name, `<split> <metric>`, in the order of the alphabet.
    pub fn names(&self) -> Vec<String> {
        let values = self.lock();
        let mut names: Vec<String> = values.values().flat_map(BTreeMap::keys).cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    /// The times of the epochs.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The value of the metric called `name` in `epoch`; names are `<split> <metric>`.
    pub fn get(&self, epoch: usize, name: &str) -> Option<f64> {
        self.lock().get(&epoch)?.get(name).copied()
    }

    /// The last epoch with any figure; 0 where there is none.
    pub fn last_epoch(&self) -> usize {
        self.lock().keys().next_back().copied().unwrap_or(0)
    }

    /// Whether `epoch` has the figure that the best epoch is chosen by.
    pub fn is_complete(&self, epoch: usize, best: Best) -> bool {
        self.get(epoch, best.column()).is_some()
    }

    /// The best epoch; the first, where several are as good.
    pub fn best_epoch(&self, best: Best) -> Option<usize> {
        self.best_epoch_until(best, usize::MAX)
    }

    /// The best epoch up to and with `last`.
    pub fn best_epoch_until(&self, best: Best, last: usize) -> Option<usize> {
        let sign = match best {
            Best::Highest(_) => 1.0,
            Best::Lowest(_) => -1.0,
        };
        let values = self.lock();
        let known = values
            .range(..=last)
            .filter_map(|(epoch, row)| Some((*epoch, sign * *row.get(best.column())?)));
        let comparable = known.filter(|(_, value)| !value.is_nan());
        comparable
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map(|best| best.0)
    }

    /// The reason why the table could not be written, if it could not: burn-train has no way to hear
    /// of it.
    pub fn fault(&self) -> Option<String> {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, epoch: usize, name: &str, value: f64) {
        self.lock()
            .entry(epoch)
            .or_default()
            .insert(name.into(), value);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, BTreeMap<String, f64>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table as CSV: a row an epoch, a column a metric.
    fn to_csv(&self) -> Result<Vec<u8>> {
        let names = self.names();
        let values = self.lock();
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(
            ["epoch"]
                .into_iter()
                .chain(names.iter().map(|name| name.as_str())),
        )?;
        for (epoch, row) in values.iter() {
            let cells = names.iter().map(|name| row.get(name).map(f64::to_string));
            let cells = cells.map(Option::unwrap_or_default);
            csv.write_record([epoch.to_string()].into_iter().chain(cells))?;
        }
        Ok(csv.into_inner()?)
    }
}

/// Takes burn-train's log into a [`History`] and its file.
pub struct HistoryLogger {
    history: History,
    path: PathBuf,
    names: BTreeMap<String, String>,
    /// Sum and weight of the metrics that are logged batch by batch.
    running: BTreeMap<(usize, String), (f64, usize)>,
    /// When the epoch began.
    started: Instant,
    stop: Stop,
}

/// The two ways to stop a training.
#[derive(Clone, Default)]
pub struct Stop {
    /// burn-train's own, which knows why it stopped.
    pub training: Interrupter,
    /// The dashboard's, which forgets why when it closes.
    pub dashboard: Interrupter,
}

impl HistoryLogger {
    /// Logs into `history` and the table at `path`; the first epoch begins now. A table that
    /// cannot be written stops the training, and so does the dashboard.
    pub fn new(history: History, path: PathBuf, stop: Stop) -> Self {
        Self {
            history,
            path,
            names: BTreeMap::new(),
            running: BTreeMap::new(),
            started: Instant::now(),
            stop,
        }
    }

    fn key(&self, id: &MetricId, split: &Split) -> Option<String> {
        let name = self.names.get(&format!("{id:?}"))?;
        Some(column(name, split))
    }
}

/// A metric's column in the table: `train loss`, `valid macro_f1`.
fn column(name: &str, split: &Split) -> String {
    format!("{split} {}", name.to_lowercase())
}

impl MetricLogger for HistoryLogger {
    fn log(&mut self, update: MetricsUpdate, epoch: usize, split: &Split) {
        if self.stop.dashboard.should_stop() {
            self.stop.training.stop(None);
        }
        for update in update.entries_numeric {
            let Some(key) = self.key(&update.entry.metric_id, split) else {
                continue;
            };
            match NumericEntry::deserialize(&update.entry.serialized_entry.serialized) {
                Ok(NumericEntry::Final(value)) => self.history.set(epoch, &key, value),
                Ok(entry) => {
                    let count = match entry {
                        NumericEntry::Aggregated { count, .. } => count,
                        _ => 1,
                    };
                    let (sum, weight) =
                        self.running.entry((epoch, key.clone())).or_insert((0.0, 0));
                    *sum += entry.current() * count as f64;
                    *weight += count;
                    self.history.set(epoch, &key, *sum / *weight as f64);
                }
                Err(_) => {}
            }
        }
    }

    fn read_numeric(
        &mut self,
        name: &str,
        epoch: usize,
        split: &Split,
    ) -> Result<Vec<NumericEntry>, String> {
        let value = self.history.get(epoch, &column(name, split));
        Ok(value.map(NumericEntry::Final).into_iter().collect())
    }

    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        self.names.insert(
            format!("{:?}", definition.metric_id),
            definition.name.to_string(),
        );
    }

    /// Writes the row of an epoch once its validation is over, so that the table has whole rows alone.
    fn log_epoch_summary(&mut self, summary: EpochSummary) {
        if summary.split != Split::Valid {
            return;
        }
        let timing = &self.history.timing;
        timing.ended(summary.epoch_number, self.started.elapsed());
        self.started = Instant::now();
        let write = || {
            write_atomically(&self.path, &self.history.to_csv()?)?;
            self.history.timing.write(&self.path)
        };
        if let Err(error) = write() {
            self.history
                .fault
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .replace(format!("{error:#}"));
            self.stop.training.stop(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_whole_or_absent() {
        let folder = tempfile::tempdir().expect("a folder");
        let table = folder.path().join("metrics.csv");
        let history = History::default();
        let mut logger = HistoryLogger::new(history.clone(), table.clone(), Stop::default());
        history.set(1, "train loss", 0.5);
        logger.log_epoch_summary(EpochSummary::new(1, Split::Train));
        assert!(!table.exists());
        history.set(1, "valid loss", 0.25);
        logger.log_epoch_summary(EpochSummary::new(1, Split::Valid));
        let rows = std::fs::read_to_string(&table).expect("a table");
        assert_eq!(rows, "epoch,train loss,valid loss\n1,0.5,0.25\n");
    }
}
