//! Parts that several tests share: the study's data, the fixtures, the native program.
#![allow(dead_code)] // Each test crate uses its own part.

pub mod training;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A path below the shared data (`KARYOLENS_SHARED`, default `../shared`), or `None` where it is
/// absent: then the skip of `test` is printed, and kept for `make test` to tell.
pub fn shared(test: &str, below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("KARYOLENS_SHARED").unwrap_or_else(|| "../shared".into());
    let path = Path::new(&root).join(below);
    if path.exists() {
        return Some(path);
    }
    let line = format!("SKIPPED (KARYOLENS_SHARED): {test}");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("KARYOLENS_SKIP_LOG") {
        let log = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(log);
        writeln!(log.expect("the log of skips"), "{line}").expect("the log of skips");
    }
    None
}

/// A committed fixture.
pub fn fixture(below: &str) -> PathBuf {
    Path::new("tests/fixtures").join(below)
}

/// The native program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_karyolens");

/// Runs the native program.
pub fn karyolens<const N: usize>(arguments: [&str; N]) -> Output {
    karyolens_with(&arguments)
}

/// Runs the native program with a list of arguments.
pub fn karyolens_with(arguments: &[&str]) -> Output {
    let output = Command::new(PROGRAM).args(arguments).output();
    output.expect("the program")
}

/// The standard output of a program, which must have succeeded.
pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The standard error of a program.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A small checkpoint in `folder`, made by the native program from a reference transformer of 64 px.
pub fn imported(folder: &Path) -> String {
    let output = folder.join("small.safetensors");
    let output = output.to_str().unwrap().to_string();
    let weights = fixture("parity/timm_vit/weights.safetensors");
    stdout(&karyolens([
        "import",
        "--from",
        "timm",
        "--arch",
        "vit",
        "--heads",
        "3",
        "--weights",
        weights.to_str().unwrap(),
        "-o",
        &output,
    ]));
    output
}
