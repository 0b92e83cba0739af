//! One training on outlined fields: from its settings to a folder with a checkpoint.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;

use super::batches::{FieldSource, Variation};
use super::config::FieldsConfig;
use super::data::{Field, parts, read_fields};
use super::evaluate::{Answered, best_thresholds, on_card, scores};
use super::loss::FieldObjective;
use crate::checkpoint::{Checkpoint, ModelCard, Precision, Provenance, Segmentation};
use crate::field::found::{Area, Thresholds, median_diameter};
use crate::field::score::Matches;
use crate::image::TileSpec;
use crate::model::{Architecture, Segmenter, Trainable};
use crate::train::run::{
    Best, Display, EpochFigure, Finished, RunFolder, RunSettings, Task, Training, run,
};

/// Side of the tiles that a trained network reads fields in, in pixels: two to a side of the study's
/// fields, so that two cores share one and memory stays small.
const TILE: u32 = 640;
/// The probability from which objects that are to be left out are found, where the training had some.
const LEFT_OUT_THRESHOLD: f64 = 0.5;
/// The same where it had none.
const NOTHING_LEFT_OUT: f64 = 1.0;

/// Trains a network and writes `config.json`, `metrics.csv` and `model.safetensors` to `folder`. The
/// weights are taken from the epoch with the highest F1 on the validation fields.
///
/// # Errors
/// Settings or data that cannot be used, a folder that already holds a run, and any failure of
/// the file system.
pub fn fit(config: &FieldsConfig, folder: &Path, display: Display) -> Result<Checkpoint> {
    let task = FieldTask::prepare(config)?;
    let folder = RunFolder::create(folder, config)?;
    run(&task, &folder, display)
}

/// Goes on with the run in `folder` after its last complete epoch, to the same weights that it would
/// have had without the interruption. A run that is done stays as it is.
///
/// # Errors
/// A folder without a run, and the errors of [`fit`].
pub fn resume(folder: &Path, display: Display) -> Result<Checkpoint> {
    let (folder, config): (_, FieldsConfig) = RunFolder::open(folder)?;
    if folder.model().exists() {
        return read_checkpoint(&folder.model());
    }
    run(&FieldTask::prepare(&config)?, &folder, display)
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    let context = || format!("cannot read {}", path.display());
    let bytes = std::fs::read(path).with_context(context)?;
    Checkpoint::read(&bytes).with_context(context)
}

/// A training on outlined fields, read and checked before anything is written.
struct FieldTask<'a> {
    config: &'a FieldsConfig,
    train: Vec<Field>,
    validation: Vec<Field>,
    left_out: Vec<Field>,
    devices: Vec<Device>,
    encoder: Architecture,
    network: Segmenter<Trainable>,
    task: Segmentation,
}

impl<'a> FieldTask<'a> {
    fn prepare(config: &'a FieldsConfig) -> Result<Self> {
        config.check()?;
        let fields = read_fields(&config.data, config.left_out.as_deref())?;
        let parts = parts(fields, config.folds, config.fold, config.validate_each);
        ensure!(
            !parts.train.is_empty() && !parts.validation.is_empty(),
            "{} holds too few fields to train and validate on",
            config.data.display()
        );
        let outlines = parts.train.iter().flat_map(|field| &field.nuclei);
        let diameter = median_diameter(outlines.map(|points| Area::new(points)))
            .with_context(|| format!("{} holds no nucleus", config.data.display()))?;
        let devices = config.run.devices()?;
        let device = devices[0].clone().autodiff();
        device.seed(config.run.seed);
        let (encoder, task, network) = match &config.init {
            Some(path) => {
                let checkpoint = read_checkpoint(path)?;
                let context = || format!("cannot start from {}", path.display());
                let task = checkpoint
                    .card
                    .segmentation()
                    .with_context(context)?
                    .clone();
                let encoder = checkpoint.card.architecture.clone();
                let network = checkpoint.segmenter(&device).with_context(context)?;
                (encoder, Segmentation { diameter, ..task }, network)
            }
            None => {
                let task = Segmentation {
                    input: TileSpec {
                        side: TILE,
                        scale: 1.0,
                        micrometres_per_pixel: None,
                        mean: [0.75, 0.6, 0.7],
                        std: [0.2, 0.25, 0.2],
                    },
                    width: config.decoder_width,
                    rays: config.rays,
                    diameter,
                    probability_threshold: Thresholds::ONLY_READ.read.into(),
                    left_out_threshold: NOTHING_LEFT_OUT,
                    overlap_threshold: Thresholds::ONLY_READ.overlap.into(),
                };
                let encoder = config.encoder();
                let network = Segmenter::new(&encoder, task.width, task.rays, &device)?;
                (encoder, task, network)
            }
        };
        Ok(Self {
            config,
            train: parts.train,
            validation: parts.validation,
            left_out: parts.left_out,
            devices,
            encoder,
            network: network.with_precision(config.run.matmul),
            task,
        })
    }

