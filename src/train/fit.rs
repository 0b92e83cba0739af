//! One training run: from a configuration to a folder with a checkpoint.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use burn::train::metric::LossMetric;
use burn::train::{ExecutionStrategy, Learner, MultiDeviceOptim, SupervisedTraining};

use super::config::TrainConfig;
use super::data::Record;
use super::evaluate::SplitScores;
use super::history::{BEST, History, HistoryLogger, Stop};
use super::lessons::{Cells, Lesson};
use super::loader::{Loader, Shuffle};
use super::optimise::{optimiser, schedule};
use super::progress::Display;
use super::report::{self, Report};
use super::run::{KeepLastAndBest, RunFolder};
use super::seen::Seen;
use super::split_figure::{Figure, SplitFigure};
use super::step::Trainee;
use crate::checkpoint::{Checkpoint, Classification, ModelCard, Precision, Provenance, StateDict};
use crate::classify::Classifier;
use crate::files::write_atomically;
use crate::image::InputSpec;
use crate::model::{Architecture, Model};
use crate::nuclei::FeatureSet;

/// Trains a network and writes `config.json`, `metrics.csv`, `model.safetensors` and `report.html`
/// to `folder`.
///
/// The weights are those of the epoch with the highest macro-F1 at 0.5 on the validation split;
/// the card's thresholds are searched there too, and it says so.
///
/// # Errors
/// Settings or data that cannot be used, a folder that already holds a run, and any failure of
/// the file system.
pub fn fit(config: &TrainConfig, folder: &Path, display: Display) -> Result<Checkpoint> {
    let run = Run::prepare(config, None)?;
    let folder = RunFolder::create(folder, config)?;
    run.launch(&folder, display)
}

/// Goes on with the run in `folder` after its last complete epoch, to the same weights that it
/// would have had without the interruption. A run that is done stays as it is.
///
/// # Errors
/// A folder without a run, and whatever [`fit`] fails at.
pub fn resume(folder: &Path, display: Display) -> Result<Checkpoint> {
    let (folder, config) = RunFolder::open(folder)?;
    let model = folder.model();
    if model.exists() {
        let context = || format!("cannot read {}", model.display());
        let bytes = std::fs::read(&model).with_context(context)?;
        return Checkpoint::read(&bytes).with_context(context);
    }
    let answers = Some(folder.answers()).filter(|path| path.exists());
    Run::prepare(&config, answers.as_deref())?.launch(&folder, display)
}

/// All that a run needs, read and checked before anything is written.
struct Run<'a> {
    config: &'a TrainConfig,
    features: FeatureSet,
    train: Cells,
    val: Vec<Record>,
    /// Each a part of every step; the first validates.
    devices: Vec<Device>,
    architecture: Architecture,
    input: InputSpec,
    trainee: Trainee,
}

impl<'a> Run<'a> {
    /// Of a run that goes on, `answers` is what its teachers have said.
    fn prepare(config: &'a TrainConfig, answers: Option<&Path>) -> Result<Self> {
        config.check()?;
        let data = config.data_folder()?;
        let features = data.features()?;
        let val = data.split(&config.val_split, &features)?;
        let devices = config.run.devices()?;
        let plain = devices[0].clone();
        let device = plain.clone().autodiff();
        device.seed(config.run.seed);
        let (architecture, model) = start(config, &val, &features, &device)?;
        let model = model.with_precision(config.run.matmul);
        let train = Cells::read(config, &val, &features, &plain, answers)?;
        let trainee = Trainee::new(model, config.run.ema, config.objective.clone());
        Ok(Self {
            config,
            features,
            train,
            val,
            devices,
            architecture,
            input: config.input(),
            trainee,
        })
    }

