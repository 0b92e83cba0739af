//! `karyolens serve`: the page, on this machine only.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use clap::Args;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// The page may load nothing but this server's files.
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
        .nest_service("/pkg", folder(root.join("pkg")))
        .fallback_service(folder(root.join("www")))
        .layer(from_fn(tag))
        .layer(set(
            header::CONTENT_SECURITY_POLICY,
            CONTENT_SECURITY_POLICY,
        ))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        .layer(set(header::VARY, "Accept-Encoding"))
        // A copy may be kept, but is asked after each time: so a rebuild is always seen.
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

/// The folder that was named; else the current folder, as in a checkout; else the program's folder, as
/// on a stick that carries both.
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

/// The files of a folder, each compressed as in the `.br` or `.gz` beside it where there is one, it is
/// no older than the file, and the browser takes it.
fn folder(path: PathBuf) -> Router {
    let files = ServeDir::new(&path).precompressed_br().precompressed_gzip();
    let plain_where_stale = move |mut request: Request, next: Next| {
        if has_stale_copy(&path.join(request.uri().path().trim_start_matches('/'))) {
            request.headers_mut().remove(header::ACCEPT_ENCODING);
        }
        next.run(request)
    };
    Router::new()
        .fallback_service(files)
        .layer(from_fn(plain_where_stale))
}

/// Whether a compressed copy of a file was made before the file.
fn has_stale_copy(file: &Path) -> bool {
    let written = |path: &Path| path.metadata().and_then(|about| about.modified());
    let Ok(original) = written(file) else {
        return false;
    };
    ["br", "gz"]
        .iter()
        .any(|format| written(&file.with_added_extension(format)).is_ok_and(|copy| copy < original))
}

/// Marks an answer with a hash of its body, and sends no body that the browser has already.
///
/// A date would not do: files unpacked over others may carry the same. Nothing here is so large that
/// a part of it is worth asking for.
async fn tag(mut request: Request, next: Next) -> Response {
    let asked = request.headers_mut();
    let known = asked.remove(header::IF_NONE_MATCH);
    for condition in [
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
        header::IF_RANGE,
        header::RANGE,
    ] {
        asked.remove(condition);
    }
    let has_body = request.method() == Method::GET;
    let response = next.run(request).await;
    if !has_body || response.status() != StatusCode::OK {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let is_known = known.is_some_and(|tags| names(&tags, &tag));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        head.headers.insert(header::ETAG, tag);
    }
    if is_known {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(bytes))
}

/// Whether `tag` is one of a list of tags. Some may be marked as weak.
fn names(tags: &HeaderValue, tag: &str) -> bool {
    let mut tags = tags.to_str().unwrap_or_default().split(',').map(str::trim);
    tags.any(|known| known.trim_start_matches("W/") == tag)
}

fn set(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::has_stale_copy;

    #[test]
    fn a_copy_is_stale_where_its_file_was_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("index.js");
        fs::write(&file, "new").unwrap();
        assert!(!has_stale_copy(&file), "there is no copy");
        let copy = folder.path().join("index.js.gz");
        fs::write(&copy, "old").unwrap();
        assert!(!has_stale_copy(&file));
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        let copy = File::options().append(true).open(copy).unwrap();
        copy.set_modified(hour_ago).unwrap();
        assert!(has_stale_copy(&file));
        assert!(!has_stale_copy(folder.path().join("none.js").as_path()));
    }
}
