//! One training run: from a configuration to a folder with a checkpoint.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use burn::config::Config;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::optim::lr_scheduler::LrSchedulerConfig;
use burn::optim::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::optim::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use burn::tensor::activation::sigmoid;
use burn::train::checkpoint::MetricCheckpointingStrategy;
use burn::train::metric::LossMetric;
use burn::train::metric::store::{Aggregate, Direction, Split};
use burn::train::renderer::MetricsRenderer;
use burn::train::{InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep};

use super::adamw::AdamW;
use super::augment::Augment;
use super::data::{DataFolder, Record};
use super::evaluate::SplitScores;
use super::history::{Figure, History, HistoryLogger, SplitFigure, StepOutput};
use super::loader::{Batch, Loader, Shuffle};
use super::loss::binary_cross_entropy;
use super::sampler::Sampler;
use crate::checkpoint::{Checkpoint, ModelCard, Precision, Provenance, StateDict};
use crate::classify::Classifier;
use crate::files::write_atomically;
use crate::image::InputSpec;
use crate::model::{Architecture, Model};
use crate::nuclei::FeatureSet;

/// The first learning rate of the warm-up, as a share of the highest.
const WARMUP_FROM: f64 = 0.01;

/// Every setting of a run, saved as `config.json` beside the weights.
#[derive(Config, Debug)]
pub struct TrainConfig {
    /// The folder with images and labels.
    pub data: PathBuf,
    /// For a flat data folder: the file that lists the ids of each split.
    pub split_file: Option<PathBuf>,
    /// The split to train on.
    #[config(default = "String::from(\"train\")")]
    pub train_split: String,
    /// The split to choose the best epoch and the thresholds on.
    #[config(default = "String::from(\"val\")")]
    pub val_split: String,
    /// A network's name, see [`Architecture::names`].
    pub architecture: String,
    /// A checkpoint to start from instead of fresh weights; its head is kept if it fits.
    pub init: Option<PathBuf>,
    /// Side of the input in pixels.
    #[config(default = 64)]
    pub input_side: u32,
    /// Passes over the training split.
    #[config(default = 20)]
    pub epochs: usize,
    /// Cells a step.
    #[config(default = 32)]
    pub batch: usize,
    /// The highest learning rate.
    #[config(default = 1e-3)]
    pub learning_rate: f64,
    /// Share of the steps in which the learning rate rises linearly; it then falls as a cosine.
    #[config(default = 0.1)]
    pub warmup: f64,
    /// AdamW's decoupled weight decay.
    #[config(default = 0.05)]
    pub weight_decay: f32,
    /// Rate of stochastic depth in the last block.
    #[config(default = 0.0)]
    pub drop_path: f64,
    /// How an epoch draws its cells.
    #[config(default = "Sampler::Weighted")]
    pub sampler: Sampler,
    /// How images are varied.
    #[config(default = "Augment::new()")]
    pub augment: Augment,
    /// Repeats a run exactly on the same machine.
    #[config(default = 0)]
    pub seed: u64,
    /// What the data is, for the model card.
    #[config(default = "String::from(\"not stated\")")]
    pub data_name: String,
    /// What is known of the data's licence, for the model card.
    #[config(default = "String::from(\"not stated\")")]
    pub data_licence: String,
}

/// The network as burn-train's learner wants it.
#[derive(Module, Debug)]
struct Trainee {
    model: Model,
}

impl Trainee {
    fn forward(&self, batch: Batch) -> StepOutput {
        let logits = self.model.forward(batch.images);
        StepOutput {
            loss: binary_cross_entropy(logits.clone(), batch.targets.clone()),
            probabilities: sigmoid(logits),
            targets: batch.targets,
        }
    }
}

impl TrainStep for Trainee {
    type Input = Batch;
    type Output = StepOutput;