    /// Trains from after the last epoch that `folder` has, and finishes the run.
    fn launch(self, folder: &RunFolder, display: Display) -> Result<Checkpoint> {
        let config = self.config;
        let done = folder.complete_epochs();
        let last = done.last().copied().unwrap_or(0);
        let history = History::read(&folder.metrics(), last)?;
        let mut kept = None;
        if last < config.run.epochs {
            kept = Some(self.train(folder, history.clone(), done, display)?);
        }
        let Some(epoch) = history.best_epoch(BEST) else {
            ensure!(
                history.last_epoch() == 0,
                "the network has diverged: no epoch gave a number; try a lower --lr than {}",
                config.run.lr
            );
            bail!("training stopped before its first epoch had ended");
        };
        let record = ModuleRecord::load(folder.weights(epoch)).map_err(|error| {
            anyhow::anyhow!("cannot read the weights of epoch {epoch}: {error}")
        })?;
        let trainee = kept.unwrap_or_else(|| self.trainee.valid());
        let best = trainee.load_record(record);
        let (checkpoint, scores) = self.finish(best.kept(), epoch)?;
        report::write(&Report {
            run: folder.path(),
            finished: Some(SystemTime::now()),
            config: &serde_json::from_str(&serde_json::to_string(config)?)?, // as the file has it
            history: &history,
            card: &checkpoint.card.clone().into_classifier()?,
            records: &self.val,
            scores: &scores,
            search: config.threshold_search,
        })?;
        // Last: a run with a model is a run that is done.
        write_atomically(&folder.model(), &checkpoint.write(Precision::F16)?)?;
        folder.clear()?;
        Ok(checkpoint)
    }

    /// Runs the epochs that are left; the network as the last of them leaves it.
    fn train(
        &self,
        folder: &RunFolder,
        history: History,
        done: std::collections::BTreeSet<usize>,
        display: Display,
    ) -> Result<Trainee> {
        let config = self.config;
        let last = done.last().copied();
        let first = last.unwrap_or(0) + 1;
        let shuffle = Shuffle {
            sampler: config.sampler,
            rarity: config.weights,
            augment: config.augment.clone(),
            cutmix: config.cutmix.clone(),
            frozen_epochs: config.run.freeze,
            accumulate: config.run.accumulate,
            devices: self.devices.len(),
            seed: config.run.seed,
        };
        // Every device takes its own part of a step.
        let batch = config.run.batch.div_ceil(self.devices.len());
        let plain = &self.devices[0];
        let train = Loader::new(
            self.train.learn(config, &folder.answers())?,
            self.input.clone(),
            batch,
            Some(shuffle),
            first,
            history.timing().clone(),
            &plain.clone().autodiff(),
        );
        let input = self.input.clone();
        let val = self.val.iter().cloned().map(Lesson::of_labels).collect();
        let timing = history.timing().clone();
        let val = Loader::new(val, input, config.run.batch, None, first, timing, plain);

        let [model, optimiser_state, scheduler] = folder.checkpointers();
        let training = SupervisedTraining::new(folder.path(), Arc::new(train), Arc::new(val));
        let stop = Stop {
            training: training.interrupter(),
            ..Stop::default()
        };
        let mut training = training
            .num_epochs(config.run.epochs)
            .metric_train_numeric(LossMetric::new())
            .metric_valid_numeric(LossMetric::new())
            .metric_valid_numeric(SplitFigure::new(Figure::MacroF1))
            .metric_valid_numeric(SplitFigure::new(Figure::ClassMap))
            .metric_valid_numeric(SplitFigure::new(Figure::MacroAuc))
            .with_application_logger(None)
            .renderer(display.renderer(&stop.dashboard, last))
            .with_metric_logger(HistoryLogger::new(history.clone(), folder.metrics(), stop))
            .with_custom_checkpointers(model, optimiser_state, scheduler)
            .with_checkpointing_strategy(KeepLastAndBest::new(history.clone(), done));
        if let Some(last) = last {
            training = training.checkpoint(last);
        }
        if config.run.accumulate > 1 {
            training = training.grads_accumulation(config.run.accumulate);
        }
        if self.devices.len() > 1 {
            // Gradients meet on the first device, and the weights move there.
            let devices = self.devices.clone();
            let strategy = ExecutionStrategy::multi(devices, MultiDeviceOptim::OptimMainDevice);
            training = training.with_training_strategy(strategy.into());
        }
        // burn gives the last device what is left over.
        let others = self.devices.len() - 1;
        let largest = self.train.len() - others * (self.train.len() / self.devices.len());
        let batches = largest.div_ceil(batch);
        let steps = config.run.epochs * batches.div_ceil(config.run.accumulate);
        let trainee = self.trainee.clone();
        let optimiser = optimiser(&config.run, &trainee);
        let schedule = schedule(&config.run, steps, &trainee, &self.architecture)?;
        let result = training.launch(Learner::new(trainee, optimiser, schedule));
        if let Some(fault) = history.fault() {
            bail!(fault);
        }
        if let Some(error) = result.error {
            bail!("training stopped: {error}");
        }
        ensure!(
            result.interrupted.is_none(),
            "stopped before the last epoch; go on with --resume {}",
            folder.path().display()
        );
        Ok(result.model)
    }

