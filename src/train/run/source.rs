//! The data of a task: its items, and the batches that they become.

use burn::data::dataset::DatasetError;
use burn::tensor::Device;

/// The items of one split, and how they become batches.
pub trait Source: Send + Sync + 'static {
    /// The plural of an item, for the progress: `cells`, say.
    const ITEMS: &'static str;
    /// A batch on the device.
    type Batch: Send + 'static;
    /// A batch before it is on the device, made by a thread beside the training step.
    type Prepared: Send + 'static;

    /// The number of items that an epoch shows.
    fn items(&self) -> usize;

    /// The items that `epoch` (from 1) shows, in their order: [`items`](Self::items) of them, each an
    /// index of the source's own.
    fn order(&self, epoch: usize) -> Vec<usize>;

    /// Reads some items of an epoch.
    ///
    /// # Errors
    /// An item that cannot be read.
    fn prepare(&self, items: &[usize], place: Place) -> Result<Self::Prepared, DatasetError>;

    /// Moves them to a device.
    fn batch(&self, prepared: Self::Prepared, device: &Device) -> Self::Batch;
}

/// Where a batch stands in its run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The position of the batch's first item in the epoch, from 0.
    pub position: usize,
    /// The weight of the batch's gradient in a step that several batches or devices share.
    pub share: f64,
    /// Only the head learns from this batch.
    pub is_frozen: bool,
}

/// A batch and its place.
#[derive(Clone, Debug)]
pub struct Loaded<B> {
    pub batch: B,
    pub place: Place,
}
