//! Training on a small set of synthetic cells: it repeats, it learns, it says what is wrong.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use karyolens::checkpoint::{Checkpoint, ModelCard, Precision};
use support::training::{cells, metric, part_fields, published, short_run, text, train};
use support::{PROGRAM, karyolens, stderr, stdout};
use tempfile::TempDir;

/// The same cells in one folder, with a file of the splits.
fn flat(folder: &Path) {
    let images = folder.join("images");
    std::fs::create_dir_all(&images).unwrap();
    let (mut labels, mut splits) = (BTreeMap::new(), BTreeMap::new());
    for (split, count, first_seed) in [("train", 24, 0), ("val", 12, 100)] {
        for (id, (image, own)) in cells(count, first_seed) {
            image.save(images.join(format!("{id}.png"))).unwrap();
            splits
                .entry(split)
                .or_insert_with(Vec::new)
                .push(id.clone());
            labels.insert(id, own);
        }
    }
    std::fs::write(
        folder.join("labels.json"),
        serde_json::to_vec(&labels).unwrap(),
    )
    .unwrap();
    std::fs::write(
        folder.join("splits.json"),
        serde_json::to_vec(&splits).unwrap(),
    )
    .unwrap();
}

#[test]
fn a_seed_repeats_a_run_and_the_run_learns() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let model =
        |run: &str| std::fs::read(folder.path().join(run).join("model.safetensors")).unwrap();
    for (run, seed) in [("a", "5"), ("b", "5"), ("c", "6")] {
        stdout(&train(
            &data,
            &folder.path().join(run),
            &["--seed", seed, "--lr", "0.003"],
        ));
    }
    assert!(
        model("a") == model("b"),
        "the same seed must give the same bytes"
    );
    assert!(
        model("a") != model("c"),
        "another seed must give another model"
    );

    let times = std::fs::read_to_string(folder.path().join("a/seconds.csv")).unwrap();
    let mut times = csv::Reader::from_reader(times.as_bytes());
    let times: Vec<[f64; 3]> = times.deserialize().map(Result::unwrap).collect();
    assert_eq!(times.len(), 4);
    assert!(
        times.iter().all(|[_, all, waiting]| waiting <= all),
        "{times:?}"
    );

    let losses = metric(&folder.path().join("a"), "train loss");
    assert_eq!(losses.len(), 4);
    assert!(losses[3] < losses[0] - 0.05, "{losses:?}");

    let run = folder.path().join("a");
    let config = std::fs::read_to_string(run.join("config.json")).unwrap();
    assert!(config.contains("\"seed\": 5"), "{config}");
    let again = train(&data, &run, &[]);
    assert!(
        stderr(&again).contains("already holds a run"),
        "{}",
        stderr(&again)
    );

    let model = run.join("model.safetensors");
    let evaluate = [
        "evaluate",
        "--model",
        text(&model),
        "--data",
        text(&data),
        "--json",
    ];
    let figures: serde_json::Value = serde_json::from_str(&stdout(&karyolens(evaluate))).unwrap();
    assert_eq!(figures["n"], 12);
    for name in ["macro_f1", "micro_f1", "class_map", "sample_map"] {
        assert!(
            figures[name].is_f64() && figures["all_present"][name].is_f64(),
            "{name}"
        );
    }
    assert!(figures["macro_f1_tuned"].is_f64());
    // Three of nine features occur, in 6 of 12 cells each.
    let always = figures["all_present"]["macro_f1"].as_f64().unwrap();
    assert!((always - 3.0 / 9.0 * 2.0 / 3.0).abs() < 1e-9, "{always}");
}

