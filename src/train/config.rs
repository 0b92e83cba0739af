//! Every setting of a run: what the command line takes, and what `config.json` keeps.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Command};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::augment::Augment;
use super::cutmix::CutMix;
use super::data::{DataError, DataFolder, HoldOut, Record, SplitKind, SplitSettings};
use super::loss::Objective;
use super::metrics::ThresholdSearch;
use super::sampler::{Rarity, Sampler};
use crate::devices::DeviceChoice;
use crate::image::InputSpec;
use crate::kernels::MatmulPrecision;
use crate::nuclei::FeatureSet;

/// Every setting of a run, saved as `config.json` beside the weights. Each default stands beside
/// its setting, and nowhere else: a file that leaves a setting out means the default.
#[derive(Args, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    remote = "Self",
    default = "defaults::<TrainConfig>",
    deny_unknown_fields
)]
pub struct TrainConfig {
    /// The folder: `images/<split>/<id>.jpg` (or png, webp, tiff, bmp) and `labels/<split>.json`,
    /// or `images/<id>.jpg` and `labels.json`; `features.json` names the features where they are not the nine nuclear ones.
    #[arg(long, value_name = "FOLDER", required_unless_present = "resume")]
    #[arg(default_value = ".", hide_default_value = true)]
    pub data: PathBuf,
    /// Where the splits come from.
    #[arg(long, value_enum, default_value_t = SplitKind::Published)]
    pub split: SplitKind,
    /// What the splits need.
    #[command(flatten)]
    pub splits: SplitSettings,
    /// The split to train on.
    #[arg(long, value_name = "NAME", default_value = "train")]
    pub train_split: String,
    /// Leave one fold of the training cells out, by field, for teachers that are to tell others
    /// what they expect of cells they have not seen: 0/5 to 4/5, say.
    #[arg(long, value_name = "FOLD/FOLDS")]
    pub hold_out: Option<HoldOut>,
    /// The split to choose the best epoch and the thresholds on.
    #[arg(long, value_name = "NAME", default_value = "val")]
    pub val_split: String,
    /// The network: convnext-atto, -femto, -pico, -nano, -tiny, -small, -base; resnet-18, -34,
    /// -50, -101; vit-tiny, -small, -base; vit-small-14.
    #[arg(long, value_name = "NAME", required_unless_present = "resume")]
    #[arg(default_value = "", hide_default_value = true)]
    pub arch: String,
    /// Channels of the first stage, or of a ViT's tokens, where they are not the named network's:
    /// those of later stages, and the heads, follow in proportion.
    #[arg(long, value_name = "CHANNELS", conflicts_with = "init")]
    pub width: Option<usize>,
    /// Of the transformer to start from, keep only these blocks, counted from 0: 0,4,8, say.
    #[arg(long, value_name = "BLOCKS", value_delimiter = ',', requires = "init")]
    pub keep_blocks: Vec<usize>,
    /// Of the transformer to start from, keep only so many of each block's attention heads: those
    /// that weigh most.
    #[arg(long, value_name = "HEADS", requires = "init")]
    pub keep_heads: Option<usize>,
    /// Of the transformer to start from, keep only so many neurons of each block's MLP.
    #[arg(long, value_name = "NEURONS", requires = "init")]
    pub keep_neurons: Option<usize>,
    /// A checkpoint to start from instead of fresh weights; its head is kept if it names the same
    /// features in the same order.
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// Side of the input in pixels: any from 32 on for ConvNeXt and ResNet, a multiple of the patch
    /// (16 or 14) for ViT.
    #[arg(long, value_name = "PIXELS", default_value_t = 64)]
    pub input_size: u32,
    /// Side of the part of the 224 px canvas that becomes the input, about its centre; a cell that
    /// reaches outside is shrunk to fit.
    #[arg(long, value_name = "PIXELS", default_value_t = InputSpec::CROP)]
    pub crop: u32,
    /// Passes over the training cells.
    #[arg(long, default_value_t = 20)]
    pub epochs: usize,
    /// Cells a step.
    #[arg(long, default_value_t = 32)]
    pub batch: usize,
    /// Batches whose gradients are averaged before the weights move.
    #[arg(long, value_name = "BATCHES", default_value_t = 1)]
    pub accumulate: usize,
    /// The highest learning rate.
    #[arg(long, default_value_t = 1e-3)]
    pub lr: f64,
    /// Share of the steps in which the learning rate rises linearly; it then falls as a cosine.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub warmup: f64,
    /// The learning rate of each layer over that of the next one, for fine-tuning: 0.7, say.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub layer_decay: f64,
    /// Epochs at the start in which only the head learns; batch norms still follow the data.
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    pub freeze: usize,
    /// AdamW's decoupled weight decay; biases, norms and scales have none.
    #[arg(long, default_value_t = 0.05)]
    pub weight_decay: f32,
    /// Rate of stochastic depth in the last block.
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub drop_path: f64,
    /// Decay of an exponential moving average of the weights, which is then validated and kept in
    /// their place: 0.998, say; 0 keeps none.
    #[arg(long, value_name = "DECAY", default_value_t = 0.0)]
    pub ema: f64,
    /// How an epoch draws its cells.
    #[arg(long, value_enum, default_value_t = Sampler::Weighted)]
    pub sampler: Sampler,
    /// What a cell weighs for the weighted sampler (not a file of weights: that is --init).
    #[arg(long, value_enum, default_value_t = Rarity::Sum)]
    pub weights: Rarity,
    /// How images are varied.
    #[command(flatten)]
    pub augment: Augment,
    /// How images are mixed.
    #[command(flatten)]
    pub cutmix: CutMix,
    /// What a step minimises.
    #[command(flatten)]
    pub objective: Objective,
    /// Trained models whose answers the network learns beside the labels: a run's folder or a
    /// checkpoint, given once for each. Each is asked about the cells that it was not trained on,
    /// if there are any.
    #[arg(long = "teacher", value_name = "RUN")]
    pub teachers: Vec<PathBuf>,
    /// What the teachers of another run said, its `answers.safetensors`, instead of asking them again.
    #[arg(long, value_name = "FILE", conflicts_with = "teachers")]
    pub answers: Option<PathBuf>,
    /// A folder of cell images without labels, about which the teachers alone are asked; `data
    /// crop` makes one from fields. Cells of fields that are validated on are left out.
    #[arg(long, value_name = "FOLDER")]
    pub unlabelled: Option<PathBuf>,
    /// How each feature's threshold is searched on the validation split.
    #[arg(long, value_enum, default_value_t = ThresholdSearch::Expected)]
    pub threshold_search: ThresholdSearch,
    /// Where to train: cpu, gpu, cuda or remote:ADDRESS. Several devices share each step.
    #[arg(long, default_value_t)]
    pub device: DeviceChoice,
    /// How exact matrix products are on a CPU that multiplies bfloat16 faster than f32.
    #[arg(long, value_enum, default_value_t = MatmulPrecision::High)]
    pub matmul: MatmulPrecision,
    /// The same number repeats a run exactly, with the same program on the same machine's CPU.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// What the data is, for the model card.
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    pub data_name: String,
    /// What is known of the data's licence, for the model card.
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    pub data_licence: String,
}

