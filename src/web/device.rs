//! Which device runs a network in the browser, and why.
//!
//! The network runs on WebGPU where there is a real adapter that has the feature that cubecl needs and
//! answers a known question as the CPU does. A shader that fails validation can leave plausible
//! numbers behind, so no adapter is trusted without that question. In all other cases the network runs
//! on the CPU.

use std::str::FromStr;

use serde::Serialize;

use super::adapter::{Adapter, NEEDED_FEATURE, find_adapter};
use super::webgpu::{self, Network};

/// The page's wish.
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
    /// The browser's name for its adapter, where there is one.
    adapter: Option<String>,
    /// Milliseconds of the known question, which both devices answer side by side; a GPU compiles its
    /// pipelines for it. None on the CPU, where there is no question.
    known_ms: Option<f64>,
}

/// Puts a network that is on the CPU on the device that `request` and the browser allow.
///
/// # Errors
/// A message about WebGPU where the page insists on it.
pub(super) async fn place<N: Network>(
    cpu: N,
    request: Request,
) -> Result<(N, DeviceReport), String> {
    let on_cpu = |cpu, reason: String, adapter: Option<&Adapter>| {
        let adapter = adapter.map(|adapter| adapter.name.clone());
        (
            cpu,
            DeviceReport {
                kind: "cpu",
                reason,
                adapter,
                known_ms: None,
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
    let placed = match adapter.capable {
        true => webgpu::place(&cpu, &adapter).await,
        false => Err(format!(
            "the browser's WebGPU adapter lacks {NEEDED_FEATURE}"
        )),
    };
    match placed {
        Ok((webgpu, known_ms)) => {
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
                    known_ms: Some(known_ms),
                },
            ))
        }
        Err(fault) if request == Request::WebGpu => Err(fault),
        Err(fault) => Ok(on_cpu(cpu, fault, Some(&adapter))),
    }
}
