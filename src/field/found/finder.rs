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
use crate::field::MicrometresPerPixel;
use crate::image::TileSpec;
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

    /// A copy on another device, of a finder on the CPU of this process.
    #[cfg(all(feature = "webgpu", target_family = "wasm"))] // Only the browser compares two devices.
    pub(crate) fn copied_to(&self, device: Device) -> Self {
        Self {
            network: self.network.clone().on(&device),
            card: self.card.clone(),
            task: self.task.clone(),
            device,
        }
    }

    /// The model card.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// Points of every outline.
    pub fn rays(&self) -> usize {
        self.task.rays
    }

    /// How many pixels of a field of this scale stand for one pixel of the fields that the network was
    /// trained on. A card that does not tell their scale is of the study's fields.
    pub fn enlarged(&self, scale: MicrometresPerPixel) -> f32 {
        let TileSpec {
            micrometres_per_pixel: of_input,
            scale: input_scale,
            ..
        } = self.task.input;
        let told = of_input.and_then(|size| MicrometresPerPixel::new((size * input_scale).into()));
        let trained = told.unwrap_or(MicrometresPerPixel::OF_THE_STUDY);
        trained.enlargement_to(scale) as f32
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
        let found = self.find_at(field, enlarged.unwrap_or(1.0)).await?;
        match self.enlargement(&found).filter(|_| enlarged.is_none()) {
            Some(enlarged) => self.find_at(field, enlarged).await,
            None => Ok(found),
        }
    }

    /// As [`find`](Self::find), at a known scale.
    async fn find_at(&self, field: &RgbImage, enlarged: f32) -> Result<Vec<Found>, FindError> {
        let size = [field.width(), field.height()];
        let mut found = Vec::new();
        for tile in self.tiles(size, enlarged) {
            let [columns, rows] = &tile.seen;
            let (width, height) = (columns.len() as u32, rows.len() as u32);
            let seen = imageops::crop_imm(field, columns.start, rows.start, width, height);
            found.extend(self.read(&seen.to_image(), &tile, enlarged).await?);
        }
        Ok(self.join(found, size))
    }

    /// The tiles that a field of `[width, height]` pixels is read in, in pixels of the field. Each is
    /// brought to the network's scale by itself, so that workers can share them and no field is ever
    /// resized as a whole.
    pub fn tiles(&self, [width, height]: [u32; 2], enlarged: f32) -> Vec<Tile> {
        let scale = self.scale(enlarged);
        let side = (self.task.input.side as f32 / scale).max(1.0) as u32;
        tiles(width, height, side, (MARGIN as f32 / scale).ceil() as u32)
    }

    /// The objects of a tile's own part, in pixels of the field, of which the tile sees the pixels `seen`.
    /// Outlines may leave the field.
    ///
    /// # Errors
    /// [`FindError`].
    pub async fn read(
        &self,
        seen: &RgbImage,
        tile: &Tile,
        enlarged: f32,
    ) -> Result<Vec<Found>, FindError> {
        let input = self.resized(seen, enlarged);
        let (answer, sides) = self.answer(&input).await?;
        let thresholds = Thresholds::of(&self.task);
        let mut found = polygons(&answer, sides, self.task.rays, thresholds);
        let back = |value: f32, axis: usize| {
            let [from, to] = [&input, seen].map(|image| [image.width(), image.height()][axis]);
            // Pixels are squares about whole numbers, so their edges lie half a pixel from these.
            tile.seen[axis].start as f32 + (value + 0.5) * to as f32 / from as f32 - 0.5
        };
        for found in &mut found {
            for point in found.points.iter_mut().chain([&mut found.middle]) {
                *point = [back(point[0], 0), back(point[1], 1)];
            }
        }
        let is_own = |found: &Found| {
            let middle = found.middle.map(|value| (value + 0.5).max(0.0) as u32);
            (0..2).all(|axis| tile.own[axis].contains(&middle[axis]))
        };
        found.retain(is_own);
        Ok(suppress(found, thresholds.overlap))
    }

    /// The network's answer to an input, `[rows, columns, channels]`, row by row.
    ///
    /// # Errors
    /// [`FindError`].
    pub(crate) async fn answer(
        &self,
        input: &RgbImage,
    ) -> Result<(Vec<f32>, [usize; 3]), FindError> {
        let answer = self.network.forward(self.pixels(input));
        let [_, rows, columns, channels] = answer.dims();
        let answer: Vec<f32> = answer.into_data_async().await?.iter::<f32>().collect();
        match answer.iter().all(|value| value.is_finite()) {
            true => Ok((answer, [rows, columns, channels])),
            false => Err(FindError::NotANumber),
        }
    }

    /// The objects of all tiles of a field of `[width, height]` pixels as those of the field: each once, and
    /// within the field.
    pub fn join(&self, found: Vec<Found>, size: [u32; 2]) -> Vec<Found> {
        let mut found = suppress(found, self.task.overlap_threshold as f32);
        let last = size.map(|side| side.saturating_sub(1) as f32);
        for found in &mut found {
            for point in found.points.iter_mut().chain([&mut found.middle]) {
                *point = [point[0].clamp(0.0, last[0]), point[1].clamp(0.0, last[1])];
            }
        }
        found
    }

    /// How many pixels of a field stand for one pixel of the fields that the network was trained on, by
    /// the nuclei that were found as if it was one; `None` where it is about one, and where the nuclei are
    /// too few to tell.
    pub fn enlargement(&self, found: &[Found]) -> Option<f32> {
        let nuclei = found.iter().filter(|found| found.is_read);
        let areas: Vec<Area> = nuclei.map(|found| Area::new(&found.points)).collect();
        if areas.len() < ENOUGH {
            return None;
        }
        let enlarged = median_diameter(areas)? * self.task.input.scale / self.task.diameter;
        (!(1.0 / MUCH..=MUCH).contains(&enlarged)).then_some(enlarged)
    }

    /// Pixels of the network's input for one pixel of a field.
    fn scale(&self, enlarged: f32) -> f32 {
        self.task.input.scale / enlarged
    }

    /// A part of a field at the scale of the network's input.
    fn resized(&self, part: &RgbImage, enlarged: f32) -> RgbImage {
        let scale = self.scale(enlarged);
        let side = |length: u32| ((length as f32 * scale).round() as u32).max(1);
        let (width, height) = (side(part.width()), side(part.height()));
        match (width, height) == part.dimensions() {
            true => part.clone(),
            false => imageops::resize(part, width, height, FilterType::Triangle),
        }
    }

    /// An input as the network takes it: its sides are multiples of the network's.
    fn pixels(&self, input: &RgbImage) -> Pixels {
        let [width, height] = [input.width(), input.height()].map(|side| {
            let side = side as usize;
            side.next_multiple_of(Segmenter::<Folded>::SIDES)
        });
        let colours = (0..height as u32).flat_map(|y| {
            (0..width as u32).map(move |x| match input.get_pixel_checked(x, y) {
                Some(pixel) => pixel.0.map(|value| f32::from(value) / 255.0),
                // The network's own padding has the mean colour.
                None => self.task.input.mean,
            })
        });
        Pixels::new(colours, [1, height, width], &self.device)
    }
}
