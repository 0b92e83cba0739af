//! Batches, made by a thread of their own while the network works on the last one.
//!
//! The order of an epoch, the augmentation of each image and its partner in CutMix follow from
//! the seed, the epoch and the position alone. burn's own multi-threaded loader takes its order
//! from a generator whose state a resumed run does not have; this one repeats.

mod plan;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Tensor, TensorData};

use super::augment::Augment;
use super::cutmix::CutMix;
use super::data::DataError;
use super::lessons::Lesson;
use super::sampler::{Rarity, Sampler};
use super::timing::Timing;
use crate::image::InputSpec;
use plan::{Plan, Prepared};

/// Batches made ahead: one being read, one waiting.
const AHEAD: usize = 2;
/// What a training step takes.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[batch, 3, side, side]`, for the network.
    pub images: Tensor<4>,
    /// `[batch, features]`, 0 to 1.
    pub targets: Tensor<2>,
    /// What the teachers say, `[batch, features]`.
    pub teachers: Option<Tensor<2>>,
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
        Self {
            plan: Arc::new(Plan::new(lessons, input, batch, shuffle)),
            epoch: Arc::new(AtomicUsize::new(first_epoch)),
            timing,
            device: device.clone(),
        }
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
        let total = plan.part.len();
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
        self.plan.part.len()
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
            plan: Arc::new(self.plan.slice(start..end)),
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
