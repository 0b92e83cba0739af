//! Batches, made by a thread of their own while the network works on the last one.
//!
//! An epoch follows from the seed, the epoch and the positions of its items alone. burn's own
//! multi-threaded loader takes its order from a generator whose state a resumed run does not have;
//! this one repeats.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;

use super::settings::RunSettings;
use super::source::{Loaded, Place, Source};
use super::timing::Timing;

/// Batches made ahead: one being read, one waiting.
const AHEAD: usize = 2;

/// How the batches of a training make steps. Validation has none.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// Epochs at the start in which only the head learns.
    frozen_epochs: usize,
    /// Batches a step, on each device; the last step of an epoch may have fewer.
    accumulate: usize,
    /// Devices that share a step.
    devices: usize,
    /// The run's seed.
    seed: u64,
}

impl Steps {
    /// The steps of a run on so many devices.
    pub fn new(settings: &RunSettings, devices: usize) -> Self {
        Self {
            frozen_epochs: settings.freeze,
            accumulate: settings.accumulate,
            devices,
            seed: settings.seed,
        }
    }
}

/// The items of one split as batches on one device.
pub struct Loader<S> {
    part: Part<S>,
    /// The epoch that the next iteration is, from 1.
    epoch: Arc<AtomicUsize>,
    timing: Timing,
    device: Device,
}

impl<S: Source> Loader<S> {
    /// Batches of `batch` items on `device`; `first_epoch` counts from 1. The time that the training
    /// waits for a batch is added to `timing`.
    pub fn new(
        source: S,
        batch: usize,
        steps: Option<Steps>,
        first_epoch: usize,
        timing: Timing,
        device: &Device,
    ) -> Self {
        Self {
            part: Part {
                positions: 0..source.items(),
                source: Arc::new(source),
                batch,
                steps,
            },
            epoch: Arc::new(AtomicUsize::new(first_epoch)),
            timing,
            device: device.clone(),
        }
    }
}

/// The part of every epoch that one device shows.
struct Part<S> {
    source: Arc<S>,
    /// Positions in an epoch, which is drawn from all items.
    positions: Range<usize>,
    batch: usize,
    steps: Option<Steps>,
}

impl<S> Clone for Part<S> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            positions: self.positions.clone(),
            ..*self
        }
    }
}

impl<S: Source> Part<S> {
    /// The items of this part of an epoch, in their order.
    fn order(&self, epoch: usize) -> Vec<usize> {
        self.source.order(epoch)[self.positions.clone()].to_vec()
    }

    /// The place of the batch that begins `first` items after the part's first.
    fn place(&self, epoch: usize, first: usize) -> Place {
        let share = self.steps.map_or(1.0, |steps| {
            let number = first / self.batch;
            let begun = number - number % steps.accumulate;
            let batches = self.positions.len().div_ceil(self.batch) - begun;
            1.0 / (batches.min(steps.accumulate) * steps.devices) as f64
        });
        Place {
            epoch,
            position: self.positions.start + first,
            share,
            is_frozen: self.steps.is_some_and(|steps| epoch <= steps.frozen_epochs),
        }
    }
}