#[test]
fn two_batches_of_four_make_the_step_of_one_of_eight() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let losses = |name: &str, batches: &[&str]| {
        let run = folder.path().join(name);
        let more = [
            "--sampler",
            "uniform",
            "--drop-path",
            "0",
            "--matmul",
            "highest",
        ];
        stdout(&train(&data, &run, &[&more, batches].concat()));
        ["train loss", "valid loss"]
            .map(|name| metric(&run, name))
            .concat()
    };
    let whole = losses("whole", &["--batch", "8"]);
    let halves = losses("halves", &["--batch", "4", "--accumulate", "2"]);
    assert_eq!(whole.len(), 8);
    for (whole, halves) in whole.iter().zip(&halves) {
        assert!((whole - halves).abs() < 2e-3, "{whole}, {halves}");
    }
    let smaller = losses("smaller", &["--batch", "4"]);
    assert!(
        (smaller[3] - whole[3]).abs() > 1e-2,
        "{smaller:?}, {whole:?}"
    );
}

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

#[test]
fn a_layer_far_from_the_head_learns_slower() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let [first, second] = ["first", "second"].map(|run| folder.path().join(run));
    stdout(&train(&data, &first, &["--epochs", "1"]));
    let model = first.join("model.safetensors");
    // So steep that nothing but the head moves by what f16 can show.
    let more = [
        "--init",
        text(&model),
        "--layer-decay",
        "0.000001",
        "--epochs",
        "1",
    ];
    stdout(&train(&data, &second, &more));
    let weights = |run: &Path| {
        let bytes = std::fs::read(run.join("model.safetensors")).unwrap();
        Checkpoint::read(&bytes).unwrap().weights.0
    };
    let (before, after) = (weights(&first), weights(&second));
    for (name, before) in &before {
        let moved = *before != after[name];
        let is_head = name.starts_with("head.") || name.starts_with("norm.");
        assert_eq!(moved, is_head, "{name}");
    }
}

#[test]
fn a_card_tells_the_figures_of_a_sibling_by_field() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    part_fields(&data, "train"); // So that there are two folds.
    part_fields(&data, "val");
    let learn = |name: &str, more: &[&str]| {
        let run = folder.path().join(name);
        stdout(&train(
            &data,
            &run,
            &[&["--epochs", "1"][..], more].concat(),
        ));
        run.join("model.safetensors")
    };
    let own = learn("own", &[]);
    let by_field = ["--split", "by-field", "--folds", "2"];
    let sibling = learn("sibling", &by_field);
    let other = learn("other", &[&by_field[..], &["--lr", "0.002"]].concat());
    let copy = folder.path().join("copy.safetensors");
    let card = |sibling: &Path| {
        let (own, copy) = (text(&own), text(&copy));
        karyolens(["card", own, "--by-field", text(sibling), "-o", copy])
    };
    stdout(&card(&sibling));
    let read = |model: &Path| Checkpoint::read(&std::fs::read(model).unwrap()).unwrap();
    let [own, sibling, copied] = [&own, &sibling, &copy].map(|model| read(model));
    assert!(copied.weights == own.weights);
    let figure = |card: &ModelCard, name: &str| card.metrics[name];
    for name in ["macro_f1", "class_map", "cells"] {
        let (val, by_field) = (format!("val_{name}"), format!("by_field_{name}"));
        assert_eq!(figure(&copied.card, &val), figure(&own.card, &val));
        assert_eq!(figure(&copied.card, &by_field), figure(&sibling.card, &val));
    }
    let told = stderr(&card(&other));
    assert!(told.contains("lr = 0.002"), "{told}");
    let told = stderr(&card(&copy));
    assert!(told.contains("not trained on a split by field"), "{told}");
}

