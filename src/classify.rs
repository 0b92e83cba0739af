//! The one path from pixels to predictions.
//!
//! The command line, the evaluation and the page all call [`Classifier`]: they share one
//! preprocessing, one forward pass and one thresholding, on any device.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, ExecutionError, Tensor, TensorData};
use serde::Serialize;
use thiserror::Error;

use crate::checkpoint::verify::{Verification, VerifyError, verify};
use crate::checkpoint::{Checkpoint, CheckpointError, ModelCard};
use crate::image::{CellImage, DecodeError, NotACell, RgbImage, decode};
use crate::model::Model;
use crate::nuclei::Risk;

/// Images in one forward pass: enough to keep a device busy, little enough to fit a small one.
pub(crate) const BATCH: usize = 16;

/// Rows and columns among the axes of an input, `[batch, 3, height, width]`.
const HEIGHT: usize = 2;
const WIDTH: usize = 3;

/// A trained network on a device, with all it takes to read cell images.
#[derive(Debug)]
pub struct Classifier {
    model: Model,
    card: ModelCard,
    device: Device,
    flips: bool,
}

/// What a network says of one nucleus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// One entry a feature, in the order of the model card.
    pub features: Vec<FeaturePrediction>,
    /// What the present features add up to; only where they are the nine nuclear features.
    pub risk: Option<Risk>,
    /// What a reader should know of how the image was taken.
    pub notice: Option<String>,
}

/// What a network says of one feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeaturePrediction {
    /// The feature's name.
    pub name: String,
    /// Sigmoid of the logit.
    pub probability: f32,
    /// The probability from which the feature is called present.
    pub threshold: f64,
    /// Whether it is.
    pub present: bool,
    /// Whether the probability is within the model card's band about the threshold, see
    /// [`ModelCard::unsure`]: with other validation cells the call might have been the other one.
    /// False where the card has no band.
    pub unsure: bool,
}

