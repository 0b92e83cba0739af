//! From the bytes of a checkpoint to its network on one of the browser's devices.

use burn::tensor::Device;
use wasm_bindgen::prelude::*;

use super::classifier::Classifier;
use super::device::{Request, place};
use super::finder::Finder;
use crate::checkpoint::{Checkpoint, Task};
use crate::{classify, field::found};

/// Reads the bytes of a checkpoint and puts its network on `device`: `auto`, `webgpu`, `cpu`. The answer is
/// a [`Classifier`] or a [`Finder`], as the checkpoint's task is.
#[wasm_bindgen]
pub async fn load_model(checkpoint: Vec<u8>, device: String) -> Result<JsValue, JsError> {
    let told = |fault: String| JsError::new(&fault);
    let request: Request = device.parse().map_err(told)?;
    let checkpoint = Checkpoint::read(&checkpoint)?;
    match checkpoint.card.task {
        Task::Classify(_) => {
            let cpu = classify::Classifier::new(checkpoint, Device::flex())?;
            let (classifier, device) = place(cpu, request).await.map_err(told)?;
            Ok(Classifier { classifier, device }.into())
        }
        Task::Segment(_) => {
            let cpu = found::Finder::new(checkpoint, Device::flex())?;
            let (finder, device) = place(cpu, request).await.map_err(told)?;
            Ok(Finder { finder, device }.into())
        }
    }
}
