//! The batches of labelled cells: the order of an epoch, and each image with its targets.
//!
//! The order of an epoch, the variation of each image and its partner in CutMix follow from the seed,
//! the epoch and the position alone.

use std::sync::OnceLock;

use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;

use super::augment::Augment;
use super::cutmix::CutMix;
use super::data::DataError;
use super::sampler::{Rarity, Sampler};
use super::targets::TrainingCell;
use crate::image::{CellImage, InputSpec};
use crate::train::run::{Place, Source, random};

/// Decoded images are kept in memory for the next epoch up to this many: 150 kB each, 1.2 GB in
/// all. Beyond it every epoch decodes anew.
const KEPT_IMAGES: usize = 8192;

/// A batch of cells on the device.
#[derive(Clone, Debug)]
pub struct CellBatch {
    /// `[batch, 3, side, side]`, for the network.
    pub images: Tensor<4>,
    /// `[batch, features]`, 0 to 1.
    pub targets: Tensor<2>,
    /// The answers of the teachers, `[batch, features]`.
    pub teachers: Option<Tensor<2>>,
}

/// How training varies its epochs. Validation has none of it.
#[derive(Clone, Debug)]
pub struct Variation {
    /// How cells are drawn.
    pub sampler: Sampler,
    /// The weight of a cell for the weighted sampler.
    pub rarity: Rarity,
    /// How images are varied.
    pub augment: Augment,
    /// How images are mixed.
    pub cutmix: CutMix,
    /// The run's seed.
    pub seed: u64,
}

/// The cells of one split as batches.
pub struct CellSource {
    cells: Vec<Cell>,
    input: InputSpec,
    /// The variation, and whether each feature is rare.
    variation: Option<(Variation, Vec<bool>)>,
}

/// A cell and, once it has been read, its image.
struct Cell {
    target: TrainingCell,
    image: OnceLock<CellImage>,
}

/// A batch before it is on the device.
pub struct PreparedCells {
    cells: usize,
    images: Vec<f32>,
    targets: Vec<f32>,
    teachers: Vec<f32>,
}

impl Cell {
    fn read(&self) -> Result<CellImage, DataError> {
        match self.image.get() {
            Some(image) => Ok(image.clone()),
            None => self.target.record.read(),
        }
    }

    fn labels(&self) -> &[bool] {
        &self.target.record.labels
    }
}

impl CellSource {
    /// Batches of `cells` for a network that takes `input`.
    pub fn new(cells: Vec<TrainingCell>, input: InputSpec, variation: Option<Variation>) -> Self {
        let cell = |target| Cell {
            target,
            image: OnceLock::new(),
        };
        let cells: Vec<Cell> = cells.into_iter().map(cell).collect();
        let labels: Vec<&[bool]> = cells.iter().map(Cell::labels).collect();
        let variation = variation.map(|variation| {
            let rare = variation.cutmix.rare(&labels);
            (variation, rare)
        });
        Self {
            cells,
            input,
            variation,
        }
    }

    /// The image of the cell at `index`, varied.
    fn image(&self, index: usize, random: &mut impl Rng) -> Result<CellImage, DataError> {
        let cell = &self.cells[index];
        let image = cell.read()?;
        if self.cells.len() <= KEPT_IMAGES {
            let _ = cell.image.set(image.clone()); // It is there already: that is as good.
        }
        Ok(match &self.variation {
            Some((variation, _)) => variation.augment.apply(&image, random),
            None => image,
        })
    }

    fn prepare(&self, items: &[usize], place: Place) -> Result<PreparedCells, DataError> {
        let input = &self.input;
        let side = input.side as usize;
        let mut images = Vec::with_capacity(items.len() * input.numbers());
        let mut targets = Vec::new();
        let mut teachers = Vec::new();
        let seed = self
            .variation
            .as_ref()
            .map_or(0, |(variation, _)| variation.seed);
        for (i, &index) in items.iter().enumerate() {
            let cell = &self.cells[index];
            let position = place.position + i;
            let mut random = random(seed, &[place.epoch as u64, position as u64]);
            let own = images.len();
            input.append(&self.image(index, &mut random)?, &mut images);
            let mixed = self.variation.as_ref().and_then(|(variation, rare)| {
                let cells = self.cells.len();
                let labels = cell.labels();
                variation.cutmix.draw(labels, rare, cells, &mut random)
            });
            let cell = &cell.target;
            let Some((partner, cut)) = mixed else {
                targets.extend(&cell.targets);
                teachers.extend(cell.answer.iter().flatten());
                continue;
            };
            let mut other = Vec::with_capacity(input.numbers());
            input.append(&self.image(partner, &mut random)?, &mut other);
            cut.paste(&other, &mut images[own..], side);
            let partner = &self.cells[partner].target;
            targets.extend(cut.mix(&cell.targets, &partner.targets, side));
            if let (Some(own), Some(partner)) = (&cell.answer, &partner.answer) {
                teachers.extend(cut.mix(own, partner, side));
            }
        }
        Ok(PreparedCells {
            cells: items.len(),
            images,
            targets,
            teachers,
        })
    }
}

