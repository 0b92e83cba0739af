//! `karyolens device-server`: this machine's devices, for training and evaluation elsewhere.

use std::net::TcpListener;
use std::process::ExitCode;

use anyhow::{Context, Result};
use burn::server::{RemoteServer, TokenAuthorizer, WebSocketTransport};
use clap::Args;

use crate::devices::{DeviceChoice, SERVER_PORT, server_token};

/// Offer devices of this machine, by default its CPU, to `--device remote:ADDRESS` elsewhere.
///
/// For a network that you trust: the connection is not encrypted. Where the variable
/// KARYOLENS_DEVICE_TOKEN is set, only clients with the same token may use the devices.
#[derive(Args)]
pub(super) struct Arguments {
    /// The address to listen on; 0.0.0.0 takes calls from other machines.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = SERVER_PORT)]
    port: u16,
    /// The devices to offer: cpu, gpu or cuda.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let devices = arguments.device.open()?;
    let address = (arguments.host.as_str(), arguments.port);
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {}:{}", address.0, address.1))?;
    let (count, place) = (devices.len(), listener.local_addr()?);
    let mut server = RemoteServer::new(devices);
    if let Some(token) = server_token() {
        server = server.with_authorizer(TokenAuthorizer::new(token)?);
    }
    if server_token().is_none() && !place.ip().is_loopback() {
        eprintln!(
            "warning: anyone who reaches {place} can use these devices; set KARYOLENS_DEVICE_TOKEN \
             here and where they are used"
        );
    }
    say!("offering {count} {} device(s) at {place}", arguments.device);
    server.serve(WebSocketTransport::from_listener(listener))?;
    Ok(ExitCode::SUCCESS)
}