    fn step(&self, batch: Batch) -> TrainOutput<StepOutput> {
        let output = self.forward(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Trainee {
    type Input = Batch;
    type Output = StepOutput;

    fn step(&self, batch: Batch) -> StepOutput {
        self.forward(batch)
    }
}

/// Files of a run's folder.
struct RunFolder(PathBuf);

impl RunFolder {
    /// A folder that does not hold a run yet.
    fn create(path: &Path) -> Result<Self> {
        let folder = Self(path.into());
        ensure!(
            !folder.config().exists(),
            "{} already holds a run; choose another folder with --run",
            path.display()
        );
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        Ok(folder)
    }

    fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    fn metrics(&self) -> PathBuf {
        self.0.join("metrics.csv")
    }

    fn model(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// Where burn-train keeps the weights of an epoch.
    fn weights(&self, epoch: usize) -> PathBuf {
        self.0.join("checkpoint").join(format!("model-{epoch}.bpk"))
    }
}

/// Trains a network and writes `config.json`, `metrics.csv` and `model.safetensors` to `folder`.
///
/// The weights are those of the epoch with the highest macro-F1 at 0.5 on the validation split;
/// the card's thresholds are searched there too, and it says so.
///
/// # Errors
/// Settings or data that cannot be used, and any failure of the file system.
pub fn fit(
    config: &TrainConfig,
    folder: &Path,
    renderer: Option<Box<dyn MetricsRenderer>>,
) -> Result<Checkpoint> {
    let features = FeatureSet::default();
    let data = DataFolder {
        folder: config.data.clone(),
        split_file: config.split_file.clone(),
    };
    let train = data.split(&config.train_split, &features)?;
    let val = data.split(&config.val_split, &features)?;
    check(config)?;
    let device = Device::flex().autodiff();
    device.seed(config.seed);
    let (architecture, model) = start(config, &features, &device)?;
    let folder = RunFolder::create(folder)?;
    write_atomically(
        &folder.config(),
        serde_json::to_string_pretty(config)?.as_bytes(),
    )?;

    let input = InputSpec::new(config.input_side);
    let steps = config.epochs * train.len().div_ceil(config.batch);
    let shuffle = Shuffle {
        sampler: config.sampler,
        augment: config.augment.clone(),
        seed: config.seed,
    };
    let loader = |records: &[Record], shuffle| {
        Arc::new(Loader::new(
            records.to_vec(),
            input.clone(),
            config.batch,
            shuffle,
            1,
        ))
    };
    let history = History::default();
    let best = SplitFigure::new(Figure::MacroF1);
    let mut training =
        SupervisedTraining::new(&folder.0, loader(&train, Some(shuffle)), loader(&val, None))
            .num_epochs(config.epochs)
            .metric_train_numeric(LossMetric::new())
            .metric_valid_numeric(LossMetric::new())
            .metric_valid_numeric(best.clone())
            .metric_valid_numeric(SplitFigure::new(Figure::ClassMap))
            .metric_valid_numeric(SplitFigure::new(Figure::MacroAuc))
            .with_metric_logger(HistoryLogger::new(history.clone(), folder.metrics()))
            .with_default_checkpointers()
            .with_checkpointing_strategy(MetricCheckpointingStrategy::new(
                &best,
                Aggregate::Mean,
                Direction::Highest,
                Split::Valid,
            ));
    if let Some(renderer) = renderer {
        training = training.renderer(renderer);
    }
    let optimiser = ModuleOptimizer::from(AdamW {
        weight_decay: config.weight_decay,
        ..AdamW::default()
    });
    let result = training.launch(Learner::new(
        Trainee { model },
        optimiser,
        schedule(config, steps)?,
    ));
    if let Some(error) = result.error {
        bail!("training stopped: {error}");
    }
    if let Some(fault) = history.fault() {
        bail!(fault);
    }

    let Some(epoch) = history.best_epoch("valid macro_f1") else {
        bail!("training stopped before its first epoch had ended");
    };
    let record = ModuleRecord::load(folder.weights(epoch))
        .map_err(|error| anyhow::anyhow!("cannot read the weights of epoch {epoch}: {error}"))?;
    let model = result.model.load_record(record).model;
    let checkpoint = finish(config, &architecture, input, features, &model, &val, epoch)?;
    write_atomically(&folder.model(), &checkpoint.write(Precision::F16)?)?;
    Ok(checkpoint)
}

/// Refuses settings that no run can use, before anything is written.
fn check(config: &TrainConfig) -> Result<()> {
    ensure!(config.epochs > 0, "--epochs is 0; it must be at least 1");
    ensure!(config.batch > 0, "--batch is 0; it must be at least 1");
    let share = |name: &str, value: f64| {
        ensure!(
            (0.0..1.0).contains(&value),
            "--{name} is {value}; it must be from 0 to below 1"
        );
        Ok(())
    };
    share("warmup", config.warmup)?;
    share("drop-path", config.drop_path)?;
    let rate = config.learning_rate;
    ensure!(
        rate > 0.0 && rate <= 1.0,
        "--lr is {rate}; it must be above 0 and at most 1"
    );
    Ok(())
}

/// The network to start from: fresh, or the weights of a checkpoint.
fn start(
    config: &TrainConfig,
    features: &FeatureSet,
    device: &Device,
) -> Result<(Architecture, Model)> {
    let side = config.input_side as usize;
    let Some(path) = &config.init else {
        let architecture = Architecture::named(&config.architecture)?.with_input_side(side)?;
        let model = architecture.init(features.len(), config.drop_path, device);
        return Ok((architecture, model));
    };
    let context = || format!("cannot start from {}", path.display());
    let bytes = std::fs::read(path).with_context(context)?;
    let mut checkpoint = Checkpoint::read(&bytes).with_context(context)?;
    checkpoint.resample(side).with_context(context)?;
    let architecture = checkpoint.card.architecture.clone();
    ensure!(
        architecture.name() == config.architecture || architecture.family() == config.architecture,
        "{} holds a {}, not a {}",
        path.display(),
        architecture.name(),
        config.architecture
    );
    let fresh = architecture.init(features.len(), config.drop_path, device);
    if checkpoint.card.features != *features {
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
        checkpoint.card.features = features.clone();
    }
    let model = checkpoint.weights.apply(fresh).map_err(|faults| {
        anyhow::anyhow!("{} does not fit: {}", path.display(), faults.join("; "))
    })?;
    Ok((architecture, model))
}

/// Linear warm-up, then a cosine to zero.
fn schedule(
    config: &TrainConfig,
    steps: usize,
) -> Result<burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler> {
    let highest = config.learning_rate;
    let warmup = ((config.warmup * steps as f64).round() as usize).min(steps - 1);
    let cosine = CosineAnnealingLrSchedulerConfig::new(highest, (steps - warmup).max(1));
    let schedule = match warmup {
        0 => cosine.init(),
        _ => SequentialLrSchedulerConfig::new(
            vec![
                LrSchedulerConfig::Linear(LinearLrSchedulerConfig::new(
                    WARMUP_FROM * highest,
                    highest,
                    warmup,
                )),
                LrSchedulerConfig::Cosine(cosine),
            ],
            vec![warmup],
        )
        .init(),
    };
    schedule.map_err(|fault| anyhow::anyhow!("cannot plan the learning rate: {fault}"))
}

/// The checkpoint of the best epoch: thresholds and figures on the validation split.
fn finish(
    config: &TrainConfig,
    architecture: &Architecture,
    input: InputSpec,
    features: FeatureSet,
    model: &Model,
    val: &[Record],
    epoch: usize,
) -> Result<Checkpoint> {
    let provenance = Provenance {
        data: format!(
            "{}, split {:?}; epoch {epoch} and the thresholds were chosen on split {:?}, so its \
             figures are optimistic",
            config.data_name, config.train_split, config.val_split
        ),
        data_licence: config.data_licence.clone(),
        made_by: "karyolens train".into(),
        settings: serde_json::to_value(config)?,
    };
    let card = ModelCard::new(
        architecture.name(),
        architecture.clone(),
        input,
        features,
        provenance,
    );
    // Rounded as it will be stored, so that the figures are those of the file.
    let bytes = Checkpoint::of(model, card).write(Precision::F16)?;
    let mut checkpoint = Checkpoint::read(&bytes)?;
    let classifier = Classifier::new(&checkpoint, Device::flex())?;
    let scores = SplitScores::compute(&classifier, val, |_| ())?;
    checkpoint.card.thresholds = scores.scores()?.search_thresholds();
    let evaluation = scores.evaluate(&checkpoint.card.thresholds)?;
    let mut figure = |name: &str, value: f64| {
        checkpoint
            .card
            .metrics
            .insert(format!("{}_{name}", config.val_split), value);
    };
    figure("cells", evaluation.summary.n as f64);
    figure("macro_f1", evaluation.summary.macro_f1);
    figure("micro_f1", evaluation.summary.micro_f1);
    figure("macro_f1_tuned", evaluation.macro_f1_tuned);
    figure("class_map", evaluation.summary.class_map);
    figure("sample_map", evaluation.summary.sample_map);
    if let Some(auc) = evaluation.summary.macro_auc {
        figure("macro_auc", auc);
    }
    Ok(checkpoint)
}