impl Source for CellSource {
    const ITEMS: &'static str = "cells";

    type Batch = CellBatch;
    type Prepared = PreparedCells;

    fn items(&self) -> usize {
        self.cells.len()
    }

    fn order(&self, epoch: usize) -> Vec<usize> {
        let Some((variation, _)) = &self.variation else {
            return (0..self.cells.len()).collect();
        };
        let labels: Vec<&[bool]> = self.cells.iter().map(Cell::labels).collect();
        // Apart from every image's own source, see `prepare`.
        let mut random = random(variation.seed, &[epoch as u64, u64::MAX]);
        variation
            .sampler
            .order(&labels, variation.rarity, &mut random)
    }

    fn prepare(&self, items: &[usize], place: Place) -> Result<PreparedCells, DatasetError> {
        self.prepare(items, place).map_err(DatasetError::new)
    }

    fn batch(&self, prepared: PreparedCells, device: &Device) -> CellBatch {
        let PreparedCells {
            cells,
            images,
            targets,
            teachers,
        } = prepared;
        let side = self.input.side as usize;
        let matrix = |values: Vec<f32>| {
            let features = values.len() / cells;
            Tensor::from_data(TensorData::new(values, [cells, features]), device)
        };
        CellBatch {
            images: Tensor::from_data(TensorData::new(images, [cells, 3, side, side]), device),
            targets: matrix(targets),
            teachers: (!teachers.is_empty()).then(|| matrix(teachers)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::data::Record;
    use super::*;

    /// Ten cells, grey ones with the first label and black ones with the second; teachers say the
    /// contrary. All are mixed.
    fn mixed(folder: &TempDir) -> CellSource {
        let cell = |i: usize| {
            let path = folder.path().join(format!("{i}.png"));
            let grey = [200, 0][i % 2];
            let image = image::RgbImage::from_pixel(224, 224, image::Rgb([grey; 3]));
            image.save(&path).expect("an image");
            let labels = vec![i.is_multiple_of(2), !i.is_multiple_of(2)];
            let target = |label: bool| f32::from(u8::from(label));
            TrainingCell {
                targets: labels.iter().map(|&label| target(label)).collect(),
                answer: Some(labels.iter().map(|&label| target(!label)).collect()),
                record: Record {
                    id: i.to_string(),
                    path,
                    labels,
                },
            }
        };
        let variation = Variation {
            sampler: Sampler::Uniform,
            rarity: Rarity::Sum,
            augment: Augment {
                flips: false,
                rotation: 0.0,
                jitter: 0.0,
            },
            cutmix: CutMix {
                probability: 1.0,
                rare_below: 1.0,
            },
            seed: 5,
        };
        let cells = (0..10).map(cell).collect();
        CellSource::new(cells, InputSpec::new(32), Some(variation))
    }

    #[test]
    fn image_labels_and_answers_are_mixed_by_the_same_share() {
        let folder = TempDir::new().expect("a folder");
        let source = mixed(&folder);
        let place = Place {
            epoch: 1,
            position: 0,
            share: 1.0,
            is_frozen: false,
        };
        let batch = source.prepare(&source.order(1), place).expect("a batch");
        let mut mixed = 0;
        let pixels = batch.images.chunks_exact(3 * 32 * 32);
        let labels = batch
            .targets
            .chunks_exact(2)
            .zip(batch.teachers.chunks_exact(2));
        for (pixels, (labels, said)) in pixels.zip(labels) {
            let red = &pixels[..32 * 32];
            let grey = red.iter().filter(|&&value| value > 0.0).count();
            let share = grey as f32 / red.len() as f32;
            assert!((labels[0] - share).abs() < 1e-6, "{labels:?}, {share}");
            assert!(
                (labels[1] - (1.0 - share)).abs() < 1e-6,
                "{labels:?}, {share}"
            );
            assert!((said[0] - labels[1]).abs() < 1e-6, "{labels:?}, {said:?}");
            assert!((said[1] - labels[0]).abs() < 1e-6, "{labels:?}, {said:?}");
            mixed += usize::from(share > 0.0 && share < 1.0);
        }
        assert!(mixed > 0);
    }
}
