//! Batches, made by a thread of their own while the network works on the last one.
//!
//! The order of an epoch and the augmentation of each image follow from the seed, the epoch and
//! the position alone. burn's own multi-threaded loader takes its order from a generator whose
//! state a resumed run does not have; this one repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Tensor, TensorData};

use super::augment::Augment;
use super::data::{DataError, Record};
use super::random;
use super::sampler::Sampler;
use crate::image::InputSpec;

/// Batches made ahead: one being read, one waiting.
const AHEAD: usize = 2;

/// What a training step takes.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[batch, 3, side, side]`.
    pub images: Tensor<4>,
    /// `[batch, features]`, 0 to 1.
    pub targets: Tensor<2>,
}

/// What varies from epoch to epoch while training; validation has none of it.
#[derive(Clone, Debug)]
pub struct Shuffle {
    /// How cells are drawn.
    pub sampler: Sampler,
    /// How images are varied.
    pub augment: Augment,
    /// The run's seed.
    pub seed: u64,
}

/// The cells of one split as batches.
pub struct Loader {
    plan: Arc<Plan>,
    /// The epoch that the next iteration is, from 1.
    epoch: Arc<AtomicUsize>,
    device: Device,
}

#[derive(Clone)]
struct Plan {
    records: Vec<Record>,
    input: InputSpec,
    batch: usize,
    shuffle: Option<Shuffle>,
}

/// A batch on its way from the thread that makes it.
struct Prepared {
    images: Vec<f32>,
    targets: Vec<f32>,
    cells: usize,
}

impl Loader {
    /// Batches of `batch` cells of `records`; `first_epoch` counts from 1.
    pub fn new(
        records: Vec<Record>,
        input: InputSpec,
        batch: usize,
        shuffle: Option<Shuffle>,
        first_epoch: usize,
    ) -> Self {
        Self {
            plan: Arc::new(Plan {
                records,
                input,
                batch,
                shuffle,
            }),
            epoch: Arc::new(AtomicUsize::new(first_epoch)),
            device: Device::flex(),
        }
    }
}

impl Plan {
    fn order(&self, epoch: u64) -> Vec<usize> {
        match &self.shuffle {
            Some(shuffle) => shuffle
                .sampler
                .order(&self.records, &mut random(shuffle.seed, &[epoch])),
            None => (0..self.records.len()).collect(),
        }
    }

    fn prepare(&self, epoch: u64, first: usize, cells: &[usize]) -> Result<Prepared, DataError> {
        let mut images = Vec::with_capacity(cells.len() * self.input.len());
        let mut targets = Vec::new();
        for (position, &index) in cells.iter().enumerate() {
            let record = &self.records[index];
            let mut cell = record.read()?;
            if let Some(Shuffle { augment, seed, .. }) = &self.shuffle {
                let position = (first + position) as u64;
                cell = augment.apply(&cell, &mut random(*seed, &[epoch, position]));
            }
            self.input.append(&cell, &mut images);
            targets.extend(
                record
                    .labels
                    .iter()
                    .map(|&shown| f32::from(u8::from(shown))),
            );
        }
        Ok(Prepared {
            images,
            targets,
            cells: cells.len(),
        })
    }
}

impl DataLoader<Batch> for Loader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst) as u64;
        if let Some(shuffle) = &self.plan.shuffle {
            // Stochastic depth draws from the device's own source: it starts anew each epoch, so
            // that a resumed run draws what the uninterrupted one did.
            self.device.seed(shuffle.seed.wrapping_add(epoch));
        }
        let plan = self.plan.clone();
        let total = plan.records.len();
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
            device: self.device.clone(),
            progress: Progress::new(0, total, Some("cells".into())),
        })
    }

    fn num_items(&self) -> usize {
        self.plan.records.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(Self {
            plan: self.plan.clone(),
            epoch: self.epoch.clone(),
            device: device.clone(),
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Batch>> {
        let records = self.plan.records[start..end].to_vec();
        let epoch = self.epoch.load(Ordering::SeqCst);
        Arc::new(Self {
            plan: Arc::new(Plan {
                records,
                ..(*self.plan).clone()
            }),
            epoch: Arc::new(AtomicUsize::new(epoch)),
            device: self.device.clone(),
        })
    }
}

struct Batches {
    receiver: Option<Receiver<Result<Prepared, DataError>>>,
    thread: Option<JoinHandle<()>>,
    plan: Arc<Plan>,
    device: Device,
    progress: Progress,
}

impl Iterator for Batches {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let prepared = match self.receiver.as_ref()?.recv().ok()? {
            Ok(prepared) => prepared,
            Err(error) => return Some(Err(DatasetError::new(error))),
        };
        let Prepared {
            images,
            targets,
            cells,
        } = prepared;
        self.progress.items_processed += cells;
        let side = self.plan.input.side as usize;
        let features = targets.len() / cells;
        Some(Ok(Batch {
            images: Tensor::from_data(
                TensorData::new(images, [cells, 3, side, side]),
                &self.device,
            ),
            targets: Tensor::from_data(TensorData::new(targets, [cells, features]), &self.device),
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