#[test]
fn a_card_tells_where_its_calls_are_in_doubt() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let run = folder.path().join("run");
    stdout(&train(&data, &run, &["--epochs", "1"]));
    let read = |model: &Path| Checkpoint::read(&std::fs::read(model).unwrap()).unwrap();
    let trained = read(&run.join("model.safetensors"));
    assert_eq!(trained.card.classification().unwrap().unsure.len(), 9);

    let mut old = trained.clone();
    old.card.classification_mut().unwrap().unsure.clear();
    let old_file = folder.path().join("old.safetensors");
    std::fs::write(&old_file, old.write(Precision::F16).unwrap()).unwrap();
    let copy = folder.path().join("copy.safetensors");
    let card = |model: &Path| {
        let (model, data, copy) = (text(model), text(&data), text(&copy));
        karyolens(["card", model, "--unsure-from", data, "-o", copy])
    };
    stdout(&card(&old_file));
    let copied = read(&copy);
    assert_eq!(copied.card, trained.card);
    assert!(copied.weights == trained.weights);

    old.card.provenance.settings = serde_json::Value::Null;
    std::fs::write(&old_file, old.write(Precision::F16).unwrap()).unwrap();
    let told = stderr(&card(&old_file));
    assert!(told.contains("not trained by this program"), "{told}");
    let told = stderr(&karyolens([
        "card",
        text(&copy),
        "--unsure-from",
        text(&data),
    ]));
    assert!(told.contains("--output"), "{told}");
}

#[test]
fn settings_that_no_run_can_use_are_named() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    for (option, value) in [
        ("--epochs", "0"),
        ("--warmup", "1"),
        ("--layer-decay", "0"),
        ("--ema", "1"),
        ("--cutmix", "1.5"),
        ("--lpr", "-1"),
        ("--freeze", "4"),
        ("--temperature", "0"),
        ("--accumulate", "0"),
        ("--weight-decay", "NaN"),
        ("--jitter", "5"),
        ("--crop", "0"),
        ("--teacher-share", "0.9"),
        ("--rare-below", "0.2"),
    ] {
        let run = folder.path().join("run");
        let setting = format!("{option}={value}");
        let error = stderr(&train(&data, &run, &[&setting]));
        assert!(
            error.contains(option) && !run.exists(),
            "{setting}: {error}"
        );
    }
}

#[test]
fn a_flat_folder_trains_and_goes_on_from_a_checkpoint() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    flat(&data);
    let splits = data.join("splits.json");
    let first = folder.path().join("first");
    stdout(&train(&data, &first, &["--split-file", text(&splits)]));
    let second = folder.path().join("second");
    let model = first.join("model.safetensors");
    let more = ["--split-file", text(&splits), "--init", text(&model)];
    let more = [&more[..], &["--epochs", "1", "--sampler", "uniform"]].concat();
    let output = train(&data, &second, &more);
    assert!(stdout(&output).contains("val_macro_f1"));
}

#[test]
fn wrong_data_is_named_before_anything_is_written() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 5] = [
        ("F1_cell_3", |data| {
            std::fs::remove_file(data.join("images/train/F1_cell_3.jpg")).unwrap()
        }),
        ("must be 9 values", |data| {
            std::fs::write(data.join("labels/val.json"), r#"{"F1_cell_100": [1, 0]}"#).unwrap();
        }),
        ("0 or 1", |data| {
            let labels = r#"{"F1_cell_100": [1, 0, 2, 0, 0, 0, 0, 0, 0]}"#;
            std::fs::write(data.join("labels/val.json"), labels).unwrap();
        }),
        ("is empty", |data| {
            std::fs::write(data.join("labels/train.json"), "{}").unwrap()
        }),
        ("train.json", |data| {
            std::fs::write(data.join("labels/train.json"), "[").unwrap()
        }),
    ];
    for (told, damage) in cases {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        published(&data);
        damage(&data);
        let run = folder.path().join("run");
        let error = stderr(&train(&data, &run, &[]));
        assert!(error.contains(told), "{told:?} is not in {error}");
        assert!(!run.exists());
    }
}

#[test]
fn a_broken_image_stops_the_run_and_is_named() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let image = data.join("images/train/F1_cell_5.jpg");
    let bytes = std::fs::read(&image).unwrap();
    std::fs::write(&image, &bytes[..bytes.len() / 2]).unwrap();
    let run = folder.path().join("run");
    let output = train(&data, &run, &["--sampler", "uniform"]);
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("F1_cell_5.jpg"),
        "{}",
        stderr(&output)
    );
}