    fn source(&self, fields: &[Field], variation: Option<Variation>) -> FieldSource {
        let (input, rays) = (self.task.input.clone(), self.task.rays);
        FieldSource::new(fields.to_vec(), input, rays, variation)
    }
}

impl Task for FieldTask<'_> {
    type Network = Segmenter<Trainable>;
    type Step = FieldObjective;
    type Source = FieldSource;
    type Kept = Checkpoint;

    const BEST: Best = Best::Highest("valid f1_50");

    fn settings(&self) -> &RunSettings {
        &self.config.run
    }

    fn devices(&self) -> &[Device] {
        &self.devices
    }

    fn network(&self) -> Segmenter<Trainable> {
        self.network.clone()
    }

    fn layers(&self) -> usize {
        self.encoder.layers()
    }

    fn layer(&self, path: &[String]) -> usize {
        self.encoder.layer(path)
    }

    fn step(&self) -> FieldObjective {
        self.config.objective.clone()
    }

    fn training_data(&self, _: &RunFolder) -> Result<FieldSource> {
        let config = self.config;
        let variation = Variation {
            views_each: config.views_each,
            side: config.side,
            views: config.views.clone(),
            looks: config.looks.clone(),
            seed: config.run.seed,
        };
        Ok(self.source(&self.train, Some(variation)))
    }

    fn validation_data(&self) -> FieldSource {
        self.source(&self.validation, None)
    }

    fn with_figures(&self, training: Training<Self>) -> Training<Self> {
        training
            .metric_valid_numeric(EpochFigure::new("f1_50", |m: &Matches| m.scores().f1_50))
            .metric_valid_numeric(EpochFigure::new("f1_75", |m: &Matches| m.scores().f1_75))
            .metric_valid_numeric(EpochFigure::new("pq", |m: &Matches| m.scores().pq))
    }

    fn finish(
        &self,
        network: &Segmenter<Trainable>,
        finished: Finished,
    ) -> Result<(Checkpoint, Vec<u8>)> {
        let config = self.config;
        let names = |fields: &[Field]| {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            names.join(", ")
        };
        let mut data = format!(
            "{}: {} fields; epoch {} was chosen on {}",
            config.data_name,
            self.train.len(),
            finished.epoch,
            names(&self.validation)
        );
        if !self.left_out.is_empty() {
            data += &format!("; never seen: {}", names(&self.left_out));
        }
        let provenance = Provenance {
            data,
            data_licence: config.data_licence.clone(),
            made_by: "karyolens train-segmenter".into(),
            settings: serde_json::to_value(config)?,
        };
        let card = ModelCard::new(
            "segmenter",
            self.encoder.clone(),
            self.task.clone(),
            provenance,
        );
        // Thresholds and figures are those of weights rounded as they are stored.
        let bytes = Checkpoint::of(network, card).write(Precision::F16)?;
        let mut checkpoint = Checkpoint::read(&bytes)?;
        let device = &self.devices[0];
        let stored = checkpoint.clone().segmenter(device)?;
        let answers = Answered::by(&stored, &self.task, &self.validation, device);
        let best = best_thresholds(&answers);
        // To a thousandth: a card is read by people too.
        let rounded = |value: f32| (f64::from(value) * 1e3).round() / 1e3;
        let task = Segmentation {
            probability_threshold: rounded(best.read),
            overlap_threshold: rounded(best.overlap),
            left_out_threshold: match self.train.iter().any(|field| field.left_out.is_some()) {
                true => LEFT_OUT_THRESHOLD,
                false => NOTHING_LEFT_OUT,
            },
            ..self.task.clone()
        };
        let scores = scores(&answers, Thresholds::of(&task));
        checkpoint.card.metrics.extend(on_card(&scores));
        checkpoint.card.task = task.into();
        let bytes = checkpoint.write(Precision::F16)?;
        Ok((checkpoint, bytes))
    }
}
