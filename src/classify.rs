//! The one path from pixels to predictions.
//!
//! The command line, the evaluation and the page all call [`Classifier`]: they share one
//! preprocessing, one forward pass and one thresholding, on any device.

use ::image::imageops::{flip_horizontal_in_place, flip_vertical_in_place};
use burn::tensor::{Device, ExecutionError, Tensor};
use serde::Serialize;
use thiserror::Error;

use crate::checkpoint::verify::{Verification, VerifyError, verify};
use crate::checkpoint::{Checkpoint, CheckpointError, ClassifierCard};
use crate::image::{CellImage, DecodeError, NotACell, RgbImage, decode};
use crate::kernels;
use crate::model::{Evidence, EvidenceHead, Model};
use crate::nuclei::Risk;

/// Images in one forward pass: enough to keep a device busy, little enough to fit a small one.
pub(crate) const BATCH: usize = 16;

/// A trained network on a device, with all it takes to read cell images.
#[derive(Debug)]
pub struct Classifier {
    model: Model,
    /// `None` for a backbone without a head.
    evidence_head: Option<EvidenceHead>,
    card: ClassifierCard,
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
    /// [`Classification::unsure`](crate::checkpoint::Classification::unsure): with other validation cells the call might have been the other one.
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
    /// [`CheckpointError::Weights`] where the weights do not fit the card, and
    /// [`CheckpointError::NotAClassifier`] where the network does not name features.
    pub fn new(checkpoint: Checkpoint, device: Device) -> Result<Self, CheckpointError> {
        let card = checkpoint.card.clone().into_classifier()?;
        let folded = checkpoint.folded()?;
        Ok(Self {
            evidence_head: folded.evidence_head(),
            model: folded.on(&device),
            card,
            device,
            flips: false,
        })
    }

    /// The same on another device. Only of one on the CPU of this process.
    #[cfg(all(feature = "webgpu", target_family = "wasm"))] // Only a browser with a GPU asks two devices.
    pub(crate) fn copied_to(&self, device: Device) -> Self {
        Self {
            evidence_head: self.evidence_head.clone(),
            model: self.model.clone().on(&device),
            card: self.card.clone(),
            device,
            flips: self.flips,
        }
    }

    /// Whether to read every image four times, as it is, mirrored, upside down and both, and to
    /// answer with the mean of the probabilities: a nucleus has no right way up, and the mean
    /// errs less than one look. It takes four times as long; it is off at first.
    pub fn with_flips(mut self, flips: bool) -> Self {
        self.flips = flips;
        self
    }

