//! A checkpoint: read from a file, written to one, and built into its network.

use std::collections::HashMap;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::Serialize;

use super::card::ModelCard;
use super::entries::Entries;
use super::error::CheckpointError;
use super::state_dict::StateDict;
use super::storage::{Precision, has_8_bits};
use super::task::Task;
use crate::model::{
    Architecture, ArchitectureError, FoldedModel, Model, Segmenter, Trainable, VitConfig,
    resample_positions,
};

/// Where the model card stands in the metadata of the file.
const CARD_KEY: &str = "karyolens";

/// A model card and the weights that it describes.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The network's sizes, its training data and its intended use.
    pub card: ModelCard,
    /// The weights, by the path of the module that holds them.
    pub weights: StateDict,
    /// The cells that the network was trained on, as training writes them and reads them again; `None`
    /// where the file does not tell.
    pub trained_on: Option<String>,
}

/// The card and the cells that it was trained on, in one entry of the metadata: several entries would
/// be written in another order each time.
#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    card: &'a ModelCard,
    #[serde(skip_serializing_if = "Option::is_none")]
    trained_on: Option<&'a str>,
}

impl Checkpoint {
    /// The checkpoint of a network in memory.
    ///
    /// It reads the weights from the network's device and waits for them, which a browser cannot do
    /// for its GPU.
    pub fn of(model: &impl Module, card: ModelCard) -> Self {
        Self {
            card,
            weights: StateDict::of(model),
            trained_on: None,
        }
    }

    /// Reads and checks the bytes of a `.safetensors` file.
    ///
    /// # Errors
    /// Any [`CheckpointError`] but [`CheckpointError::Weights`], which needs the network built.
    pub fn read(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (weights, metadata) = StateDict::read(bytes)?;
        let entry = metadata.get(CARD_KEY).ok_or(CheckpointError::NoCard)?;
        let card = ModelCard::parse(entry)?;
        let trained_on = Entries::parse(entry)?.take_if_there("trained_on")?;
        let in_8_bits = has_8_bits(bytes)?;
        if in_8_bits != card.weight_bits.is_some() {
            let (says, are) = match in_8_bits {
                true => ("floating-point weights", "in 8 bits"),
                false => ("weights of 8 bits", "floating-point"),
            };
            let fault = format!("it speaks of {says}, but those in the file are {are}");
            return Err(CheckpointError::Card(fault));
        }
        weights.check_finite()?;
        Ok(Self {
            card,
            weights,
            trained_on,
        })
    }

    /// The bytes of the `.safetensors` file, with weights stored at `precision`, which the card in it
    /// states.
    ///
    /// Weights that were read from a file of the same precision are written bit by bit as there.
    ///
    /// # Errors
    /// [`CheckpointError::Card`] where a value of the card is wrong, and
    /// [`CheckpointError::NotFinite`] where a weight is not finite, or too large for f16.
    pub fn write(&self, precision: Precision) -> Result<Vec<u8>, CheckpointError> {
        let mut card = self.card.clone();
        card.check()?;
        card.weight_bits = (precision == Precision::Int8).then_some(ModelCard::WEIGHT_BITS);
        let entry = Entry {
            card: &card,
            trained_on: self.trained_on.as_deref(),
        };
        let entry = serde_json::to_string(&entry)
            .map_err(|error| CheckpointError::Card(error.to_string()))?;
        self.weights
            .write(precision, HashMap::from([(CARD_KEY.to_string(), entry)]))
    }

    /// The same network for inputs of `side` pixels. A transformer's position embeddings are
    /// resampled; the other networks need no change.
    ///
    /// # Errors
    /// [`ArchitectureError::InputSide`] where the side does not fit.
    pub fn resample(&mut self, side: usize) -> Result<(), ArchitectureError> {
        self.card.architecture = self.card.architecture.clone().with_input_side(side)?;
        match &mut self.card.task {
            Task::Classify(task) => task.input.side = side as u32,
            Task::Segment(task) => task.input.side = side as u32,
        }
        let Architecture::Vit(VitConfig { grid, .. }) = self.card.architecture else {
            return Ok(());
        };
        if let Some(positions) = self.weights.0.get_mut("positions") {
            let learned = Tensor::from_data(positions.clone(), &Device::flex());
            *positions = resample_positions(learned, grid, grid).into_data().into();
        }
        Ok(())
    }

    /// The network with these weights, on the CPU and ready to run: see [`Model::folded`].
    ///
    /// # Errors
    /// As [`model`](Self::model).
    pub fn folded(self) -> Result<FoldedModel, CheckpointError> {
        let normalisation = self.card.classification()?.normalisation();
        Ok(self.model(&Device::flex())?.folded(normalisation))
    }

    /// The network with these weights, on `device`.
    ///
    /// # Errors
    /// [`CheckpointError::Weights`], naming each tensor that is missing, surplus or misshapen, and
    /// [`CheckpointError::NotAClassifier`].
    pub fn model(self, device: &Device) -> Result<Model, CheckpointError> {
        let architecture = &self.card.architecture;
        let features = self.card.classification()?.features.len();
        let model = architecture.init(features, 0.0, device);
        self.weights
            .apply(model)
            .map_err(|faults| CheckpointError::Weights {
                architecture: architecture.name().into(),
                faults,
            })
    }

    /// The network that finds nuclei with these weights, on `device`.
    ///
    /// # Errors
    /// [`CheckpointError::Weights`], [`CheckpointError::NotASegmenter`], and
    /// [`CheckpointError::Card`] where the architecture is no encoder of a segmenter.
    pub fn segmenter(self, device: &Device) -> Result<Segmenter<Trainable>, CheckpointError> {
        let architecture = &self.card.architecture;
        let task = self.card.segmentation()?;
        let network = Segmenter::new(architecture, task.width, task.rays, device)
            .map_err(|error| CheckpointError::Card(error.to_string()))?;
        self.weights
            .apply(network)
            .map_err(|faults| CheckpointError::Weights {
                architecture: format!("a segmenter with {}", architecture.name()),
                faults,
            })
    }
}
