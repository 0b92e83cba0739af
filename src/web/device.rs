//! Which device runs a network in the browser, and why.
//!
//! WebGPU is taken where a real adapter is there, has what cubecl needs, and answers a known
//! question as the CPU does: a shader that fails validation can leave plausible numbers behind,
//! so no adapter is trusted unseen. Everything else runs on the CPU.

use std::cell::RefCell;
use std::str::FromStr;

use burn::tensor::Device;
use burn::tensor::wgpu::WgpuBackend;
use js_sys::{Function, Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::WorkerGlobalScope;

use super::now;
use crate::checkpoint::Checkpoint;
use crate::classify::Classifier;
use crate::image::{CellImage, render_synthetic};
use crate::kernels::set_staging;
use crate::nuclei::Feature;

/// Without it cubecl's wgpu runtime fails when it opens its first stream.
const NEEDED_FEATURE: &str = "timestamp-query";
/// The largest difference of a logit that a sound GPU may show against the CPU, over max(1, the
/// largest logit).
const TOLERANCE: f32 = 1e-3;

/// What the page asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Auto,
    WebGpu,
    Cpu,
}

impl FromStr for Request {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "webgpu" => Ok(Self::WebGpu),
            "cpu" => Ok(Self::Cpu),
            _ => Err(format!("the device {name:?} is none of auto, webgpu, cpu")),
        }
    }
}

/// The device that was chosen.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DeviceReport {
    /// `webgpu` or `cpu`.
    kind: &'static str,
    /// Why this one, in words.
    reason: String,
    /// What the browser calls its adapter, where there is one.
    adapter: Option<String>,
    /// Milliseconds of WebGPU's first forward pass, in which it makes its shaders: the known
    /// question. None on the CPU, whose first pass is not done here.
    first_ms: Option<f64>,
}

/// What a device gave to a question whose answer is known.
struct Check {
    /// The largest difference of a logit, over max(1, the largest logit).
    difference: f32,
    /// How long it took.
    milliseconds: f64,
}

/// What the browser tells of its GPU.
struct Adapter {
    name: String,
    /// A CPU in disguise.
    fallback: bool,
    capable: bool,
}

