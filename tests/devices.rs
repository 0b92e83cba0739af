//! Devices of another process: classified and trained on over loopback, as over a network.
#![cfg(feature = "remote")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::training::metric;
use crate::support::{PROGRAM, karyolens, karyolens_with, stderr, stdout};
use karyolens::image::render_synthetic;
use karyolens::nuclei::Feature;
use serde_json::Value;
use tempfile::TempDir;

/// A `karyolens device-server` that ends with its test.
struct Server {
    process: Child,
    device: String,
}

impl Server {
    fn start(token: &str) -> Self {
        let mut process = Command::new(PROGRAM)
            .args(["device-server", "--port", "0"])
            .env("KARYOLENS_DEVICE_TOKEN", token)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(process.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap();
        Self {
            device: format!("remote:{address}"),
            process,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A data folder with one kind of cell.
fn data(folder: &Path) {
    for (split, first_seed) in [("train", 0), ("val", 8)] {
        let images = folder.join("images").join(split);
        std::fs::create_dir_all(&images).unwrap();
        std::fs::create_dir_all(folder.join("labels")).unwrap();
        let mut labels = BTreeMap::new();
        for seed in first_seed..first_seed + 8 {
            let id = format!("F{seed}_cell_1");
            let features = [Feature::Grooves];
            let image = images.join(format!("{id}.png"));
            render_synthetic(&features, seed).save(image).unwrap();
            let shown = Feature::ALL.map(|feature| u8::from(features.contains(&feature)));
            labels.insert(id, shown.to_vec());
        }
        let labels = serde_json::to_vec(&labels).unwrap();
        std::fs::write(folder.join("labels").join(format!("{split}.json")), labels).unwrap();
    }
}

#[test]
fn another_process_classifies_and_trains() {
    let folder = TempDir::new().unwrap();
    let server = Server::start("");
    let image = folder.path().join("cell.png");
    render_synthetic(&[Feature::Grooves], 1)
        .save(&image)
        .unwrap();
    let probabilities = |device: &str| {
        let model = "models/default.safetensors";
        let arguments = [
            "predict",
            "--model",
            model,
            "--json",
            "--device",
            device,
            text(&image),
        ];
        let rows: Value = serde_json::from_str(&stdout(&karyolens(arguments))).unwrap();
        let features = rows[0]["features"].as_array().unwrap().clone();
        let probability = |feature: Value| feature["probability"].as_f64().unwrap();
        features.into_iter().map(probability).collect::<Vec<f64>>()
    };
    let here = probabilities("cpu");
    for (here, there) in here.iter().zip(probabilities(&server.device)) {
        assert!((here - there).abs() < 1e-4, "{here} here, {there} there");
    }

    let (data_folder, run) = (folder.path().join("data"), folder.path().join("run"));
    data(&data_folder);
    let arguments = [
        "train",
        "--data",
        text(&data_folder),
        "--run",
        text(&run),
        "--arch",
        "vit-tiny",
        "--input-size",
        "32",
        "--epochs",
        "2",
        "--batch",
        "4",
        "--ema",
        "0.9",
        "--plain",
        "--device",
        &server.device,
    ];
    let told = stdout(&karyolens(arguments));
    assert!(told.contains("epoch 2/2"), "{told}");
    let config = std::fs::read_to_string(run.join("config.json")).unwrap();
    assert!(config.contains(&server.device), "{config}");
}

/// Two machines with half of a batch each do what one does with all of it.
#[test]
fn two_machines_share_each_step() {
    let folder = TempDir::new().unwrap();
    let [first, second] = [Server::start(""), Server::start("")];
    let address = second.device.strip_prefix("remote:").unwrap();
    let both = format!("{},{address}", first.device);
    let data_folder = folder.path().join("data");
    data(&data_folder);
    let train = |name: &str, more: &[&str]| {
        let run = folder.path().join(name);
        let mut arguments = vec!["train", "--data", text(&data_folder), "--run", text(&run)];
        arguments.extend(["--plain", "--input-size", "32", "--arch", "vit-tiny"]);
        // One step an epoch, of all eight cells.
        arguments.extend([
            "--sampler",
            "uniform",
            "--batch",
            "8",
            "--matmul",
            "highest",
        ]);
        arguments.extend(more);
        stdout(&karyolens_with(&arguments));
        run
    };
    let start = train("start", &["--epochs", "1"]).join("model.safetensors");
    let more = ["--epochs", "4", "--warmup", "0", "--init", text(&start)];
    let teacher = ["--teacher", "models/default.safetensors"];
    let losses = |device: &str| {
        let more = [&more[..], &teacher, &["--device", device]].concat();
        let run = train(&device.replace([':', ','], "-"), &more);
        ["train loss", "valid loss"]
            .map(|name| metric(&run, name))
            .concat()
    };
    let (alone, shared) = (losses("cpu"), losses(&both));
    assert_eq!(alone.len(), 8);
    for (alone, shared) in alone.iter().zip(&shared) {
        assert!(
            (alone - shared).abs() < 1e-3,
            "{alone} alone, {shared} shared"
        );
    }
    assert!(alone[7] < alone[4] - 0.02, "{alone:?}");
}

#[test]
fn a_server_with_a_token_takes_those_with_the_same_alone() {
    let server = Server::start("secret");
    let folder = TempDir::new().unwrap();
    let image = folder.path().join("cell.png");
    render_synthetic(&[], 1).save(&image).unwrap();
    let predict = |token: &str| {
        let model = "models/default.safetensors";
        Command::new(PROGRAM)
            .args(["predict", "--model", model, "--device", &server.device])
            .arg(&image)
            .env("KARYOLENS_DEVICE_TOKEN", token)
            .output()
            .unwrap()
    };
    assert!(stdout(&predict("secret")).contains("Elongation"));
    for token in ["", "another"] {
        let error = stderr(&predict(token));
        assert!(error.contains("cannot use the devices of"), "{error}");
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let predict = |device| {
        let model = "models/default.safetensors";
        stderr(&karyolens([
            "predict", "--model", model, "--device", device, "x.png",
        ]))
    };
    let error = predict("remote:127.0.0.1:9");
    assert!(error.contains("127.0.0.1:9"), "{error}");
    let error = predict("tpu");
    assert!(error.contains("remote:ADDRESS"), "{error}");
    #[cfg(not(feature = "cuda"))]
    assert!(predict("cuda").contains("--features cuda"));
}
