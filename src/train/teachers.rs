//! Trained networks whose answers another one learns beside the labels.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};

use super::run::MODEL_FILE;
use crate::checkpoint::Checkpoint;
use crate::image::InputSpec;
use crate::model::Model;
use crate::nuclei::FeatureSet;

/// Networks that only answer.
#[derive(Debug, Default)]
pub struct Teachers {
    /// Each with the index of its input among [`Teachers::inputs`].
    models: Vec<(Model, usize)>,
    inputs: Vec<InputSpec>,
    temperature: f64,
    device: Device,
}

impl Teachers {
    /// Reads the models of runs' folders, or checkpoints, that name `features`.
    ///
    /// # Errors
    /// A file that is no checkpoint, or one that names other features.
    pub fn read(
        paths: &[PathBuf],
        features: &FeatureSet,
        temperature: f64,
        device: &Device,
    ) -> Result<Self> {
        let mut teachers = Self {
            temperature,
            device: device.clone(),
            ..Self::default()
        };
        for path in paths {
            let path = model_file(path);
            let context = || format!("cannot learn from {}", path.display());
            let bytes = std::fs::read(&path).with_context(context)?;
            let checkpoint = Checkpoint::read(&bytes).with_context(context)?;
            let known = &checkpoint.card.features;
            ensure!(
                known == features,
                "{} names the features {}, the data {}",
                path.display(),
                known.names().join(", "),
                features.names().join(", ")
            );
            let input = &checkpoint.card.input;
            let index = teachers.inputs.iter().position(|known| known == input);
            let index = index.unwrap_or_else(|| {
                teachers.inputs.push(input.clone());
                teachers.inputs.len() - 1
            });
            let model = checkpoint.model(device).with_context(context)?;
            teachers.models.push((model, index));
        }
        Ok(teachers)
    }

    /// The different inputs that the teachers read.
    pub fn inputs(&self) -> &[InputSpec] {
        &self.inputs
    }

    /// A batch for each of [`Teachers::inputs`], `[batch, 3, side, side]` → the mean over the
    /// teachers of sigmoid(logits / T), `[batch, features]`; `None` without a teacher. Where
    /// several devices train, the teachers answer on the first.
    pub fn probabilities(&self, images: Vec<Tensor<4>>) -> Option<Tensor<2>> {
        let home = images.first()?.device();
        let images: Vec<_> = images
            .into_iter()
            .map(|images| images.to_device(&self.device))
            .collect();
        let answers = self.models.iter().map(|(model, input)| {
            let logits = model.forward(images[*input].clone());
            sigmoid(logits / self.temperature)
        });
        let sum = answers.reduce(|sum, answer| sum + answer)?;
        Some((sum / self.models.len() as f64).to_device(&home))
    }
}

/// The checkpoint itself, or that of a run's folder.
fn model_file(path: &Path) -> PathBuf {
    match path.is_dir() {
        true => path.join(MODEL_FILE),
        false => path.into(),
    }
}
