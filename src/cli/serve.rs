//! `karyolens serve`: the page, on this machine only.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use clap::Args;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// What the page may load: only what this server gives it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     worker-src 'self'; connect-src 'self'; img-src 'self' blob: data:; style-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serve the page on 127.0.0.1.
#[derive(Args)]
pub(super) struct Arguments {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder that holds www/ and pkg/ [default: this one, or else the program's own].
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Open the page in the browser of this machine.
    #[arg(long)]
    open: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let root = find_root(arguments.root)?;
    let app = Router::new()
        .nest_service("/pkg", ServeDir::new(root.join("pkg")))
        .fallback_service(ServeDir::new(root.join("www")))
        .layer(set(
            header::CONTENT_SECURITY_POLICY,
            CONTENT_SECURITY_POLICY,
        ))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        // A copy on this machine would spare nothing, and a date is all that tells whether it is
        // old: files unpacked over others may carry the same. So a rebuild is always seen. The
        // page's own service worker keeps what is needed offline.
        .layer(set(header::CACHE_CONTROL, "no-store"));

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))
            .await
            .with_context(|| {
                let port = arguments.port;
                format!("cannot listen on 127.0.0.1:{port}; choose another port with --port")
            })?;
        let address = format!("http://{}/", listener.local_addr()?);
        say!("Karyolens is at {address}");
        if arguments.open
            && let Err(error) = open(&address)
        {
            eprintln!("warning: no browser could be opened: {error}");
        }
        let stop = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        axum::serve(listener, app)
            .with_graceful_shutdown(stop)
            .await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The folder that was named; else the current one, as in a checkout; else that of the program,
/// as on a stick that carries both.
fn find_root(named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(root) = named {
        if let Some(missing) = missing_in(&root) {
            bail!(
                "{} is missing: --root must hold www/ and pkg/",
                missing.display()
            );
        }
        return Ok(root);
    }
    let program = std::env::current_exe().and_then(|program| program.canonicalize());
    let beside = program
        .ok()
        .and_then(|program| program.parent().map(Path::to_owned));
    [Some(PathBuf::from(".")), beside]
        .into_iter()
        .flatten()
        .find(|root| missing_in(root).is_none())
        .context(
            "neither the current folder nor that of the program holds a built page: name one with \
             www/ and pkg/ as --root, or build it with `make pkg`",
        )
}

/// The first file that a built page should have and `root` has not.
fn missing_in(root: &Path) -> Option<PathBuf> {
    ["www/index.html", "pkg/index.js"]
        .map(|file| root.join(file))
        .into_iter()
        .find(|file| !file.is_file())
}

/// Has the desktop open `address` with whatever the person browses with.
fn open(address: &str) -> std::io::Result<()> {
    let opener = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    Command::new(opener)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
}

fn set(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