impl Serialize for TrainConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for TrainConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut settings = Map::deserialize(deserializer)?;
        forget_imitation(&mut settings);
        Self::deserialize(Value::Object(settings)).map_err(serde::de::Error::custom)
    }
}

/// Leaves out `objective.imitation` where it is 0: older versions wrote it into every `config.json`
/// and model card. Another value stays and is an unknown setting, as this version cannot repeat
/// such a run.
fn forget_imitation(settings: &mut Map<String, Value>) {
    if let Some(Value::Object(objective)) = settings.get_mut("objective")
        && objective.get("imitation").and_then(Value::as_f64) == Some(0.0)
    {
        objective.remove("imitation");
    }
}

/// The settings that an empty command line gives.
pub(super) fn defaults<T: Args>() -> T {
    // The one argument of the whole command that a required one may be left out for.
    let resume = clap::Arg::new("resume").long("resume");
    let command = T::augment_args(Command::new("defaults").arg(resume));
    let matches = command.get_matches_from(["defaults", "--resume", "any"]);
    T::from_arg_matches(&matches).expect("every setting has a default")
}

impl TrainConfig {
    /// The cells to train and validate on.
    ///
    /// # Errors
    /// [`DataError::Contradiction`] where the settings of the splits exclude each other.
    pub fn data_folder(&self) -> Result<DataFolder, DataError> {
        Ok(DataFolder {
            folder: self.data.clone(),
            splits: self.splits.splits(self.split)?,
        })
    }

    /// The cells to train on: those of the training split that are not held out.
    ///
    /// # Errors
    /// [`DataError`] with the first cell or file that is wrong.
    pub fn training_cells(&self, features: &FeatureSet) -> Result<Vec<Record>, DataError> {
        let cells = self.data_folder()?.split(&self.train_split, features)?;
        match self.hold_out {
            Some(hold_out) => hold_out.rest(cells),
            None => Ok(cells),
        }
    }

