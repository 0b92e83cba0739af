//! Every setting of a training on outlined fields.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::looks::Looks;
use super::loss::FieldObjective;
use super::view::Views;
use crate::model::{Architecture, BlockKind, ResNetConfig, Segmenter, Trainable};
use crate::train::run::settings::{RunSettings, SettingError, at_least_one};

/// Every setting of a training on outlined fields, saved as `config.json` beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldsConfig {
    /// The data folder, see [`read_fields`](super::data::read_fields).
    pub data: PathBuf,
    /// A folder with the outlines of objects that are to be left out.
    pub left_out: Option<PathBuf>,
    /// The number of folds; each is a run of neighbours in the order of the fields' names.
    pub folds: usize,
    /// The fold that the run leaves out, from 0; `None` leaves out none.
    pub fold: Option<usize>,
    /// Of the fields that are not left out every so many is validated on, at least 2.
    pub validate_each: usize,
    /// A checkpoint to start from; its sizes are then those of the network.
    pub init: Option<PathBuf>,
    /// Channels of the encoder's first stage; the later stages have 2, 4 and 8 times as many.
    pub encoder_width: usize,
    /// Channels of the decoder.
    pub decoder_width: usize,
    /// Rays of a polygon.
    pub rays: usize,
    /// Side of a view in pixels, a multiple of 32.
    pub side: usize,
    /// Views of each field an epoch.
    pub views_each: usize,
    /// Epochs, batch, learning rate, device, seed.
    #[serde(flatten)]
    pub run: RunSettings,
    /// The geometry of views.
    pub views: Views,
    /// The looks of views.
    pub looks: Looks,
    /// The sum that a step minimises.
    pub objective: FieldObjective,
    /// The data's name, for the model card.
    pub data_name: String,
    /// The data's licence, as far as it is known, for the model card.
    pub data_licence: String,
}

impl Default for FieldsConfig {
    fn default() -> Self {
        Self {
            data: PathBuf::new(),
            left_out: None,
            folds: 5,
            fold: None,
            validate_each: 8,
            init: None,
            encoder_width: 24,
            decoder_width: 48,
            rays: 32,
            side: 256,
            views_each: 16,
            run: RunSettings {
                epochs: 80,
                batch: 8,
                lr: 1e-3,
                warmup: 0.05,
                weight_decay: 0.05,
                ema: 0.998,
                ..RunSettings::default()
            },
            views: Views::default(),
            looks: Looks::default(),
            objective: FieldObjective::default(),
            data_name: "unnamed".into(),
            data_licence: "not stated".into(),
        }
    }
}

impl FieldsConfig {
    /// The encoder of a fresh network: a ResNet with a short last stage, which has most of the weights.
    pub fn encoder(&self) -> Architecture {
        Architecture::ResNet(ResNetConfig {
            block: BlockKind::Basic,
            depths: [2, 2, 2, 1],
            width: self.encoder_width,
        })
    }

    /// Refuses settings that no run can use.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        self.run.check()?;
        self.views.check()?;
        self.looks.check()?;
        self.objective.check()?;
        at_least_one("views_each", self.views_each)?;
        at_least_one("folds", self.folds)?;
        at_least_one("encoder_width", self.encoder_width)?;
        at_least_one("decoder_width", self.decoder_width)?;
        at_least_one("rays", self.rays)?;
        at_least_one("validate_each", self.validate_each / 2)?;
        let multiple = Segmenter::<Trainable>::SIDES;
        if self.side == 0 || !self.side.is_multiple_of(multiple) {
            return Err(SettingError(format!(
                "`side` is {}; it must be a multiple of {multiple}",
                self.side
            )));
        }
        if self.run.freeze > 0 {
            return Err(SettingError(format!(
                "`freeze` is {}; it must be 0: a segmenter learns as a whole",
                self.run.freeze
            )));
        }
        match self.fold {
            Some(fold) if fold >= self.folds => Err(SettingError(format!(
                "`fold` is {fold}; it must be below the {} folds",
                self.folds
            ))),
            _ => Ok(()),
        }
    }
}
