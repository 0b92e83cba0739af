//! A run that an older version began goes on, and a run that cannot go on says why.

use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::support::training::{published, text};
use crate::support::{fixture, karyolens, stderr, stdout};

/// A copy of the run in `tests/fixtures/old-run`, with its data and with a change of its settings.
fn old_run(folder: &TempDir, [from, to]: [&str; 2]) -> PathBuf {
    let data = folder.path().join("data");
    published(&data);
    let run = folder.path().join("run");
    std::fs::create_dir_all(run.join("checkpoint")).unwrap();
    for file in [
        "metrics.csv",
        "checkpoint/model-1.bpk",
        "checkpoint/optim-1.bpk",
        "checkpoint/scheduler-1.bpk",
    ] {
        std::fs::copy(fixture("old-run").join(file), run.join(file)).unwrap();
    }
    let config = std::fs::read_to_string(fixture("old-run/config.json")).unwrap();
    assert!(config.contains(from));
    let config = config.replace("DATA", text(&data)).replace(from, to);
    std::fs::write(run.join("config.json"), config).unwrap();
    run
}

fn resume(run: &Path) -> Output {
    karyolens(["train", "--resume", text(run), "--plain"])
}

#[test]
fn a_run_of_an_older_version_goes_on() {
    let folder = TempDir::new().unwrap();
    let run = old_run(&folder, ["", ""]);
    let told = stdout(&resume(&run));
    assert!(!told.contains("epoch 1/2"), "it began anew: {told}");
    assert!(run.join("model.safetensors").exists());
    let [before, after] = [fixture("old-run"), run]
        .map(|run| std::fs::read_to_string(run.join("metrics.csv")).unwrap());
    assert!(after.starts_with(&before), "{after}");
    assert_eq!(after.lines().count(), 3, "{after}");
}

#[test]
fn the_weights_of_another_network_are_refused() {
    let folder = TempDir::new().unwrap();
    let run = old_run(&folder, ["\"width\": 1", "\"width\": 2"]);
    let error = stderr(&resume(&run));
    let told = format!("epoch 1 in {} are of another network", run.display());
    assert!(error.contains(&told), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    assert!(run.join("checkpoint/model-1.bpk").exists());
}

#[test]
fn a_broken_file_is_named_and_may_be_deleted() {
    for part in ["model", "optim", "scheduler"] {
        let folder = TempDir::new().unwrap();
        let run = old_run(&folder, ["", ""]);
        let file = run.join(format!("checkpoint/{part}-1.bpk"));
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() / 4]).unwrap();
        let error = stderr(&resume(&run));
        assert!(error.contains(text(&file)), "{error}");
        assert!(error.contains("delete it"), "{error}");
        assert!(!error.contains("panicked"), "{error}");
        std::fs::remove_file(&file).unwrap();
        let told = stdout(&resume(&run));
        assert!(told.contains("epoch 1/2"), "{told}");
    }
}