    /// How a cell image becomes the network's input.
    pub fn input(&self) -> InputSpec {
        InputSpec {
            crop: self.crop,
            ..InputSpec::new(self.input_size)
        }
    }

    /// Whether any setting differs from its default.
    pub fn is_chosen(&self) -> bool {
        *self != defaults()
    }

    /// Refuses settings that no run can use, before anything is written.
    ///
    /// # Errors
    /// The first setting that is wrong, and what would be right.
    pub fn check(&self) -> Result<()> {
        let at_least_one = |name: &str, value: usize| {
            ensure!(value > 0, "--{name} is {value}; it must be at least 1");
            Ok(())
        };
        at_least_one("epochs", self.epochs)?;
        at_least_one("batch", self.batch)?;
        at_least_one("accumulate", self.accumulate)?;
        let share = |name: &str, value: f64| {
            ensure!(
                (0.0..1.0).contains(&value),
                "--{name} is {value}; it must be from 0 to below 1"
            );
            Ok(())
        };
        share("warmup", self.warmup)?;
        share("drop-path", self.drop_path)?;
        share("ema", self.ema)?;
        share("label-smoothing", self.objective.label_smoothing)?;
        let within = |name: &str, value: f64, lowest: f64, highest: f64| {
            ensure!(
                (lowest..=highest).contains(&value),
                "--{name} is {value}; it must be from {lowest} to {highest}"
            );
            Ok(())
        };
        within("cutmix", self.cutmix.probability, 0.0, 1.0)?;
        within("rare-below", self.cutmix.rare_below, 0.0, 1.0)?;
        within("teacher-share", self.objective.teacher_share, 0.0, 1.0)?;
        within("lpr", self.objective.lpr, 0.0, 1e3)?;
        within("temperature", self.objective.temperature, 0.1, 100.0)?;
        within("weight-decay", self.weight_decay.into(), 0.0, 10.0)?;
        within("rotation", self.augment.rotation.into(), 0.0, 180.0)?;
        share("jitter", self.augment.jitter.into())?;
        let above_zero = |name: &str, value: f64| {
            ensure!(
                value > 0.0 && value <= 1.0,
                "--{name} is {value}; it must be above 0 and at most 1"
            );
            Ok(())
        };
        above_zero("lr", self.lr)?;
        above_zero("layer-decay", self.layer_decay)?;
        let has_teachers = self.answers.is_some() || !self.teachers.is_empty();
        ensure!(
            self.unlabelled.is_none() || has_teachers,
            "--unlabelled needs somebody to say what the cells show: --teacher or --answers"
        );
        let default: Self = defaults();
        let Objective {
            teacher_share,
            temperature,
            ..
        } = self.objective;
        for (without, setting, is_default) in [
            (
                "--teacher or --answers",
                "--teacher-share",
                has_teachers || teacher_share == default.objective.teacher_share,
            ),
            (
                "--teacher or --answers",
                "--temperature",
                has_teachers || temperature == default.objective.temperature,
            ),
            (
                "--sampler weighted",
                "--weights",
                self.sampler == Sampler::Weighted || self.weights == default.weights,
            ),
            (
                "--cutmix",
                "--rare-below",
                self.cutmix.probability > 0.0
                    || self.cutmix.rare_below == default.cutmix.rare_below,
            ),
        ] {
            ensure!(is_default, "{setting} does nothing without {without}");
        }
        if let Some(fault) = self.input().fault() {
            anyhow::bail!("--crop and --input-size make {fault}");
        }
        ensure!(
            self.freeze == 0 || self.freeze < self.epochs,
            "--freeze is {}; it must leave some of the {} epochs",
            self.freeze,
            self.epochs
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_of_older_versions_are_read() {
        let read = |imitation: f64| {
            let objective = json!({ "lpr": 0.05, "imitation": imitation });
            serde_json::from_value::<TrainConfig>(json!({ "epochs": 3, "objective": objective }))
        };
        let config = read(0.0).expect("a run that imitated nobody");
        assert_eq!((config.epochs, config.objective.lpr), (3, 0.05));
        let error = read(1.0).expect_err("a run that cannot be repeated");
        assert!(error.to_string().contains("imitation"), "{error}");
        let written = serde_json::to_string(&config).expect("JSON");
        assert!(!written.contains("imitation"), "{written}");
    }
}
