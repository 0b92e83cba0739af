//! The network on the browser's GPU, compared with the CPU before it is trusted.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use burn::tensor::Device;
use burn_wgpu::graphics::WebGpu;
use burn_wgpu::{RuntimeOptions, WgpuBackend, WgpuDevice, WgpuInitError, try_init_setup_async};
use image::Rgb;
use wasm_bindgen::prelude::*;

use super::adapter::Adapter;
use super::{now, to_js};
use crate::classify::Classifier;
use crate::field::found::Finder;
use crate::image::{CellImage, RgbImage};
use crate::kernels::{agreement::agreement, set_staging};

/// The largest difference of a logit that a sound GPU may show against the CPU, over max(1, the
/// largest logit).
const TOLERANCE: f32 = 1e-3;

/// A network whose answers on two devices can be compared.
pub(super) trait Network: Sized {
    /// A copy on another device, of a network on the CPU.
    fn copied_to(&self, device: Device) -> Self;

    /// The network's own numbers for a picture of 224×224 px.
    async fn answer(&self, picture: &RgbImage) -> Result<Vec<f32>, String>;
}

impl Network for Classifier {
    fn copied_to(&self, device: Device) -> Self {
        self.copied_to(device)
    }

    async fn answer(&self, picture: &RgbImage) -> Result<Vec<f32>, String> {
        let logits = self.logits(&[CellImage::of_any(picture.clone())]).await;
        logits.map_err(|error| error.to_string())
    }
}

impl Network for Finder {
    fn copied_to(&self, device: Device) -> Self {
        self.copied_to(device)
    }

    async fn answer(&self, picture: &RgbImage) -> Result<Vec<f32>, String> {
        let (answer, _) = self
            .answer(picture)
            .await
            .map_err(|error| error.to_string())?;
        Ok(answer)
    }
}

/// The outcome of a question whose answer is known.
struct Check {
    /// The largest difference of a logit, over max(1, the largest logit).
    difference: f32,
    /// The time that both devices took, side by side.
    milliseconds: f64,
}

thread_local! {
    /// burn's wgpu runtime can be initialised only once a page.
    static WEBGPU: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// The network on WebGPU, and the milliseconds that the known question took.
pub(super) async fn place<N: Network>(cpu: &N, adapter: &Adapter) -> Result<(N, f64), String> {
    set_staging(!adapter.fallback);
    let device = open().await?;
    let webgpu = cpu.copied_to(device);
    let Check {
        difference,
        milliseconds,
    } = check(cpu, &webgpu).await?;
    match difference <= TOLERANCE {
        true => Ok((webgpu, milliseconds)),
        false => Err(format!(
            "WebGPU computes wrongly here: a known answer differs by {difference:.4}"
        )),
    }
}

/// burn's device on the browser's GPU, opened at the first call.
pub(super) async fn open() -> Result<Device, String> {
    if let Some(device) = WEBGPU.with_borrow(Clone::clone) {
        return Ok(device);
    }
    let device = init()
        .await
        .map_err(|error| format!("WebGPU could not be opened: {error}"))?;
    WEBGPU.set(Some(device.clone()));
    Ok(device)
}

async fn init() -> Result<Device, WgpuInitError> {
    let device = WgpuDevice::default().on(WgpuBackend::WebGpu);
    try_init_setup_async::<WebGpu>(&device, RuntimeOptions::try_default()?).await?;
    Ok(Device::new(device))
}

/// Compares a network's numbers for a picture on WebGPU with the CPU's. The picture is no cell, but quick
/// to draw.
async fn check<N: Network>(cpu: &N, webgpu: &N) -> Result<Check, String> {
    const SIDE: u32 = CellImage::SIDE;
    let picture = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        Rgb([x, y, x ^ y].map(|value| value as u8))
    });
    let start = now();
    let mut asked = pin!(webgpu.answer(&picture));
    // The GPU compiles its shaders and computes while the CPU does.
    let at_once = poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await;
    let known = cpu.answer(&picture).await?;
    let answer = match at_once {
        Poll::Ready(answer) => answer?,
        Poll::Pending => asked.await?,
    };
    let milliseconds = now() - start;
    let largest = |values: &mut dyn Iterator<Item = f32>| values.map(f32::abs).fold(0.0, f32::max);
    let difference = largest(&mut known.iter().zip(&answer).map(|(a, b)| a - b));
    Ok(Check {
        difference: difference / largest(&mut known.iter().copied()).max(1.0),
        milliseconds,
    })
}

/// Compares every kernel of the browser's GPU with the CPU's, with and without shared memory: an
/// array of `{case, difference}`.
///
/// An error where there is no usable GPU. Afterwards products use no shared memory.
#[wasm_bindgen]
pub async fn check_kernels() -> Result<JsValue, JsError> {
    let device = open().await.map_err(|fault| JsError::new(&fault))?;
    let mut found = Vec::new();
    for staging in [true, false] {
        set_staging(staging);
        found.extend(agreement(&device).await?);
    }
    to_js(&found)
}
