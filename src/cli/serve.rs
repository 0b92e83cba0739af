//! `karyolens serve`: the page, on this machine only.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
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
    /// The folder that holds www/ and pkg/.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    root: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let (page, package) = (arguments.root.join("www"), arguments.root.join("pkg"));
    for file in [page.join("index.html"), package.join("index.js")] {
        ensure!(
            file.is_file(),
            "{} is missing: --root must hold www/ and pkg/",
            file.display()
        );
    }
    let app = Router::new()
        .nest_service("/pkg", ServeDir::new(package))
        .fallback_service(ServeDir::new(page))
        .layer(set(
            header::CONTENT_SECURITY_POLICY,
            CONTENT_SECURITY_POLICY,
        ))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        // The browser asks each time whether a file has changed, so that a rebuild is seen.
        .layer(set(header::CACHE_CONTROL, "no-cache"));

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
        say!("Karyolens is at http://{}/", listener.local_addr()?);
        let stop = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        axum::serve(listener, app)
            .with_graceful_shutdown(stop)
            .await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn set(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
