//! A run's progress: burn-train's dashboard, or a bar and a line an epoch.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use burn::train::Interrupter;
use burn::train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn::train::metric::{MetricDefinition, MetricId};
use burn::train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining, tui::TuiMetricsRendererWrapper,
};
use indicatif::{ProgressBar, ProgressStyle};

/// How a run shows its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// burn-train's dashboard.
    Dashboard,
    /// [`EpochLines`].
    Lines,
}

impl Display {
    /// The display of a run that goes on after `last` epochs on `items` (cells, say). A person at
    /// the dashboard can stop the run, by `stop`.
    pub(super) fn renderer(
        self,
        items: &'static str,
        stop: &Interrupter,
        last: Option<usize>,
    ) -> Box<dyn MetricsRenderer> {
        match self {
            Self::Dashboard => Box::new(TuiMetricsRendererWrapper::new(stop.clone(), last)),
            Self::Lines => Box::new(EpochLines::new(items)),
        }
    }
}

/// One line an epoch: its number, the time it took, and every metric's value.
pub struct EpochLines {
    items: &'static str,
    bar: ProgressBar,
    epochs: usize,
    epoch: usize,
    first: usize,
    run_started: Instant,
    started: Instant,
    names: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
}

impl EpochLines {
    /// A renderer for epochs of `items`: cells, say.
    pub fn new(items: &'static str) -> Self {
        Self {
            items,
            bar: ProgressBar::hidden(),
            epochs: 0,
            epoch: 1,
            first: 1,
            run_started: Instant::now(),
            started: Instant::now(),
            names: BTreeMap::new(),
            values: BTreeMap::new(),
        }
    }

    fn update(&mut self, split: &str, state: MetricState) {
        let (MetricState::Generic(entry) | MetricState::Numeric(entry, _)) = state;
        if let Some(name) = self.name(&entry.metric_id) {
            let value = entry.serialized_entry.formatted;
            self.values.insert(format!("{split} {name}"), value);
        }
    }

    fn name(&self, id: &MetricId) -> Option<String> {
        self.names
            .get(&format!("{id:?}"))
            .map(|name| name.to_lowercase())
    }
}

impl TrainingProgressLogger for EpochLines {
    fn start(&mut self, epochs: usize, first: usize, _: Option<usize>, _: Option<&str>) {
        (self.epochs, self.epoch, self.first) = (epochs, first, first);
        self.run_started = Instant::now();
    }

    fn start_split(&mut self, split: &str, total: usize) {
        // Invisible where standard error is no terminal.
        self.bar = ProgressBar::new(total as u64);
        let items = self.items;
        let template = format!("{{prefix}} {{bar:40}} {{pos}}/{{len}} {items}, {{eta}} left");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            self.bar.set_style(style);
        }
        self.bar
            .set_prefix(format!("epoch {}/{}, {split}", self.epoch, self.epochs));
    }

    fn update_split(&mut self, done: usize) {
        self.bar.set_position(done as u64);
    }

    fn update_epoch(&mut self, epoch: usize) {
        let values: Vec<_> = self
            .values
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let seconds = self.started.elapsed().as_secs();
        // At the pace of the epochs of this session.
        let done = (epoch + 1 - self.first) as f64;
        let pace = self.run_started.elapsed().as_secs_f64() / done;
        let minutes = (pace * (self.epochs - epoch) as f64 / 60.0).ceil();
        // A run goes on where its lines have no reader any more.
        let _ = writeln!(
            std::io::stdout(),
            "epoch {epoch}/{} ({seconds} s, {minutes} min left) {}",
            self.epochs,
            values.join("; ")
        );
        self.epoch = epoch + 1;
        self.started = Instant::now();
    }

    fn end_split(&mut self) {
        self.bar.finish_and_clear();
    }

    fn end(&mut self) {}

    fn log_event_training(&mut self, _: String) {}
}

impl MetricsRendererTraining for EpochLines {
    fn update_train(&mut self, state: MetricState) {
        self.update("train", state);
    }

    fn update_valid(&mut self, state: MetricState) {
        self.update("val", state);
    }
}

impl MetricsRenderer for EpochLines {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, definition: MetricDefinition) {
        self.names.insert(
            format!("{:?}", definition.metric_id),
            definition.name.to_string(),
        );
    }
}

/// burn-train asks this of every renderer; evaluation here does not go through it.
impl EvaluationProgressLogger for EpochLines {
    fn start_global_progress(&mut self, _: usize) {}
    fn start_test(&mut self, _: &str, _: usize) {}
    fn update_test_progress(&mut self, _: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _: String) {}
}

impl MetricsRendererEvaluation for EpochLines {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
}