impl<S: Source> DataLoader<Loaded<S::Batch>> for Loader<S> {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Loaded<S::Batch>> + 'a> {
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst);
        if let Some(steps) = &self.part.steps {
            // Stochastic depth draws from the device's own source: it starts anew each epoch, so
            // that a resumed run draws what the uninterrupted one did.
            self.device.seed(steps.seed.wrapping_add(epoch as u64));
        }
        let part = self.part.clone();
        let total = part.positions.len();
        let (sender, receiver) = sync_channel(AHEAD);
        let thread = std::thread::spawn(move || {
            let order = part.order(epoch);
            for (i, items) in order.chunks(part.batch).enumerate() {
                let place = part.place(epoch, i * part.batch);
                let prepared = part.source.prepare(items, place);
                let prepared = prepared.map(|prepared| (prepared, items.len(), place));
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
            source: self.part.source.clone(),
            timing: self.timing.clone(),
            device: self.device.clone(),
            progress: Progress::new(0, total, Some(S::ITEMS.into())),
        })
    }

    fn num_items(&self) -> usize {
        self.part.positions.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Loaded<S::Batch>>> {
        Arc::new(Self {
            part: self.part.clone(),
            epoch: self.epoch.clone(),
            timing: self.timing.clone(),
            device: device.clone(),
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Loaded<S::Batch>>> {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let first = self.part.positions.start;
        Arc::new(Self {
            part: Part {
                positions: first + start..first + end,
                ..self.part.clone()
            },
            epoch: Arc::new(AtomicUsize::new(epoch)),
            timing: self.timing.clone(),
            device: self.device.clone(),
        })
    }
}

/// A prepared batch, the number of its items, and its place.
type Sent<S> = Result<(<S as Source>::Prepared, usize, Place), DatasetError>;

struct Batches<S: Source> {
    receiver: Option<Receiver<Sent<S>>>,
    thread: Option<JoinHandle<()>>,
    source: Arc<S>,
    timing: Timing,
    device: Device,
    progress: Progress,
}

impl<S: Source> Iterator for Batches<S> {
    type Item = Result<Loaded<S::Batch>, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let asked = Instant::now();
        let received = self.receiver.as_ref()?.recv();
        self.timing.waited(asked.elapsed());
        match received {
            Ok(Ok((prepared, items, place))) => {
                self.progress.items_processed += items;
                let batch = self.source.batch(prepared, &self.device);
                Some(Ok(Loaded { batch, place }))
            }
            Ok(Err(error)) => Some(Err(error)),
            Err(_) if self.progress.is_completed() => None,
            Err(_) => {
                self.receiver = None;
                let fault = "the thread that prepares batches ended early";
                Some(Err(DatasetError::new(std::io::Error::other(fault))))
            }
        }
    }
}

impl<S: Source> DataLoaderIterator<Loaded<S::Batch>> for Batches<S> {
    fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl<S: Source> Drop for Batches<S> {
    fn drop(&mut self) {
        // Closing the channel first lets the thread end.
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::seq::SliceRandom;

    use super::super::random;
    use super::*;

    /// Ten numbers in a random order.
    struct Ten;

    impl Source for Ten {
        const ITEMS: &'static str = "numbers";
        type Batch = ();
        type Prepared = ();

        fn items(&self) -> usize {
            10
        }

        fn order(&self, epoch: usize) -> Vec<usize> {
            let mut order: Vec<usize> = (0..10).collect();
            order.shuffle(&mut random(5, &[epoch as u64]));
            order
        }

        fn prepare(&self, _: &[usize], _: Place) -> Result<(), DatasetError> {
            Ok(())
        }

        fn batch(&self, _: (), _: &Device) {}
    }

    /// Batches of four of ten items, `accumulate` a step.
    fn part(accumulate: usize, positions: Range<usize>) -> Part<Ten> {
        let settings = RunSettings {
            accumulate,
            ..RunSettings::default()
        };
        Part {
            source: Arc::new(Ten),
            positions,
            batch: 4,
            steps: Some(Steps::new(&settings, 1)),
        }
    }

    #[test]
    fn batches_of_one_step_share_it_also_at_the_end_of_an_epoch() {
        let shares = |accumulate| -> Vec<f64> {
            let part = part(accumulate, 0..10);
            [0, 4, 8].map(|first| part.place(1, first).share).to_vec()
        };
        assert_eq!(shares(1), [1.0, 1.0, 1.0]);
        assert_eq!(shares(2), [0.5, 0.5, 1.0]);
        assert_eq!(shares(8), [1.0 / 3.0; 3]);
    }

    #[test]
    fn devices_share_one_epoch_drawn_from_all_items() {
        let whole = part(1, 0..10);
        let [first, second] = [0..5, 5..10].map(|positions| part(1, positions).order(3));
        assert_eq!([first, second].concat(), whole.order(3));
        assert_ne!(whole.order(3), whole.order(4));
        assert_eq!(part(1, 5..10).place(3, 4).position, 9);
    }
}
