//! A network that finds nuclei, with its card, on a device.

use ::image::RgbImage;
use ::image::imageops::{self, FilterType};
use burn::tensor::{Device, ExecutionError};
use thiserror::Error;

use super::area::{Area, median_diameter};
use super::polygons::{Found, Thresholds, polygons};
use super::suppress::suppress;
use super::tiles::{Tile, tiles};
use crate::checkpoint::{Checkpoint, CheckpointError, ModelCard, Segmentation};
use crate::model::{Folded, Pixels, Segmenter};

/// Pixels around a tile's own part: the largest nuclei of the study's fields reach this far, and the
/// network sees what lies about them.
const MARGIN: u32 = 48;
/// So many nuclei tell the scale of a field.
const ENOUGH: usize = 10;
/// Nuclei so many times as large as those that the network was trained on, or as small, are much larger
/// or smaller. Among the study's fields the median differs less, but for one of half the magnification.
const MUCH: f32 = 1.5;

/// Why a field has no answer.
#[derive(Debug, Error)]
pub enum FindError {
    /// The device failed.
    #[error("the device failed: {0}")]
    Device(#[from] ExecutionError),
    /// The network's answer is not a number.
    #[error("the network gave an answer that is not a number")]
    NotANumber,
}

/// A trained segmenter on a device, with its card.
#[derive(Debug)]
pub struct Finder {
    network: Segmenter<Folded>,
    card: ModelCard,
    task: Segmentation,
    device: Device,
}

impl Finder {
    /// Puts a checkpoint's network on `device`.
    ///
    /// # Errors
    /// As [`Checkpoint::segmenter`].
    pub fn new(checkpoint: Checkpoint, device: Device) -> Result<Self, CheckpointError> {
        let card = checkpoint.card.clone();
        let task = card.segmentation()?.clone();
        let network = checkpoint.segmenter(&Device::flex())?;
        Ok(Self {
            network: network.folded(task.normalisation()).on(&device),
            card,
            task,
            device,
        })
    }

    /// The model card.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The nuclei of a field, and the objects that are to be left out, the most probable first.
    ///
    /// `enlarged` says how many pixels of `field` stand for one pixel of the fields that the network
    /// was trained on: 1 at their scale, 2 where nuclei are twice as large. Where nobody knows it, the
    /// field is read at their scale, and once more where its nuclei turn out much larger or smaller than
    /// theirs.
    ///
    /// # Errors
    /// [`FindError`].
    pub async fn find(
        &self,
        field: &RgbImage,
        enlarged: Option<f32>,
    ) -> Result<Vec<Found>, FindError> {
        if let Some(enlarged) = enlarged {
            return self.find_at(field, enlarged).await;
        }
        let found = self.find_at(field, 1.0).await?;
        match self.scale_of(&found) {
            Some(enlarged) => self.find_at(field, enlarged).await,
            None => Ok(found),
        }
    }

    /// The scale of a field by the nuclei that were found at the trained scale; `None` where that is the
    /// trained scale, or where they are too few to tell.
    fn scale_of(&self, found: &[Found]) -> Option<f32> {
        let nuclei = found.iter().filter(|found| found.is_read);
        let areas: Vec<Area> = nuclei.map(|found| Area::new(&found.points)).collect();
        if areas.len() < ENOUGH {
            return None;
        }
        let enlarged = median_diameter(areas)? * self.task.input.scale / self.task.diameter;
        (!(1.0 / MUCH..=MUCH).contains(&enlarged)).then_some(enlarged)
    }

    /// As [`find`](Self::find), at a known scale.
    async fn find_at(&self, field: &RgbImage, enlarged: f32) -> Result<Vec<Found>, FindError> {
        let input = self.resized(field, enlarged);
        let mut found = Vec::new();
        for tile in tiles(input.width(), input.height(), self.task.input.side, MARGIN) {
            found.extend(self.read(&input, &tile).await?);
        }
        let mut found = suppress(found, self.task.overlap_threshold as f32);
        let by = [0, 1].map(|axis| {
            let [from, to] = [&input, field].map(|image| [image.width(), image.height()][axis]);
            to as f32 / from as f32
        });
        let last = [field.width() - 1, field.height() - 1].map(|last| last as f32);
        // Pixels are squares about whole numbers, so their edges lie half a pixel from these.
        let back =
            |value: f32, axis: usize| ((value + 0.5) * by[axis] - 0.5).clamp(0.0, last[axis]);
        for found in &mut found {
            for point in found.points.iter_mut().chain([&mut found.middle]) {
                *point = [back(point[0], 0), back(point[1], 1)];
            }
        }
        Ok(found)
    }

    /// The field at the scale of the network's input.
    fn resized(&self, field: &RgbImage, enlarged: f32) -> RgbImage {
        let scale = self.task.input.scale / enlarged;
        let side = |length: u32| ((length as f32 * scale).round() as u32).max(1);
        let (width, height) = (side(field.width()), side(field.height()));
        match (width, height) == field.dimensions() {
            true => field.clone(),
            false => imageops::resize(field, width, height, FilterType::Triangle),
        }
    }

    /// The objects of a tile's own part, in pixels of the whole input.
    async fn read(&self, input: &RgbImage, tile: &Tile) -> Result<Vec<Found>, FindError> {
        let [columns, rows] = &tile.seen;
        let sides = [rows, columns].map(|range| {
            let side = range.len();
            side.next_multiple_of(Segmenter::<Folded>::SIDES)
        });
        let [height, width] = sides;
        let colours = (0..height as u32).flat_map(|y| {
            (0..width as u32).map(move |x| {
                let (x, y) = (columns.start + x, rows.start + y);
                match x < columns.end && y < rows.end {
                    true => input
                        .get_pixel(x, y)
                        .0
                        .map(|value| f32::from(value) / 255.0),
                    // The network's own padding has the mean colour.
                    false => self.task.input.mean,
                }
            })
        });
        let pixels = Pixels::new(colours, [1, height, width], &self.device);
        let answer = self.network.forward(pixels);
        let [_, rows, columns, channels] = answer.dims();
        let answer: Vec<f32> = answer.into_data_async().await?.iter::<f32>().collect();
        if answer.iter().any(|value| !value.is_finite()) {
            return Err(FindError::NotANumber);
        }
        let thresholds = Thresholds::of(&self.task);
        let sides = [rows, columns, channels];
        let mut found = polygons(&answer, sides, self.task.rays, thresholds);
        let first = [0, 1].map(|axis| tile.seen[axis].start as f32);
        for found in &mut found {
            for point in found.points.iter_mut().chain([&mut found.middle]) {
                *point = [point[0] + first[0], point[1] + first[1]];
            }
        }
        let is_own = |found: &Found| {
            let middle = found.middle.map(|value| (value + 0.5) as u32);
            (0..2).all(|axis| tile.own[axis].contains(&middle[axis]))
        };
        found.retain(is_own);
        Ok(suppress(found, thresholds.overlap))
    }
}
