//! A trained network on a device, from cell images to predictions.

use burn::tensor::{Device, Tensor};

use super::error::ClassifyError;
use super::flip::Flip;
use super::prediction::Prediction;
use crate::checkpoint::verify::{Verification, VerifyError, verify};
use crate::checkpoint::{Checkpoint, CheckpointError, ClassifierCard};
use crate::image::{CellImage, RgbImage, decode};
use crate::kernels;
use crate::model::{Evidence, EvidenceHead, FoldedModel, Insight, Pixels};

/// Images in one forward pass: enough to keep a device busy, little enough to fit a small one.
pub(crate) const BATCH: usize = 16;

/// A trained network on a device, with its card.
#[derive(Debug)]
pub struct Classifier {
    model: FoldedModel,
    /// `None` for a backbone without a head.
    evidence_head: Option<EvidenceHead>,
    card: ClassifierCard,
    device: Device,
    flips: bool,
}

impl Classifier {
    /// Puts a checkpoint's network on `device`. A backbone without a head gives features, but
    /// classifies nothing.
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

    /// A copy on another device, of a classifier on the CPU of this process.
    #[cfg(all(feature = "webgpu", target_family = "wasm"))] // Only the browser compares two devices.
    pub(crate) fn copied_to(&self, device: Device) -> Self {
        Self {
            evidence_head: self.evidence_head.clone(),
            model: self.model.clone().on(&device),
            card: self.card.clone(),
            device,
            flips: self.flips,
        }
    }

    /// Whether to read every image four times (as it is, mirrored, upside down, and both) and to
    /// answer with the mean of the probabilities. A nucleus has no right way up, and the mean errs
    /// less than one look. It takes four times as long. The default is off.
    pub fn with_flips(mut self, flips: bool) -> Self {
        self.flips = flips;
        self
    }

    /// The model card.
    pub fn card(&self) -> &ClassifierCard {
        &self.card
    }

    /// The bytes of one image file of a cell → its prediction.
    ///
    /// # Errors
    /// [`ClassifyError`], written for the person who chose the file; also for a field, and for a
    /// picture that shows nothing.
    pub async fn read(&self, file: &[u8]) -> Result<Prediction, ClassifyError> {
        let picture = decode(file)?;
        let size = picture.dimensions();
        self.read_cell(CellImage::recognised(picture)?, size).await
    }

    /// A picture, whatever it shows, read as one of a cell → its prediction.
    ///
    /// # Errors
    /// As [`probabilities`](Self::probabilities).
    pub async fn read_picture(&self, picture: RgbImage) -> Result<Prediction, ClassifyError> {
        let size = picture.dimensions();
        self.read_cell(CellImage::of_any(picture), size).await
    }

    /// The prediction of a cell image whose picture had another size.
    async fn read_cell(
        &self,
        cell: CellImage,
        (width, height): (u32, u32),
    ) -> Result<Prediction, ClassifyError> {
        let mut prediction = self.classify_cells(&[cell]).await?.remove(0);
        prediction.notice = (width.max(height) > CellImage::SIDE).then(|| {
            let side = CellImage::SIDE;
            format!(
                "shrunk from {width}×{height} to fit {side}×{side} px: features that depend on \
                 size, such as Enlargement, may be off"
            )
        });
        Ok(prediction)
    }

    /// Cell images → a prediction each.
    ///
    /// # Errors
    /// As [`probabilities`](Self::probabilities).
    pub async fn classify_cells(
        &self,
        cells: &[CellImage],
    ) -> Result<Vec<Prediction>, ClassifyError> {
        let probabilities = self.probabilities(cells).await?;
        Ok(probabilities
            .chunks_exact(self.card.task.features.len())
            .map(|probabilities| Prediction::new(&self.card, probabilities))
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

    /// Cell images → logits `[cells, features]`, row after row; for a backbone `[cells, channels]`.
    /// Each image is read once, as it is, with [`with_flips`](Self::with_flips) too.
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

    /// One view of each cell → logits, row after row.
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

    /// Pictures of the input's side → logits, row after row, in as few passes as the device allows.
    pub(crate) async fn pass(&self, pictures: &[RgbImage]) -> Result<Vec<f32>, ClassifyError> {
        let mut rows = Vec::new();
        for pictures in pictures.chunks(kernels::images_at_once(&self.device)) {
            rows.extend(answers(self.model.forward(self.pixels(pictures))).await?);
        }
        Ok(rows)
    }

    /// Pictures of the input's side → for each the evidence of its places; in one pass, however many
    /// pictures there are.
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
        let Insight { attention, last } = self.model.insight(self.pixels(pictures));
        let mut insight = Insight {
            attention: Vec::new(),
            last: answers(last).await?,
        };
        for tensor in attention {
            insight.attention.push(answers(tensor).await?);
        }
        let images = pictures.len();
        Ok((0..images)
            .map(|image| head.evidence(&insight.of_image(image, images)))
            .collect())
    }

    /// Pictures of the input's side as the network takes them.
    fn pixels(&self, pictures: &[RgbImage]) -> Pixels {
        let side = self.card.task.input.side as usize;
        let colours = pictures.iter().flat_map(RgbImage::pixels);
        let colours = colours.map(|pixel| pixel.0.map(|value| f32::from(value) / 255.0));
        Pixels::new(colours, [pictures.len(), side, side], &self.device)
    }

    /// Compares this network's answers with a reference, see [`verify`](mod@crate::checkpoint::verify).
    ///
    /// # Errors
    /// As [`verify`].
    pub async fn verify(&self, reference: &[u8]) -> Result<Verification, VerifyError> {
        verify(&self.model, &self.card, reference, &self.device).await
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
