//! Parses and validates WGSL files as wgpu does before a GPU gets them. The browser's tests hand it every
//! shader that the page made. It prints the number of valid files, or each fault with its place.
//!
//!     cargo run --release --example validate-wgsl -- FILE…

use std::process::ExitCode;

use naga::valid::{Capabilities, ValidationFlags, Validator};

fn fault(source: &str) -> Option<String> {
    let module = match naga::front::wgsl::parse_str(source) {
        Ok(module) => module,
        Err(error) => return Some(error.emit_to_string(source)),
    };
    // The features that every WebGPU has, and half precision, which shaders enable where it exists.
    let capabilities = Capabilities::SHADER_FLOAT16;
    Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .err()
        .map(|error| error.emit_to_string(source))
}

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let mut wrong = 0;
    for file in &files {
        let source = match std::fs::read_to_string(file) {
            Ok(source) => source,
            Err(error) => {
                eprintln!("{file}: {error}");
                wrong += 1;
                continue;
            }
        };
        if let Some(fault) = fault(&source) {
            eprintln!("{file}: {fault}");
            wrong += 1;
        }
    }
    println!(
        "{} of {} shaders are valid",
        files.len() - wrong,
        files.len()
    );
    match wrong {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
