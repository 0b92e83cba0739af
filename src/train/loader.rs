//! Batches, made by a thread of their own while the network works on the last one.
//!
//! The order of an epoch, the augmentation of each image and its partner in CutMix follow from
//! the seed, the epoch and the position alone. burn's own multi-threaded loader takes its order
//! from a generator whose state a resumed run does not have; this one repeats.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;

use super::augment::Augment;
use super::cutmix::CutMix;
use super::data::DataError;
use super::lessons::Lesson;
use super::random;
use super::sampler::{Rarity, Sampler};
use super::timing::Timing;
use crate::image::{CellImage, InputSpec};

/// Batches made ahead: one being read, one waiting.
const AHEAD: usize = 2;
/// Decoded images are kept in memory for the next epoch up to this many: 150 kB each, 1.2 GB in
/// all. Beyond it every epoch decodes anew.
const KEPT_IMAGES: usize = 8192;

/// What a training step takes.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[batch, 3, side, side]`, for the network.
    pub images: Tensor<4>,
    /// `[batch, features]`, 0 to 1.
    pub targets: Tensor<2>,
    /// What the teachers say, `[batch, features]`.
    pub teachers: Option<Tensor<2>>,
    /// What the head of the one teacher reads, `[batch, channels]`.
    pub representations: Option<Tensor<2>>,
    /// Only the head learns from this batch.
    pub frozen: bool,
    /// What its gradient counts in a step that several batches or devices share.
    pub share: f64,
}

/// What varies from epoch to epoch while training; validation has none of it.
#[derive(Clone, Debug)]
pub struct Shuffle {
    /// How cells are drawn.
    pub sampler: Sampler,
    /// What a cell weighs for the weighted sampler.
    pub rarity: Rarity,
    /// How images are varied.
    pub augment: Augment,
    /// How images are mixed.
    pub cutmix: CutMix,
    /// Epochs at the start in which only the head learns.
    pub frozen_epochs: usize,
    /// Batches a step, on each device; the last step of an epoch may have fewer.
    pub accumulate: usize,
    /// Devices that share a step.
    pub devices: usize,
    /// The run's seed.
    pub seed: u64,
}

/// The cells of one split as batches.
pub struct Loader {
    plan: Arc<Plan>,
    /// The epoch that the next iteration is, from 1.
    epoch: Arc<AtomicUsize>,
    timing: Timing,
    device: Device,
}

struct Plan {
    cells: Vec<Cell>,
    input: InputSpec,
    batch: usize,
    /// Where these cells begin among those of all devices.
    start: usize,
    /// What varies, and which features are rare.
    shuffle: Option<(Shuffle, Vec<bool>)>,
}

/// A lesson and, once it has been read, its image.
#[derive(Clone)]
struct Cell {
    lesson: Lesson,
    image: OnceLock<CellImage>,
}

/// A batch on its way from the thread that makes it.
struct Prepared {
    images: Vec<f32>,
    targets: Vec<f32>,
    teachers: Vec<f32>,
    representations: Vec<f32>,
    cells: usize,
    frozen: bool,
    share: f64,
}

impl Loader {
    /// Batches of `batch` cells on `device`; `first_epoch` counts from 1. What a batch is waited for
    /// is added to `timing`.
    pub fn new(
        lessons: Vec<Lesson>,
        input: InputSpec,
        batch: usize,
        shuffle: Option<Shuffle>,
        first_epoch: usize,
        timing: Timing,
        device: &Device,
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
            plan: Arc::new(Plan {
                cells: lessons.into_iter().map(cell).collect(),
                input,
                batch,
                start: 0,
                shuffle,
            }),
            epoch: Arc::new(AtomicUsize::new(first_epoch)),
            timing,
            device: device.clone(),
        }
    }
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
    fn order(&self, epoch: usize) -> Vec<usize> {
        let Some((shuffle, _)) = &self.shuffle else {
            return (0..self.cells.len()).collect();
        };
        let cells = self.cells.iter();
        let labels: Vec<&[bool]> = cells.map(|cell| &*cell.lesson.record.labels).collect();
        // Apart from every image's own source, see `prepare`.
        let path = [epoch as u64, u64::MAX - self.start as u64];
        let mut random = random(shuffle.seed, &path);
        shuffle.sampler.order(&labels, shuffle.rarity, &mut random)
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

    fn prepare(&self, epoch: usize, first: usize, cells: &[usize]) -> Result<Prepared, DataError> {
        let input = &self.input;
        let side = input.side as usize;
        let mut images = Vec::with_capacity(cells.len() * input.len());
        let mut targets = Vec::new();
        let mut teachers = Vec::new();
        let mut representations = Vec::new();
        for (position, &index) in cells.iter().enumerate() {
            let cell = &self.cells[index].lesson;
            let seed = self.shuffle.as_ref().map_or(0, |(shuffle, _)| shuffle.seed);
            let position = self.start + first + position;
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
                if let Some(answer) = &cell.answer {
                    teachers.extend(&answer.probabilities);
                    representations.extend(&answer.representation);
                }
                continue;
            };
            let mut other = Vec::with_capacity(input.len());
            input.append(&self.image(partner, &mut random)?, &mut other);
            cut.paste(&other, &mut images[own..], side);
            let partner = &self.cells[partner].lesson;
            targets.extend(cut.mix(&cell.targets, &partner.targets, side));
            if let (Some(own), Some(partner)) = (&cell.answer, &partner.answer) {
                teachers.extend(cut.mix(&own.probabilities, &partner.probabilities, side));
                let [own, partner] = [own, partner].map(|answer| &answer.representation);
                representations.extend(cut.mix(own, partner, side));
            }
        }
        let shuffle = self.shuffle.as_ref().map(|(shuffle, _)| shuffle);
        let frozen = shuffle.is_some_and(|shuffle| epoch <= shuffle.frozen_epochs);
        let share = shuffle.map_or(1.0, |shuffle| {
            let number = first / self.batch;
            let begun = number - number % shuffle.accumulate;
            let batches = self.cells.len().div_ceil(self.batch) - begun;
            1.0 / (batches.min(shuffle.accumulate) * shuffle.devices) as f64
        });
        Ok(Prepared {
            images,
            targets,
            teachers,
            representations,
            cells: cells.len(),
            frozen,
            share,
        })
    }
}