/// Why one image cannot be classified.
#[derive(Debug, Error)]
pub enum ClassifyError {
    /// There is nothing to classify with.
    #[error("{name} is a backbone without a head: it has not been trained to name features")]
    NoHead {
        /// The model's name.
        name: String,
    },
    /// The file is no image that can be read.
    #[error("the file {0}")]
    Decode(#[from] DecodeError),
    /// The image is not one of a single cell.
    #[error(transparent)]
    NotACell(#[from] NotACell),
    /// The device failed.
    #[error("the device did not give its answer: {0}")]
    Device(#[from] ExecutionError),
    /// There is no feature of this index.
    #[error("there is no feature {feature}: the model names {features}, counted from 0")]
    NoFeature {
        /// What was asked for.
        feature: usize,
        /// How many there are.
        features: usize,
    },
    /// The network answered with something that is no number.
    #[error("the network's answer is not a number; the device computes wrongly")]
    NotANumber,
}

impl Classifier {
    /// Puts a checkpoint's network on `device`. A backbone without a head can be compared with
    /// others, but classifies nothing.
    ///
    /// # Errors
    /// [`CheckpointError::Weights`] where the weights do not fit the card.
    pub fn new(checkpoint: &Checkpoint, device: Device) -> Result<Self, CheckpointError> {
        Ok(Self {
            model: checkpoint.model(&device)?,
            card: checkpoint.card.clone(),
            device,
            flips: false,
        })
    }

    /// Whether to read every image four times, as it is, mirrored, upside down and both, and to
    /// answer with the mean of the probabilities: a nucleus has no right way up, and the mean
    /// errs less than one look. It takes four times as long; it is off at first.
    pub fn with_flips(mut self, flips: bool) -> Self {
        self.flips = flips;
        self
    }

    /// The model card.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The bytes of one image file → what the network says of it.
    ///
    /// # Errors
    /// [`ClassifyError`], written for the person who chose the file.
    pub async fn read(&self, file: &[u8]) -> Result<Prediction, ClassifyError> {
        let picture = decode(file)?;
        let (width, height) = picture.dimensions();
        let mut prediction = self.classify(&[picture]).await?.remove(0);
        prediction.notice = (width.max(height) > CellImage::SIDE).then(|| {
            let side = CellImage::SIDE;
            format!(
                "shrunk from {width}×{height} to fit {side}×{side} px: features that depend on \
                 size, such as Enlargement, may be off"
            )
        });
        Ok(prediction)
    }

    /// Pictures of one cell each → what the network says of each.
    ///
    /// # Errors
    /// [`ClassifyError`] for the first picture that is not one of a cell, or a device that fails.
    pub async fn classify(&self, pictures: &[RgbImage]) -> Result<Vec<Prediction>, ClassifyError> {
        let cells = pictures
            .iter()
            .cloned()
            .map(CellImage::new)
            .collect::<Result<Vec<_>, _>>()?;
        let probabilities = self.probabilities(&cells).await?;
        Ok(probabilities
            .chunks_exact(self.card.features.len())
            .map(|p| self.predict(p))
            .collect())
    }

    /// Cell images → probabilities `[cells, features]`, row after row.
    ///
    /// # Errors
    /// [`ClassifyError::NoHead`], [`ClassifyError::Device`] and [`ClassifyError::NotANumber`].
    pub async fn probabilities(&self, cells: &[CellImage]) -> Result<Vec<f32>, ClassifyError> {
        self.check_head()?;
        self.look(cells, |input| sigmoid(self.model.forward(input)))
            .await
    }

    /// Cell images → for each its probabilities and what the head reads, `[features + channels]`,
    /// row after row; the mean over the flips where [`with_flips`](Self::with_flips) asks for
    /// them.
    ///
    /// # Errors
    /// As [`probabilities`](Self::probabilities).
    pub async fn probabilities_and_representations(
        &self,
        cells: &[CellImage],
    ) -> Result<Vec<f32>, ClassifyError> {
        self.check_head()?;
        self.look(cells, |input| {
            let read = self.model.features(input);
            let probabilities = sigmoid(self.model.classify(read.clone()));
            Tensor::cat(vec![probabilities, read], 1)
        })
        .await
    }

    /// Cell images → what the network answers, `[cells, logits]`, row after row; for a backbone
    /// its features. Each image is read once, as it is, whatever
    /// [`with_flips`](Self::with_flips) says.
    ///
    /// # Errors
    /// [`ClassifyError::Device`] and [`ClassifyError::NotANumber`].
    pub async fn logits(&self, cells: &[CellImage]) -> Result<Vec<f32>, ClassifyError> {
        self.forward(cells, |input| self.model.forward(input)).await
    }

    /// The network.
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    fn check_head(&self) -> Result<(), ClassifyError> {
        match self.card.features.is_empty() {
            true => Err(ClassifyError::NoHead {
                name: self.card.name.clone(),
            }),
            false => Ok(()),
        }
    }

    /// What `network` answers, to each image once or in its four flips.
    async fn look(
        &self,
        cells: &[CellImage],
        network: impl Fn(Tensor<4>) -> Tensor<2>,
    ) -> Result<Vec<f32>, ClassifyError> {
        match self.flips {
            true => self.forward(cells, |input| flipped(input, &network)).await,
            false => self.forward(cells, network).await,
        }
    }

    async fn forward(
        &self,
        cells: &[CellImage],
        network: impl Fn(Tensor<4>) -> Tensor<2>,
    ) -> Result<Vec<f32>, ClassifyError> {
        let mut answers = Vec::new();
        for cells in cells.chunks(BATCH) {
            let pictures = cells.iter().map(|cell| self.card.input.resized(cell));
            answers.extend(self.run(&pictures.collect::<Vec<_>>(), &network).await?);
        }
        Ok(answers)
    }

    /// What `network` answers to pictures of the input's side, row after row; one pass, however
    /// many they are.
    pub(crate) async fn run(
        &self,
        pictures: &[RgbImage],
        network: impl Fn(Tensor<4>) -> Tensor<2>,
    ) -> Result<Vec<f32>, ClassifyError> {
        let spec = &self.card.input;
        let mut input = Vec::with_capacity(pictures.len() * spec.len());
        for picture in pictures {
            spec.append_resized(picture, &mut input);
        }
        let side = spec.side as usize;
        let data = TensorData::new(input, [pictures.len(), 3, side, side]);
        let answer = network(Tensor::from_data(data, &self.device));
        let answers: Vec<f32> = answer.into_data_async().await?.iter::<f32>().collect();
        match answers.iter().all(|answer| answer.is_finite()) {
            true => Ok(answers),
            false => Err(ClassifyError::NotANumber),
        }
    }

    /// Compares this network's answers with a reference, see [`verify`](mod@crate::checkpoint::verify).
    ///
    /// # Errors
    /// As [`verify`].
    pub async fn verify(&self, reference: &[u8]) -> Result<Verification, VerifyError> {
        verify(
            &self.model,
            &self.card.architecture,
            reference,
            &self.device,
        )
        .await
    }

    fn predict(&self, probabilities: &[f32]) -> Prediction {
        let names = self.card.features.names();
        let features: Vec<_> = names
            .iter()
            .zip(&self.card.thresholds)
            .zip(probabilities)
            .enumerate()
            .map(|(i, ((name, &threshold), &probability))| {
                let exact = f64::from(probability);
                let band = self.card.unsure.get(i);
                FeaturePrediction {
                    name: name.clone(),
                    probability,
                    threshold,
                    present: exact >= threshold,
                    unsure: band.is_some_and(|[low, high]| (*low..=*high).contains(&exact)),
                }
            })
            .collect();
        let present: Vec<bool> = features.iter().map(|feature| feature.present).collect();
        Prediction {
            risk: self.card.features.risk(&present),
            features,
            notice: None,
        }
    }
}

/// The mean of what `network` answers to the four flips of an input, `[batch, answers]`.
fn flipped(input: Tensor<4>, network: impl Fn(Tensor<4>) -> Tensor<2>) -> Tensor<2> {
    let mirrored = input.clone().flip([WIDTH]);
    let views = [
        input.clone().flip([HEIGHT]),
        mirrored.clone().flip([HEIGHT]),
        mirrored,
    ];
    let count = views.len() + 1;
    let sum = views
        .into_iter()
        .fold(network(input), |sum, view| sum + network(view));
    sum / count as f32
}
