//! What an epoch shows: the order of its cells, and each batch before it is a tensor.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rand::Rng;

use super::super::data::DataError;
use super::super::lessons::Lesson;
use super::super::random;
use super::Shuffle;
use crate::image::{CellImage, InputSpec};

/// Decoded images are kept in memory for the next epoch up to this many: 150 kB each, 1.2 GB in
/// all. Beyond it every epoch decodes anew.
const KEPT_IMAGES: usize = 8192;

/// What the epochs of one device show.
#[derive(Clone)]
pub struct Plan {
    cells: Arc<Vec<Cell>>,
    pub input: InputSpec,
    pub batch: usize,
    /// This device's part of an epoch, which is drawn from all cells.
    pub part: Range<usize>,
    /// What varies, and which features are rare.
    pub shuffle: Option<(Shuffle, Vec<bool>)>,
}

/// A lesson and, once it has been read, its image.
struct Cell {
    lesson: Lesson,
    image: OnceLock<CellImage>,
}

/// A batch on its way from the thread that makes it.
pub struct Prepared {
    pub images: Vec<f32>,
    pub targets: Vec<f32>,
    pub teachers: Vec<f32>,
    pub cells: usize,
    pub frozen: bool,
    pub share: f64,
}

impl Cell {
    fn read(&self) -> Result<CellImage, DataError> {
        match self.image.get() {
            Some(image) => Ok(image.clone()),
            None => self.lesson.record.read(),
        }
    }
}

impl Plan {
    pub fn new(
        lessons: Vec<Lesson>,
        input: InputSpec,
        batch: usize,
        shuffle: Option<Shuffle>,
    ) -> Self {
        let shuffle = shuffle.map(|shuffle| {
            let labels: Vec<&[bool]> = lessons.iter().map(|l| &*l.record.labels).collect();
            let rare = shuffle.cutmix.rare(&labels);
            (shuffle, rare)
        });
        let cell = |lesson| Cell {
            lesson,
            image: OnceLock::new(),
        };
        Self {
            part: 0..lessons.len(),
            cells: Arc::new(lessons.into_iter().map(cell).collect()),
            input,
            batch,
            shuffle,
        }
    }

    /// The same for a part of this one's part.
    pub fn slice(&self, part: Range<usize>) -> Self {
        Self {
            part: self.part.start + part.start..self.part.start + part.end,
            ..self.clone()
        }
    }

    /// Which cells this device's part of an epoch shows.
    pub fn order(&self, epoch: usize) -> Vec<usize> {
        let Some((shuffle, _)) = &self.shuffle else {
            return self.part.clone().collect();
        };
        let cells = self.cells.iter();
        let labels: Vec<&[bool]> = cells.map(|cell| &*cell.lesson.record.labels).collect();
        // Apart from every image's own source, see `prepare`.
        let mut random = random(shuffle.seed, &[epoch as u64, u64::MAX]);
        let order = shuffle.sampler.order(&labels, shuffle.rarity, &mut random);
        order[self.part.clone()].to_vec()
    }

    /// The image of the cell at `index`, varied.
    fn image(&self, index: usize, random: &mut impl Rng) -> Result<CellImage, DataError> {
        let cell = &self.cells[index];
        let image = cell.read()?;
        if self.cells.len() <= KEPT_IMAGES {
            let _ = cell.image.set(image.clone()); // It is there already: that is as good.
        }
        Ok(match &self.shuffle {
            Some((shuffle, _)) => shuffle.augment.apply(&image, random),
            None => image,
        })
    }

