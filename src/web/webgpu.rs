//! The network on the browser's GPU, held against the CPU before it is trusted.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use burn::tensor::Device;
use burn::tensor::wgpu::WgpuBackend;
use image::Rgb;

use super::adapter::Adapter;
use super::now;
use crate::classify::Classifier;
use crate::image::{CellImage, RgbImage};
use crate::kernels::set_staging;

/// The largest difference of a logit that a sound GPU may show against the CPU, over max(1, the
/// largest logit).
const TOLERANCE: f32 = 1e-3;

/// What a device gave to a question whose answer is known.
struct Check {
    /// The largest difference of a logit, over max(1, the largest logit).
    difference: f32,
    /// How long it took, with the CPU's own answer.
    milliseconds: f64,
}

thread_local! {
    /// burn's wgpu runtime can be initialised only once a page.
    static WEBGPU: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// The network on WebGPU, and the milliseconds that the known question took.
pub(super) async fn place(
    cpu: &Classifier,
    adapter: &Adapter,
) -> Result<(Classifier, f64), String> {
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
    let device = Device::wgpu_options()
        .graphics_api(WgpuBackend::WebGpu)
        .init_async()
        .await
        .map_err(|error| format!("WebGPU could not be opened: {error}"))?;
    WEBGPU.set(Some(device.clone()));
    Ok(device)
}

/// Asks WebGPU for the logits of a picture, which the CPU knows. It is no cell, but drawn at once.
async fn check(cpu: &Classifier, webgpu: &Classifier) -> Result<Check, String> {
    const SIDE: u32 = CellImage::SIDE;
    let picture = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        Rgb([x, y, x ^ y].map(|value| value as u8))
    });
    let cell = [CellImage::new(picture).map_err(|error| error.to_string())?];
    let start = now();
    let mut asked = pin!(webgpu.logits(&cell));
    // The GPU makes its shaders and works while the CPU answers.
    let at_once = poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await;
    let known = cpu.logits(&cell).await.map_err(|error| error.to_string())?;
    let answer = match at_once {
        Poll::Ready(answer) => answer,
        Poll::Pending => asked.await,
    };
    let answer = answer.map_err(|error| error.to_string())?;
    let milliseconds = now() - start;
    let largest = |values: &mut dyn Iterator<Item = f32>| values.map(f32::abs).fold(0.0, f32::max);
    let difference = largest(&mut known.iter().zip(&answer).map(|(a, b)| a - b));
    Ok(Check {
        difference: difference / largest(&mut known.iter().copied()).max(1.0),
        milliseconds,
    })
}