    /// The model card.
    pub fn card(&self) -> &ClassifierCard {
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
            .chunks_exact(self.card.task.features.len())
            .map(|p| self.predict(p))
            .collect())
    }

    /// Cell images → probabilities `[cells, features]`, row after row.
    ///
    /// # Errors
    /// [`ClassifyError::NoHead`], [`ClassifyError::Device`] and [`ClassifyError::NotANumber`].
    pub async fn probabilities(&self, cells: &[CellImage]) -> Result<Vec<f32>, ClassifyError> {
        self.check_head()?;
        let views: &[Flip] = if self.flips {
            &Flip::ALL
        } else {
            &[Flip::NONE]
        };
        let mut mean = Vec::new();
        for view in views {
            let logits = self.forward(cells, *view).await?;
            mean.resize(logits.len(), 0.0);
            let share = 1.0 / views.len() as f32;
            for (mean, logit) in mean.iter_mut().zip(logits) {
                *mean += sigmoid(logit) * share;
            }
        }
        Ok(mean)
    }

    /// Cell images → what the network answers, `[cells, logits]`, row after row; for a backbone
    /// its features. Each image is read once, as it is, whatever
    /// [`with_flips`](Self::with_flips) says.
    ///
    /// # Errors
    /// [`ClassifyError::Device`] and [`ClassifyError::NotANumber`].
    pub async fn logits(&self, cells: &[CellImage]) -> Result<Vec<f32>, ClassifyError> {
        self.forward(cells, Flip::NONE).await
    }

    fn check_head(&self) -> Result<(), ClassifyError> {
        match self.card.task.features.is_empty() {
            true => Err(ClassifyError::NoHead {
                name: self.card.name.clone(),
            }),
            false => Ok(()),
        }
    }

    async fn forward(&self, cells: &[CellImage], view: Flip) -> Result<Vec<f32>, ClassifyError> {
        let mut answers = Vec::new();
        for cells in cells.chunks(BATCH) {
            let pictures = cells
                .iter()
                .map(|cell| view.of(self.card.task.input.resized(cell)));
            answers.extend(self.pass(&pictures.collect::<Vec<_>>()).await?);
        }
        Ok(answers)
    }

    /// Pictures of the input's side → logits, row after row, in one pass where the device is not
    /// better off with several.
    pub(crate) async fn pass(&self, pictures: &[RgbImage]) -> Result<Vec<f32>, ClassifyError> {
        let mut rows = Vec::new();
        for pictures in pictures.chunks(kernels::images_at_once(&self.device)) {
            rows.extend(answers(self.model.forward(self.images(pictures))).await?);
        }
        Ok(rows)
    }

    /// Pictures of the input's side → what each place of each adds to each logit; one pass, however
    /// many they are.
    ///
    /// # Errors
    /// As [`probabilities`](Self::probabilities).
    pub(crate) async fn evidence(
        &self,
        pictures: &[RgbImage],
    ) -> Result<Vec<Evidence>, ClassifyError> {
        self.check_head()?;
        let Some(head) = &self.evidence_head else {
            return Ok(Vec::new());
        };
        let mut insight = Vec::new();
        for tensor in self.model.insight(self.images(pictures)) {
            insight.push(answers(tensor).await?);
        }
        let of_picture = |picture: usize| {
            let rows: Vec<&[f32]> = insight
                .iter()
                .map(|rows| {
                    let width = rows.len() / pictures.len();
                    &rows[picture * width..][..width]
                })
                .collect();
            head.evidence(&rows)
        };
        Ok((0..pictures.len()).map(of_picture).collect())
    }

    /// Pictures of the input's side as the network takes them.
    fn images(&self, pictures: &[RgbImage]) -> Tensor<4> {
        let side = self.card.task.input.side as usize;
        let pixels = pictures.iter().flat_map(RgbImage::pixels);
        let colours = pixels.map(|pixel| pixel.0.map(|value| f32::from(value) / 255.0));
        Model::images(colours, [pictures.len(), side, side], &self.device)
    }

    /// Compares this network's answers with a reference, see [`verify`](mod@crate::checkpoint::verify).
    ///
    /// # Errors
    /// As [`verify`].
    pub async fn verify(&self, reference: &[u8]) -> Result<Verification, VerifyError> {
        verify(&self.model, &self.card, reference, &self.device).await
    }

    fn predict(&self, probabilities: &[f32]) -> Prediction {
        let task = &self.card.task;
        let names = task.features.names().iter();
        let features: Vec<_> = names
            .zip(task.call_rules())
            .zip(probabilities)
            .map(|((name, rule), &probability)| {
                let call = rule.call(probability.into(), None);
                FeaturePrediction {
                    name: name.clone(),
                    probability,
                    threshold: rule.threshold,
                    present: call.present,
                    unsure: call.unsure,
                }
            })
            .collect();
        let present: Vec<bool> = features.iter().map(|feature| feature.present).collect();
        Prediction {
            risk: task.features.risk(&present),
            features,
            notice: None,
        }
    }
}

/// A device's answers, row after row.
async fn answers(tensor: Tensor<2>) -> Result<Vec<f32>, ClassifyError> {
    let answers: Vec<f32> = tensor.into_data_async().await?.iter::<f32>().collect();
    match answers.iter().all(|answer| answer.is_finite()) {
        true => Ok(answers),
        false => Err(ClassifyError::NotANumber),
    }
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// A picture turned around or not, along either side.
#[derive(Clone, Copy, Debug)]
struct Flip {
    mirrored: bool,
    upside_down: bool,
}

impl Flip {
    const NONE: Self = Self {
        mirrored: false,
        upside_down: false,
    };
    const ALL: [Self; 4] = [
        Self::NONE,
        Self {
            mirrored: true,
            upside_down: false,
        },
        Self {
            mirrored: false,
            upside_down: true,
        },
        Self {
            mirrored: true,
            upside_down: true,
        },
    ];

    fn of(self, mut picture: RgbImage) -> RgbImage {
        if self.mirrored {
            flip_horizontal_in_place(&mut picture);
        }
        if self.upside_down {
            flip_vertical_in_place(&mut picture);
        }
        picture
    }
}