thread_local! {
    /// burn's wgpu runtime can be initialised only once a page.
    static WEBGPU: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// The checkpoint's network on the device that `request` and the browser allow.
///
/// An error is one of the checkpoint, or of WebGPU where the page insists on it.
pub(super) async fn place(
    checkpoint: &Checkpoint,
    request: Request,
) -> Result<(Classifier, DeviceReport), String> {
    let cpu = Classifier::new(checkpoint, Device::flex()).map_err(|error| error.to_string())?;
    let on_cpu = |cpu, reason: String, adapter: Option<&Adapter>| {
        let adapter = adapter.map(|adapter| adapter.name.clone());
        (
            cpu,
            DeviceReport {
                kind: "cpu",
                reason,
                adapter,
                first_ms: None,
            },
        )
    };
    if request == Request::Cpu {
        return Ok(on_cpu(cpu, "the page asked for the CPU".into(), None));
    }
    let adapter = match find_adapter().await {
        Ok(adapter) => adapter,
        Err(fault) if request == Request::WebGpu => return Err(fault),
        Err(fault) => return Ok(on_cpu(cpu, fault, None)),
    };
    if adapter.fallback && request == Request::Auto {
        let reason = "the browser's WebGPU adapter is a software fallback, slower than the CPU";
        return Ok(on_cpu(cpu, reason.into(), Some(&adapter)));
    }
    set_staging(!adapter.fallback);
    match place_on_webgpu(&cpu, &adapter).await {
        Ok((webgpu, first_ms)) => {
            drop(cpu);
            crate::kernels::release_unused();
            let reason = match request {
                Request::Auto => "the adapter answers a known question as the CPU does",
                _ => "the page asked for WebGPU, and it answers a known question as the CPU does",
            };
            let name = Some(adapter.name);
            Ok((
                webgpu,
                DeviceReport {
                    kind: "webgpu",
                    reason: reason.into(),
                    adapter: name,
                    first_ms: Some(first_ms),
                },
            ))
        }
        Err(fault) if request == Request::WebGpu => Err(fault),
        Err(fault) => Ok(on_cpu(cpu, fault, Some(&adapter))),
    }
}

/// The network on WebGPU, and the milliseconds of its first forward pass.
async fn place_on_webgpu(cpu: &Classifier, adapter: &Adapter) -> Result<(Classifier, f64), String> {
    if !adapter.capable {
        return Err(format!(
            "the browser's WebGPU adapter lacks {NEEDED_FEATURE}"
        ));
    }
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

/// Asks WebGPU for the logits of a synthetic cell, which the CPU knows.
async fn check(cpu: &Classifier, webgpu: &Classifier) -> Result<Check, String> {
    let picture = render_synthetic(&[Feature::Grooves, Feature::Irregular], 1);
    let cell = [CellImage::new(picture).map_err(|error| error.to_string())?];
    let known = cpu.logits(&cell).await.map_err(|error| error.to_string())?;
    let start = now();
    let answer = webgpu
        .logits(&cell)
        .await
        .map_err(|error| error.to_string())?;
    let milliseconds = now() - start;
    let largest = |values: &mut dyn Iterator<Item = f32>| values.map(f32::abs).fold(0.0, f32::max);
    let difference = largest(&mut known.iter().zip(&answer).map(|(a, b)| a - b));
    Ok(Check {
        difference: difference / largest(&mut known.iter().copied()).max(1.0),
        milliseconds,
    })
}

/// What `navigator.gpu` offers. web-sys has no stable bindings of WebGPU, so this reads the few
/// properties it needs by name.
async fn find_adapter() -> Result<Adapter, String> {
    let gpu = get(&navigator(), "gpu");
    if gpu.is_undefined() {
        return Err("this browser has no WebGPU".into());
    }
    let options = Object::new();
    // Failing to set a property of a fresh object is impossible.
    let _ = Reflect::set(
        &options,
        &"powerPreference".into(),
        &"high-performance".into(),
    );
    let adapter = call(&gpu, "requestAdapter", &options)
        .and_then(|promise| promise.dyn_into::<Promise>().ok())
        .ok_or("this browser's WebGPU cannot be asked for an adapter")?;
    let adapter = JsFuture::from(adapter).await.unwrap_or(JsValue::NULL);
    if adapter.is_null() || adapter.is_undefined() {
        return Err("this browser's WebGPU offers no adapter".into());
    }
    let info = get(&adapter, "info");
    let words = ["vendor", "architecture", "device", "description"]
        .iter()
        .filter_map(|key| get(&info, key).as_string())
        .filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join(" ");
    let features = get(&adapter, "features");
    let has = call(&features, "has", &NEEDED_FEATURE.into());
    // The flag has moved from the adapter to its info.
    let fallback = [&info, &adapter]
        .iter()
        .any(|object| get(object, "isFallbackAdapter").is_truthy());
    Ok(Adapter {
        name: if name.is_empty() {
            "unnamed".into()
        } else {
            name
        },
        fallback,
        capable: has.is_some_and(|has| has.is_truthy()),
    })
}

/// The worker's navigator, or the page's where there is no worker.
fn navigator() -> JsValue {
    let global = js_sys::global();
    match global.dyn_ref::<WorkerGlobalScope>() {
        Some(worker) => worker.navigator().into(),
        None => web_sys::window().map_or(JsValue::UNDEFINED, |page| page.navigator().into()),
    }
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn call(object: &JsValue, method: &str, argument: &JsValue) -> Option<JsValue> {
    get(object, method)
        .dyn_ref::<Function>()?
        .call1(object, argument)
        .ok()
}
