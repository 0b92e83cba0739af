//! A run that is stopped, killed, or out of space leaves nothing broken, and goes on.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::training::{published, short_run, text, train};
use crate::support::{PROGRAM, karyolens, stderr, stdout};

/// The dashboard's own way to stop, `q` and then `s`, leaves a run that goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_was_stopped_in_the_dashboard_goes_on() {
    use std::io::Write;
    use std::process::Stdio;

    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let run = folder.path().join("run");
    let mut arguments = short_run(&data, &run, &["--epochs", "200"]);
    arguments.retain(|argument| *argument != "--plain");
    // `script` gives it a terminal.
    let command = format!("{PROGRAM} {}", arguments.join(" "));
    let mut training = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !run.join("metrics.csv").exists() {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "no epoch ended"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut keys = training.stdin.take().unwrap();
    keys.write_all(b"q").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    keys.write_all(b"s").unwrap();
    let output = training.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("--resume"), "{told}");
    assert!(!run.join("model.safetensors").exists());
    assert!(run.join("checkpoint").exists());
}

/// Every method at once, so that whatever has a state is interrupted and resumed.
const EVERY_METHOD: &[&str] = &[
    "--epochs",
    "10",
    "--loss",
    "asl",
    "--lpr",
    "0.05",
    "--label-smoothing",
    "0.05",
    "--cutmix",
    "0.5",
    "--rare-below",
    "0.6",
    "--weights",
    "max",
    "--accumulate",
    "2",
    "--ema",
    "0.9",
    "--layer-decay",
    "0.8",
    "--freeze",
    "2",
];

#[test]
fn a_killed_run_goes_on_to_the_weights_that_it_would_have_had() {
    goes_on("convnext-atto");
}

/// Batch norms have running statistics, of the network and of its average.
#[test]
fn a_killed_run_with_batch_norms_goes_on_too() {
    goes_on("resnet-18");
}

fn goes_on(arch: &str) {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let [whole, killed] = ["whole", "killed"].map(|run| folder.path().join(run));
    let more = [EVERY_METHOD, &["--arch", arch]].concat();
    stdout(&train(&data, &whole, &more));

    // SIGKILL while the fourth epoch runs, at the latest: the run has ten.
    let arguments = short_run(&data, &killed, &more);
    let mut process = Command::new(PROGRAM).args(arguments).spawn().unwrap();
    let started = Instant::now();
    let epochs = || {
        let table = std::fs::read_to_string(killed.join("metrics.csv")).unwrap_or_default();
        table.lines().count().saturating_sub(1)
    };
    while epochs() < 3 {
        assert!(
            started.elapsed() < Duration::from_secs(300),
            "no third epoch"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    process.kill().unwrap();
    assert!(!process.wait().unwrap().success());
    assert!(
        !killed.join("model.safetensors").exists(),
        "killed too late"
    );

    let resumed = stdout(&karyolens(["train", "--resume", text(&killed), "--plain"]));
    assert!(!resumed.contains("epoch 1/10"), "it began anew: {resumed}");
    assert!(resumed.contains("epoch 10/10"), "{resumed}");
    assert!(
        !killed.join("checkpoint").exists(),
        "its epochs' weights are of no more use"
    );
    for file in ["model.safetensors", "metrics.csv"] {
        let read = |run: &Path| std::fs::read(run.join(file)).unwrap();
        assert!(read(&whole) == read(&killed), "{file} differs");
    }
    // A run that is complete stays as it is.
    stdout(&karyolens(["train", "--resume", text(&killed), "--plain"]));
    let settings = stderr(&karyolens([
        "train",
        "--resume",
        text(&killed),
        "--lr",
        "0.1",
    ]));
    assert!(settings.contains("leave out all others"), "{settings}");
}

/// Files may not grow beyond this many blocks of 512 or 1024 bytes: less than the weights.
#[cfg(unix)]
const FILE_LIMIT: &str = "1000";

#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_leaves_no_broken_file() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let run = folder.path().join("run");
    let output = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"",
            FILE_LIMIT,
            PROGRAM,
        ])
        .args(short_run(&data, &run, &[]))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = stderr(&output);
    assert!(
        error.contains("cannot write") && error.contains("model-1"),
        "{error}"
    );
    let left: Vec<_> = std::fs::read_dir(run.join("checkpoint"))
        .unwrap()
        .flatten()
        .collect();
    let left: Vec<_> = left.iter().map(|file| file.file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().starts_with("model")),
        "{left:?}"
    );
}
