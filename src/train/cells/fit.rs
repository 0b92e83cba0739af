//! One training on labelled cells: from its settings to a folder with a checkpoint.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use burn::tensor::Device;

use super::answers::ANSWERS_FILE;
use super::batches::{CellSource, Variation};
use super::check::check_data;
use super::config::TrainConfig;
use super::data::Record;
use super::evaluate::SplitScores;
use super::gathered::ScoredCells;
use super::loss::Objective;
use super::report::{self, Report};
use super::seen::Seen;
use super::start::Start;
use super::targets::{TrainingCell, TrainingCells};
use crate::checkpoint::{Checkpoint, Classification, ModelCard, Precision, Provenance};
use crate::classify::Classifier;
use crate::image::InputSpec;
use crate::model::{Architecture, Model};
use crate::nuclei::FeatureSet;
use crate::train::run::{
    Best, Display, EpochFigure, Finished, RunFolder, RunSettings, Task, Training, run,
};

/// Trains a network and writes `config.json`, `metrics.csv`, `model.safetensors` and `report.html`
/// to `folder`. `warn` hears of everything that is doubtful in the data, a line each.
///
/// The weights are taken from the epoch with the highest macro-F1 at 0.5 on the validation split. The
/// card's thresholds are searched on that split too, and the card says so.
///
/// # Errors
/// Settings or data that cannot be used, a folder that already holds a run, and any failure of
/// the file system.
pub fn fit(
    config: &TrainConfig,
    folder: &Path,
    display: Display,
    warn: &mut dyn FnMut(&str),
) -> Result<Checkpoint> {
    let task = CellTask::prepare(config, None, warn)?;
    let folder = RunFolder::create(folder, config)?;
    run(&task, &folder, display)
}

/// Goes on with the run in `folder` after its last complete epoch, to the same weights that it
/// would have had without the interruption. A run that is done stays as it is.
///
/// # Errors
/// A folder without a run, and the errors of [`fit`].
pub fn resume(folder: &Path, display: Display, warn: &mut dyn FnMut(&str)) -> Result<Checkpoint> {
    let (folder, config) = RunFolder::open(folder)?;
    let model = folder.model();
    if model.exists() {
        let context = || format!("cannot read {}", model.display());
        let bytes = std::fs::read(&model).with_context(context)?;
        return Checkpoint::read(&bytes).with_context(context);
    }
    let answers = Some(folder.path().join(ANSWERS_FILE)).filter(|path| path.exists());
    let task = CellTask::prepare(&config, answers.as_deref(), warn)?;
    run(&task, &folder, display)
}

/// A training on labelled cells, read and checked before anything is written.
struct CellTask<'a> {
    config: &'a TrainConfig,
    features: FeatureSet,
    train: TrainingCells,
    val: Vec<Record>,
    devices: Vec<Device>,
    architecture: Architecture,
    model: Model,
    input: InputSpec,
    /// The cells whose labels go into the weights.
    seen: Seen,
}

impl<'a> CellTask<'a> {
    /// For a run that goes on, `answers` holds the answers of its teachers.
    fn prepare(
        config: &'a TrainConfig,
        answers: Option<&Path>,
        warn: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        config.check()?;
        check_data(config, warn)?;
        let data = config.data_folder()?;
        let features = data.features()?;
        let val = data.split(&config.val_split, &features)?;
        let devices = config.run.devices()?;
        let plain = devices[0].clone();
        let device = plain.clone().autodiff();
        device.seed(config.run.seed);
        let Start {
            architecture,
            model,
            mut seen,
        } = Start::new(config, &val, &features, &device, warn)?;
        let model = model.with_precision(config.run.matmul);
        let train = TrainingCells::read(config, &val, &features, &plain, answers, warn)?;
        seen.extend(&train.seen()?);
        Ok(Self {
            config,
            features,
            train,
            val,
            devices,
            architecture,
            model,
            input: config.input(),
            seen,
        })
    }

    /// The checkpoint of the best epoch without thresholds and figures.
    fn checkpoint(&self, model: &Model, epoch: usize) -> Result<Checkpoint> {
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
        let mut checkpoint = Checkpoint::of(model, card);
        checkpoint.trained_on = Some(self.seen.encode());
        Ok(checkpoint)
    }
}

impl Task for CellTask<'_> {
    type Network = Model;
    type Step = Objective;
    type Source = CellSource;
    type Kept = Checkpoint;

    const BEST: Best = Best::Highest("valid macro_f1");

    fn settings(&self) -> &RunSettings {
        &self.config.run
    }

    fn devices(&self) -> &[Device] {
        &self.devices
    }

    fn network(&self) -> Model {
        self.model.clone()
    }

    fn layers(&self) -> usize {
        self.architecture.layers()
    }

    fn layer(&self, path: &[String]) -> usize {
        self.architecture.layer(path)
    }

    fn step(&self) -> Objective {
        self.config.objective.clone()
    }

    fn training_data(&self, folder: &RunFolder) -> Result<CellSource> {
        let config = self.config;
        let answers = folder.path().join(ANSWERS_FILE);
        let cells = self
            .train
            .with_targets(config.objective.temperature, &answers)?;
        let variation = Variation {
            sampler: config.sampler,
            rarity: config.weights,
            augment: config.augment.clone(),
            cutmix: config.cutmix.clone(),
            seed: config.run.seed,
        };
        Ok(CellSource::new(cells, self.input.clone(), Some(variation)))
    }

    fn validation_data(&self) -> CellSource {
        let cells = self.val.iter().cloned().map(TrainingCell::of_labels);
        CellSource::new(cells.collect(), self.input.clone(), None)
    }

    fn with_figures(&self, training: Training<Self>) -> Training<Self> {
        training
            .metric_valid_numeric(EpochFigure::new("macro_f1", |cells: &ScoredCells| {
                cells.figure(|figures| figures.macro_f1)
            }))
            .metric_valid_numeric(EpochFigure::new("class_map", |cells: &ScoredCells| {
                cells.figure(|figures| figures.class_map)
            }))
            .metric_valid_numeric(EpochFigure::new("macro_auc", |cells: &ScoredCells| {
                cells.figure(|figures| figures.macro_auc.unwrap_or(f64::NAN))
            }))
    }

    /// The checkpoint, with thresholds and figures on the validation split, and the report.
    fn finish(&self, model: &Model, finished: Finished) -> Result<(Checkpoint, Vec<u8>)> {
        let config = self.config;
        // The figures are computed from weights rounded as they are stored.
        let bytes = self
            .checkpoint(model, finished.epoch)?
            .write(Precision::F16)?;
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
        report::write(&Report {
            run: finished.folder.path(),
            finished: Some(SystemTime::now()),
            config: &config.as_written()?,
            history: finished.history,
            card: &checkpoint.card.clone().into_classifier()?,
            records: &self.val,
            scores: &scores,
            search,
        })?;
        let bytes = checkpoint.write(Precision::F16)?;
        Ok((checkpoint, bytes))
    }
}
