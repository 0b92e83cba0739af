//! The native tests are one program, because each program links all of burn: one takes seconds to
//! link, one for each file takes minutes. To run the tests of one file:
//!
//!     cargo test --release --test native kernels::

use std::path::Path;

mod ablate;
mod checkpoint;
mod cli;
mod data;
mod decode;
#[cfg(feature = "remote")]
mod devices;
mod distill;
mod explain;
mod field;
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
mod segmenter;
mod shipped;
mod support;
mod train;
mod webgpu;

/// The tests of a file that no other file names would never run.
#[test]
fn every_file_of_tests_has_its_line() {
    check_lines(Path::new("tests"), "main.rs");
}

/// `list` in `folder` names every file and folder of tests beside it.
fn check_lines(folder: &Path, list: &str) {
    let lines = std::fs::read_to_string(folder.join(list)).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_folder = path.join("mod.rs").exists();
        let is_file = path.extension().is_some_and(|end| end == "rs") && !path.ends_with(list);
        if is_file || is_folder {
            let line = format!("mod {};", path.file_stem().unwrap().to_str().unwrap());
            assert!(
                lines
                    .lines()
                    .any(|found| found.trim_start_matches("pub ") == line),
                "{} has no line {line:?}",
                folder.join(list).display()
            );
        }
        if is_folder {
            check_lines(&path, "mod.rs");
        }
    }
}
