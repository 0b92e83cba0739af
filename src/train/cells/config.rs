//! Every setting of a training on labelled cells, as `config.json` and a model card keep them.

use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::augment::Augment;
use super::cutmix::CutMix;
use super::data::{DataError, DataFolder, HoldOut, Record, SplitKind, SplitSettings};
use super::loss::Objective;
use super::metrics::ThresholdSearch;
use super::sampler::{Rarity, Sampler};
use crate::image::InputSpec;
use crate::nuclei::FeatureSet;
use crate::train::run::settings::{RunSettings, SettingError, below_one, refuse_unknown};

/// Every setting of a training on labelled cells, saved as `config.json` beside the weights. A file
/// that leaves a setting out means its default; a name that is not known is an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default)]
pub struct TrainConfig {
    /// The data folder, see [`DataFolder`].
    pub data: PathBuf,
    /// Where the splits come from.
    pub split: SplitKind,
    /// The settings of those splits.
    pub splits: SplitSettings,
    /// The split to train on.
    pub train_split: String,
    /// The fold of the training cells that the run leaves out.
    pub hold_out: Option<HoldOut>,
    /// The split to choose the best epoch and the thresholds on.
    pub val_split: String,
    /// The network, as [`Architecture::named`](crate::model::Architecture::named) knows it; or
    /// the family of the network to start from.
    pub arch: String,
    /// Channels of the first stage, or of a ViT's tokens, where they are not the named network's.
    pub width: Option<usize>,
    /// The blocks to keep of the transformer to start from, counted from 0; empty keeps all.
    pub keep_blocks: Vec<usize>,
    /// The number of attention heads to keep in each block of the transformer to start from.
    pub keep_heads: Option<usize>,
    /// The number of MLP neurons to keep in each block of the transformer to start from.
    pub keep_neurons: Option<usize>,
    /// A checkpoint to start from.
    pub init: Option<PathBuf>,
    /// Side of the input in pixels.
    pub input_size: u32,
    /// Side of the part of the canvas that becomes the input, in pixels.
    pub crop: u32,
    /// Epochs, batch, learning rate, device, seed.
    #[serde(flatten)]
    pub run: RunSettings,
    /// Rate of stochastic depth in the last block, from 0 to below 1.
    pub drop_path: f64,
    /// How an epoch draws its cells.
    pub sampler: Sampler,
    /// The weight of a cell for the weighted sampler.
    pub weights: Rarity,
    /// How images are varied.
    pub augment: Augment,
    /// How images are mixed.
    pub cutmix: CutMix,
    /// The sum that a step minimises.
    pub objective: Objective,
    /// Runs or checkpoints whose answers the network learns beside the labels.
    pub teachers: Vec<PathBuf>,
    /// A file with the answers of another run's teachers, which are then not asked again.
    pub answers: Option<PathBuf>,
    /// A folder of cell images without labels, for which the teachers alone answer.
    pub unlabelled: Option<PathBuf>,
    /// How each feature's threshold is searched on the validation split.
    pub threshold_search: ThresholdSearch,
    /// The data's name, for the model card.
    pub data_name: String,
    /// The data's licence, as far as it is known, for the model card.
    pub data_licence: String,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            data: ".".into(),
            split: SplitKind::Published,
            splits: SplitSettings::default(),
            train_split: "train".into(),
            hold_out: None,
            val_split: "val".into(),
            arch: String::new(),
            width: None,
            keep_blocks: Vec::new(),
            keep_heads: None,
            keep_neurons: None,
            init: None,
            input_size: 64,
            crop: InputSpec::CROP,
            run: RunSettings::default(),
            drop_path: 0.0,
            sampler: Sampler::Weighted,
            weights: Rarity::Sum,
            augment: Augment::default(),
            cutmix: CutMix::default(),
            objective: Objective::default(),
            teachers: Vec::new(),
            answers: None,
            unlabelled: None,
            threshold_search: ThresholdSearch::default(),
            data_name: "not stated".into(),
            data_licence: "not stated".into(),
        }
    }
}

impl Serialize for TrainConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for TrainConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut given = Map::deserialize(deserializer)?;
        forget_imitation(&mut given);
        let known = serde_json::to_value(Self::default()).map_err(D::Error::custom)?;
        refuse_unknown(&given, &known).map_err(D::Error::custom)?;
        Self::deserialize(Value::Object(given)).map_err(D::Error::custom)
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

impl TrainConfig {
    /// The cells to train and validate on.
    ///
    /// # Errors
    /// [`DataError`] where the settings of the splits exclude each other.
    pub fn data_folder(&self) -> Result<DataFolder, DataError> {
        Ok(DataFolder {
            folder: self.data.clone(),
            splits: self.splits.splits(self.split)?,
        })
    }

    /// The cells to train on: the training split without the fold that is held out.
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

    /// Whether the network learns from other networks: it starts from one, or has teachers.
    pub fn has_ancestors(&self) -> bool {
        self.init.is_some() || self.has_teachers()
    }

    fn has_teachers(&self) -> bool {
        self.answers.is_some() || !self.teachers.is_empty()
    }

    /// How a cell image becomes the network's input.
    pub fn input(&self) -> InputSpec {
        InputSpec {
            crop: self.crop,
            ..InputSpec::new(self.input_size)
        }
    }

    /// The settings as `config.json` has them. There an f32 has its own digits: 0.05, not
    /// 0.05000000074505806.
    ///
    /// # Errors
    /// Only where a path is no text.
    pub fn as_written(&self) -> serde_json::Result<Value> {
        serde_json::from_str(&serde_json::to_string(self)?)
    }

    /// Refuses settings that no run can use, before anything is written.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        self.run.check()?;
        below_one("drop_path", self.drop_path)?;
        self.augment.check()?;
        self.cutmix.check()?;
        self.objective.check(self.has_teachers())?;
        let refuse = |fault: String| Err(SettingError(fault));
        if self.unlabelled.is_some() && !self.has_teachers() {
            return refuse(
                "`unlabelled` needs somebody to say what the cells show: `teachers` or `answers`"
                    .into(),
            );
        }
        if self.sampler != Sampler::Weighted && self.weights != Self::default().weights {
            return refuse("`weights` does nothing without `sampler` weighted".into());
        }
        match self.input().fault() {
            Some(fault) => refuse(format!("`crop` and `input_size` make {fault}")),
            None => Ok(()),
        }
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
        assert_eq!((config.run.epochs, config.objective.lpr), (3, 0.05));
        let error = read(1.0).expect_err("a run that cannot be repeated");
        assert!(error.to_string().contains("imitation"), "{error}");
        let written = serde_json::to_string(&config).expect("JSON");
        assert!(!written.contains("imitation"), "{written}");
    }

    #[test]
    fn settings_are_read_as_they_are_written() {
        let mut config = TrainConfig::default();
        config.run.weight_decay = 0.01;
        config.run.lr = 3e-4;
        config.hold_out = "1/5".parse().ok();
        let written = serde_json::to_string(&config).expect("JSON");
        assert_eq!(
            serde_json::from_str::<TrainConfig>(&written).ok(),
            Some(config)
        );
        let error = serde_json::from_value::<TrainConfig>(json!({ "smapler": "uniform" }));
        assert!(error.is_err_and(|error| error.to_string().contains("smapler")));
    }
}
