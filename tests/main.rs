//! The native tests are one program, because each program links all of burn: one takes seconds to
//! link, one for each file takes minutes. To run the tests of one file:
//!
//!     cargo test --release --test native kernels::

mod ablate;
mod checkpoint;
mod cli;
mod data;
mod decode;
#[cfg(feature = "remote")]
mod devices;
mod distill;
mod explain;
mod flips;
mod import;
mod kernels;
mod losses;
mod methods;
mod metrics;
mod model;
mod parity;
mod precision;
mod quantise;
mod report;
mod run;
mod same_answers;
mod shipped;
mod support;
mod train;
mod webgpu;

/// The tests of a file that has no line above would never run.
#[test]
fn every_file_of_tests_has_its_line() {
    for entry in std::fs::read_dir("tests").unwrap() {
        let path = entry.unwrap().path();
        let is_module =
            path.extension().is_some_and(|end| end == "rs") && !path.ends_with("main.rs");
        if is_module || path.join("mod.rs").exists() {
            let line = format!("\nmod {};\n", path.file_stem().unwrap().to_str().unwrap());
            assert!(
                include_str!("main.rs").contains(&line),
                "tests/main.rs has no line{line}"
            );
        }
    }
}