impl DataLoader<Batch> for Loader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst);
        if let Some((shuffle, _)) = &self.plan.shuffle {
            // Stochastic depth draws from the device's own source: it starts anew each epoch, so
            // that a resumed run draws what the uninterrupted one did.
            self.device.seed(shuffle.seed.wrapping_add(epoch as u64));
        }
        let plan = self.plan.clone();
        let total = plan.cells.len();
        let (sender, receiver) = sync_channel(AHEAD);
        let thread = std::thread::spawn(move || {
            let order = plan.order(epoch);
            for (i, cells) in order.chunks(plan.batch).enumerate() {
                let prepared = plan.prepare(epoch, i * plan.batch, cells);
                let failed = prepared.is_err();
                // The receiver is gone when training stops early.
                if sender.send(prepared).is_err() || failed {
                    break;
                }
            }
        });
        Box::new(Batches {
            receiver: Some(receiver),
            thread: Some(thread),
            plan: self.plan.clone(),
            timing: self.timing.clone(),
            device: self.device.clone(),
            progress: Progress::new(0, total, Some("cells".into())),
        })
    }

    fn num_items(&self) -> usize {
        self.plan.cells.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(Self {
            plan: self.plan.clone(),
            epoch: self.epoch.clone(),
            timing: self.timing.clone(),
            device: device.clone(),
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Batch>> {
        let epoch = self.epoch.load(Ordering::SeqCst);
        Arc::new(Self {
            plan: Arc::new(Plan {
                cells: self.plan.cells[start..end].to_vec(),
                input: self.plan.input.clone(),
                batch: self.plan.batch,
                start: self.plan.start + start,
                shuffle: self.plan.shuffle.clone(),
            }),
            epoch: Arc::new(AtomicUsize::new(epoch)),
            timing: self.timing.clone(),
            device: self.device.clone(),
        })
    }
}

struct Batches {
    receiver: Option<Receiver<Result<Prepared, DataError>>>,
    thread: Option<JoinHandle<()>>,
    plan: Arc<Plan>,
    timing: Timing,
    device: Device,
    progress: Progress,
}

impl Iterator for Batches {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let asked = Instant::now();
        let received = self.receiver.as_ref()?.recv();
        self.timing.waited(asked.elapsed());
        let prepared = match received {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(error)) => return Some(Err(DatasetError::new(error))),
            Err(_) if self.progress.is_completed() => return None,
            Err(_) => {
                self.receiver = None;
                let fault = "the thread that prepares batches ended early";
                return Some(Err(DatasetError::new(std::io::Error::other(fault))));
            }
        };
        let Prepared {
            images,
            targets,
            teachers,
            representations,
            cells,
            frozen,
            share,
        } = prepared;
        self.progress.items_processed += cells;
        let device = &self.device;
        let side = self.plan.input.side as usize;
        let matrix = |values: Vec<f32>| {
            let features = values.len() / cells;
            Tensor::from_data(TensorData::new(values, [cells, features]), device)
        };
        Some(Ok(Batch {
            images: Tensor::from_data(TensorData::new(images, [cells, 3, side, side]), device),
            targets: matrix(targets),
            teachers: (!teachers.is_empty()).then(|| matrix(teachers)),
            representations: (!representations.is_empty()).then(|| matrix(representations)),
            frozen,
            share,
        }))
    }
}

impl DataLoaderIterator<Batch> for Batches {
    fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        // Closing the channel first lets the thread end.
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