    /// The batch of `cells`, which the epoch shows from `first` on.
    pub fn prepare(
        &self,
        epoch: usize,
        first: usize,
        cells: &[usize],
    ) -> Result<Prepared, DataError> {
        let input = &self.input;
        let side = input.side as usize;
        let mut images = Vec::with_capacity(cells.len() * input.len());
        let mut targets = Vec::new();
        let mut teachers = Vec::new();
        for (position, &index) in cells.iter().enumerate() {
            let cell = &self.cells[index].lesson;
            let seed = self.shuffle.as_ref().map_or(0, |(shuffle, _)| shuffle.seed);
            let position = self.part.start + first + position;
            let mut random = random(seed, &[epoch as u64, position as u64]);
            let own = images.len();
            input.append(&self.image(index, &mut random)?, &mut images);
            let mixed = self.shuffle.as_ref().and_then(|(shuffle, rare)| {
                let cells = self.cells.len();
                let labels = &cell.record.labels;
                shuffle.cutmix.draw(labels, rare, cells, &mut random)
            });
            let Some((partner, cut)) = mixed else {
                targets.extend(&cell.targets);
                teachers.extend(cell.answer.iter().flatten());
                continue;
            };
            let mut other = Vec::with_capacity(input.len());
            input.append(&self.image(partner, &mut random)?, &mut other);
            cut.paste(&other, &mut images[own..], side);
            let partner = &self.cells[partner].lesson;
            targets.extend(cut.mix(&cell.targets, &partner.targets, side));
            if let (Some(own), Some(partner)) = (&cell.answer, &partner.answer) {
                teachers.extend(cut.mix(own, partner, side));
            }
        }
        let shuffle = self.shuffle.as_ref().map(|(shuffle, _)| shuffle);
        let frozen = shuffle.is_some_and(|shuffle| epoch <= shuffle.frozen_epochs);
        let share = shuffle.map_or(1.0, |shuffle| {
            let number = first / self.batch;
            let begun = number - number % shuffle.accumulate;
            let batches = self.part.len().div_ceil(self.batch) - begun;
            1.0 / (batches.min(shuffle.accumulate) * shuffle.devices) as f64
        });
        Ok(Prepared {
            images,
            targets,
            teachers,
            cells: cells.len(),
            frozen,
            share,
        })
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::super::augment::Augment;
    use super::super::super::cutmix::CutMix;
    use super::super::super::data::Record;
    use super::super::super::sampler::{Rarity, Sampler};
    use super::*;

    /// Batches of four of ten cells, grey ones with the first label and black ones with the second,
    /// of which teachers say the contrary.
    fn plan(folder: &TempDir, accumulate: usize, cutmix: f64) -> Plan {
        let lesson = |i: usize| {
            let path = folder.path().join(format!("{i}.png"));
            let grey = [200, 0][i % 2];
            let image = image::RgbImage::from_pixel(224, 224, image::Rgb([grey; 3]));
            image.save(&path).expect("an image");
            let labels = vec![i.is_multiple_of(2), !i.is_multiple_of(2)];
            let target = |label: bool| f32::from(u8::from(label));
            Lesson {
                targets: labels.iter().map(|&label| target(label)).collect(),
                answer: Some(labels.iter().map(|&label| target(!label)).collect()),
                record: Record {
                    id: i.to_string(),
                    path,
                    labels,
                },
            }
        };
        let still = Augment {
            flips: false,
            rotation: 0.0,
            jitter: 0.0,
        };
        let shuffle = Shuffle {
            sampler: Sampler::Uniform,
            rarity: Rarity::Sum,
            augment: still,
            cutmix: CutMix {
                probability: cutmix,
                rare_below: 1.0,
            },
            frozen_epochs: 0,
            accumulate,
            devices: 1,
            seed: 5,
        };
        let lessons = (0..10).map(lesson).collect();
        Plan::new(lessons, InputSpec::new(32), 4, Some(shuffle))
    }

    fn epoch(plan: &Plan) -> Vec<Prepared> {
        let order = plan.order(1);
        let batches = order.chunks(plan.batch).enumerate();
        let batches = batches.map(|(i, cells)| plan.prepare(1, i * plan.batch, cells));
        batches.collect::<Result<_, _>>().expect("batches")
    }

    #[test]
    fn batches_of_one_step_share_it_also_at_the_end_of_an_epoch() {
        let folder = TempDir::new().expect("a folder");
        let shares = |accumulate| -> Vec<f64> {
            let batches = epoch(&plan(&folder, accumulate, 0.0));
            batches.iter().map(|batch| batch.share).collect()
        };
        assert_eq!(shares(1), [1.0, 1.0, 1.0]);
        assert_eq!(shares(2), [0.5, 0.5, 1.0]);
        assert_eq!(shares(8), [1.0 / 3.0; 3]);
    }

    #[test]
    fn devices_share_one_epoch_drawn_from_all_cells() {
        let folder = TempDir::new().expect("a folder");
        let whole = plan(&folder, 1, 0.0);
        let [first, second] = [0..5, 5..10].map(|part| whole.slice(part).order(3));
        assert_eq!([first, second].concat(), whole.order(3));
        assert_ne!(whole.order(3), whole.order(4));
    }

    #[test]
    fn image_labels_and_what_teachers_say_are_mixed_by_the_same_share() {
        let folder = TempDir::new().expect("a folder");
        let mut mixed = 0;
        for batch in epoch(&plan(&folder, 1, 1.0)) {
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
        }
        assert!(mixed > 0);
    }
}
