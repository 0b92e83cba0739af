//! Where a network runs natively: this machine's CPU, its GPUs, or devices of another machine.
//!
//! The CPU is always there. GPUs come with the Cargo features `gpu` (wgpu: Vulkan, Metal, DX12) and
//! `cuda`; devices of another machine with `remote`, over a WebSocket to a
//! `karyolens device-server` there, or to several. A kind that was not built in is an error that names its
//! feature. Several GPUs, or several remote devices, train together on parts of each batch.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The port of a device server whose address names none.
pub const SERVER_PORT: u16 = 3000;
/// The environment variable with the token that a device server asks of its clients.
const TOKEN: &str = "KARYOLENS_DEVICE_TOKEN";
/// The prefix of a remote device's address.
const REMOTE: &str = "remote:";

/// Which devices to run on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// This machine's CPU.
    #[default]
    Cpu,
    /// This machine's GPUs, through wgpu.
    Gpu,
    /// This machine's NVIDIA GPUs, through CUDA.
    Cuda,
    /// The devices of the servers at these addresses, `HOST` or `HOST:PORT`, with commas between.
    Remote(String),
}

/// The token that a device server asks of its clients, if it asks for one: the variable
/// `KARYOLENS_DEVICE_TOKEN`.
pub fn server_token() -> Option<String> {
    std::env::var(TOKEN).ok().filter(|token| !token.is_empty())
}

/// The reasons why there is no device.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DeviceError {
    /// There is no device of this kind.
    #[error("the device {0:?} is none of cpu, gpu, cuda, remote:ADDRESS[,ADDRESS…]")]
    Unknown(String),
    /// The program was built without it.
    #[error(
        "this program was built without {kind} devices; build it with: cargo build --release \
         --features {feature}"
    )]
    NotBuilt {
        /// The kind asked for.
        kind: &'static str,
        /// The Cargo feature that brings it.
        feature: &'static str,
    },
    /// The machine has none.
    #[error("this machine has no {0} device")]
    None(&'static str),
    /// The server cannot be reached.
    #[error("cannot use the devices of {address}: {reason}")]
    Remote {
        /// The server.
        address: String,
        /// The reason.
        reason: String,
    },
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu => f.write_str("gpu"),
            Self::Cuda => f.write_str("cuda"),
            Self::Remote(address) => write!(f, "{REMOTE}{address}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match (text, text.strip_prefix(REMOTE)) {
            ("cpu", _) => Ok(Self::Cpu),
            ("gpu", _) => Ok(Self::Gpu),
            ("cuda", _) => Ok(Self::Cuda),
            (_, Some(address)) if !address.is_empty() => Ok(Self::Remote(address.into())),
            _ => Err(DeviceError::Unknown(text.into())),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = DeviceError;

    fn try_from(text: String) -> Result<Self, DeviceError> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

impl DeviceChoice {
    /// Every device of this kind, at least one.
    ///
    /// # Errors
    /// [`DeviceError`] where there is none, or the program cannot use it.
    pub fn open(&self) -> Result<Vec<Device>, DeviceError> {
        match self {
            Self::Cpu => Ok(vec![Device::flex()]),
            Self::Gpu => gpus(),
            Self::Cuda => cudas(),
            Self::Remote(addresses) => {
                let devices = addresses.split(',').map(remotes);
                Ok(devices.collect::<Result<Vec<_>, _>>()?.concat())
            }
        }
    }

    /// The first device of this kind.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_one(&self) -> Result<Device, DeviceError> {
        Ok(self.open()?.remove(0))
    }
}

#[cfg(feature = "gpu")]
fn gpus() -> Result<Vec<Device>, DeviceError> {
    found(burn::tensor::DeviceType::Wgpu, "gpu")
}

#[cfg(not(feature = "gpu"))]
fn gpus() -> Result<Vec<Device>, DeviceError> {
    not_built("gpu")
}

#[cfg(feature = "cuda")]
fn cudas() -> Result<Vec<Device>, DeviceError> {
    found(burn::tensor::DeviceType::Cuda, "cuda")
}

#[cfg(not(feature = "cuda"))]
fn cudas() -> Result<Vec<Device>, DeviceError> {
    not_built("cuda")
}

#[cfg(any(feature = "gpu", feature = "cuda"))]
fn found(kind: burn::tensor::DeviceType, name: &'static str) -> Result<Vec<Device>, DeviceError> {
    let devices = Device::enumerate(kind).into_vec();
    match devices.is_empty() {
        true => Err(DeviceError::None(name)),
        false => Ok(devices),
    }
}

#[allow(dead_code)] // With every feature there is nothing left out.
fn not_built(kind: &'static str) -> Result<Vec<Device>, DeviceError> {
    Err(DeviceError::NotBuilt {
        kind,
        feature: kind,
    })
}

#[cfg(feature = "remote")]
fn remotes(address: &str) -> Result<Vec<Device>, DeviceError> {
    let failed = |reason: String| DeviceError::Remote {
        address: address.into(),
        reason,
    };
    let url = match address.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("ws://[{address}]:{SERVER_PORT}"),
        Err(_) if address.contains(':') => format!("ws://{address}"),
        Err(_) => format!("ws://{address}:{SERVER_PORT}"),
    };
    let mut host = burn::remote::RemoteHost::websocket(&url);
    if let Some(token) = server_token() {
        host = host.with_credential(token);
    }
    let devices = host.devices();
    let devices = devices.map_err(|error| failed(error.to_string()))?;
    let devices = devices.into_vec();
    match devices.is_empty() {
        true => Err(failed("it offers none".into())),
        false => Ok(devices),
    }
}

#[cfg(not(feature = "remote"))]
fn remotes(_: &str) -> Result<Vec<Device>, DeviceError> {
    not_built("remote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_as_it_is_read() {
        for text in ["cpu", "gpu", "cuda", "remote:lab-3:3000"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        for text in ["tpu", "remote:", ""] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }
}