    /// The checkpoint of the best epoch, with thresholds and figures on the validation split, and
    /// what it says of that split.
    fn finish(&self, model: &Model, epoch: usize) -> Result<(Checkpoint, SplitScores)> {
        let config = self.config;
        let provenance = Provenance {
            data: format!(
                "{}, split {:?} {}; epoch {epoch} and the thresholds were chosen on split {:?}, \
                 so its figures are optimistic",
                config.data_name,
                config.train_split,
                config.data_folder()?.splits,
                config.val_split
            ),
            data_licence: config.data_licence.clone(),
            made_by: "karyolens train".into(),
            settings: serde_json::to_value(config)?,
        };
        let card = ModelCard::new(
            self.architecture.name(),
            self.architecture.clone(),
            Classification::new(self.input.clone(), self.features.clone()),
            provenance,
        );
        // Rounded as it will be stored, so that the figures are those of the file.
        let bytes = Checkpoint::of(model, card).write(Precision::F16)?;
        let mut checkpoint = Checkpoint::read(&bytes)?;
        let classifier = Classifier::new(checkpoint.clone(), self.devices[0].clone())?;
        let scores = SplitScores::compute(&classifier, &self.val, |_| ())?;
        let search = config.threshold_search;
        let task = checkpoint.card.classification_mut()?;
        task.thresholds = scores.scores()?.search_thresholds(search);
        task.unsure = scores.unsure(&task.thresholds, search)?;
        let evaluation = scores.evaluate(&task.thresholds, search)?;
        checkpoint
            .card
            .metrics
            .extend(evaluation.card_figures(&config.val_split));
        Ok((checkpoint, scores))
    }
}

/// The network to start from: fresh, or the weights of a checkpoint that was not trained on `val`.
fn start(
    config: &TrainConfig,
    val: &[Record],
    features: &FeatureSet,
    device: &Device,
) -> Result<(Architecture, Model)> {
    let side = config.input_size as usize;
    let Some(path) = &config.init else {
        let mut architecture = Architecture::named(&config.arch)?.with_input_side(side)?;
        if let Some(width) = config.width {
            architecture = architecture.with_width(width)?;
        }
        let model = architecture.init(features.len(), config.drop_path, device);
        return Ok((architecture, model));
    };
    let context = || format!("cannot start from {}", path.display());
    let bytes = std::fs::read(path).with_context(context)?;
    let mut checkpoint = Checkpoint::read(&bytes).with_context(context)?;
    let name = path.display().to_string();
    Seen::by(&checkpoint).refuse_validated(&name, &config.data, val)?;
    checkpoint.resample(side).with_context(context)?;
    if !config.keep_blocks.is_empty() {
        let blocks = &config.keep_blocks;
        checkpoint.keep_blocks(blocks).with_context(context)?;
    }
    if let Some(heads) = config.keep_heads {
        checkpoint.keep_heads(heads).with_context(context)?;
    }
    if let Some(neurons) = config.keep_neurons {
        checkpoint.keep_neurons(neurons).with_context(context)?;
    }
    let architecture = checkpoint.card.architecture.clone();
    ensure!(
        architecture.name() == config.arch || architecture.family() == config.arch,
        "{} holds a {}, not a {}",
        path.display(),
        architecture.name(),
        config.arch
    );
    let fresh = architecture.init(features.len(), config.drop_path, device);
    let task = checkpoint.card.classification_mut().with_context(context)?;
    if task.features != *features {
        // Another head, or none: start with a fresh one.
        checkpoint
            .weights
            .0
            .retain(|name, _| !name.starts_with("head."));
        let head = StateDict::of(&fresh)
            .0
            .into_iter()
            .filter(|(name, _)| name.starts_with("head."));
        checkpoint.weights.0.extend(head);
    }
    let model = checkpoint.weights.apply(fresh).map_err(|faults| {
        anyhow::anyhow!("{} does not fit: {}", path.display(), faults.join("; "))
    })?;
    Ok((architecture, model))
}
