//! The command line as a person uses it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{PROGRAM, fixture, imported, karyolens, karyolens_with, stderr, stdout};
use tempfile::TempDir;

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().into()
}

fn render(folder: &TempDir, name: &str) -> String {
    let file = path(folder, name);
    stdout(&karyolens([
        "render",
        "--features",
        "Grooves,inclusion",
        "--seed",
        "3",
        "-o",
        &file,
    ]));
    file
}

#[test]
fn every_format_is_rendered_and_read_back() {
    let folder = TempDir::new().unwrap();
    let model = imported(folder.path());
    let mut answers = Vec::new();
    for name in ["a.png", "a.bmp", "a.tiff", "a.webp", "a.jpg"] {
        let file = render(&folder, name);
        let json = stdout(&karyolens(["predict", "--model", &model, "--json", &file]));
        let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(rows[0]["file"], file.as_str());
        let features = rows[0]["features"].as_array().unwrap();
        assert_eq!(features.len(), 9);
        assert!(rows[0]["risk"]["score"].is_u64());
        answers.push(features[0]["probability"].as_f64().unwrap());
    }
    // The lossless formats hold the same pixels.
    assert!(
        answers[..4].iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert!((answers[4] - answers[0]).abs() < 0.05, "{answers:?}");
}

#[test]
fn a_broken_file_is_told_in_its_row_and_the_others_go_on() {
    let folder = TempDir::new().unwrap();
    let model = imported(folder.path());
    let good = render(&folder, "good.png");
    let cut = path(&folder, "cut.jpg");
    let whole = std::fs::read(render(&folder, "whole.jpg")).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let text = path(&folder, "text.png");
    std::fs::write(&text, "this is no image").unwrap();
    let empty = path(&folder, "empty.png");
    std::fs::write(&empty, "").unwrap();
    let huge = path(&folder, "huge.png");
    std::fs::write(&huge, png_header(30_000, 30_000)).unwrap();
    let field = path(&folder, "field.png");
    let stripes = |x, _| image::Rgb([if x % 64 < 32 { 180 } else { 90 }, 150, 190]);
    image::RgbImage::from_fn(480, 360, stripes)
        .save(&field)
        .unwrap();
    let black = path(&folder, "black.png");
    image::RgbImage::new(300, 200).save(&black).unwrap();
    let files = [
        &*cut,
        &*text,
        &*empty,
        &*huge,
        &*field,
        &*black,
        "missing.png",
        &*good,
    ];
    let [a, .., good] = files;

    let output = karyolens_with(&[&["predict", "--model", &model, "--json"], &files[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let told = [
        "truncated",
        "text",
        "empty",
        "30000",
        "read it with `karyolens read-field`",
        "is black",
        "missing.png",
    ];
    for (row, told) in rows.iter().zip(told) {
        let error = row["error"].as_str().unwrap_or_default();
        assert!(error.contains(told), "{told:?} is not in {error:?}");
        assert!(row.get("features").is_none());
    }
    assert_eq!(rows[7]["features"].as_array().unwrap().len(), 9);
    assert!(rows[7].get("error").is_none());

    let output = karyolens(["predict", "--model", &model, "--csv", a, good]);
    let csv = String::from_utf8(output.stdout).unwrap();
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(&csv.headers().unwrap()[2], "Elongation");
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert!(!rows[0][1].is_empty() && rows[0][2].is_empty());
    assert!(rows[1][1].is_empty() && rows[1][2].parse::<f32>().is_ok());
}

/// The first bytes of a PNG that announces an image of this size.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    header.extend(crc32(&header[12..]).to_be_bytes());
    header.extend([0, 0, 0, 0]);
    header.extend(b"IDAT");
    header
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn verify_exits_with_the_answer() {
    let folder = TempDir::new().unwrap();
    let model = imported(folder.path());
    let reference = fixture("parity/timm_vit/io.safetensors");
    let reference = reference.to_str().unwrap();
    let same = stdout(&karyolens([
        "verify",
        "--model",
        &model,
        "--against",
        reference,
    ]));
    assert!(same.contains("largest |difference|"), "{same}");

    // Another network's answers, and a tolerance that nothing passes.
    let other = fixture("parity/torchvision_vit/io.safetensors");
    let arguments = [
        "verify",
        "--model",
        &model,
        "--against",
        other.to_str().unwrap(),
    ];
    assert_eq!(karyolens(arguments).status.code(), Some(1));
    let strict = [
        "verify",
        "--model",
        &model,
        "--against",
        reference,
        "--tolerance",
        "0",
    ];
    assert_eq!(karyolens(strict).status.code(), Some(1));
}

#[test]
fn a_checkpoint_that_cannot_be_used_is_named() {
    let folder = TempDir::new().unwrap();
    let image = render(&folder, "a.png");
    let half = path(&folder, "half.safetensors");
    let whole = std::fs::read(imported(folder.path())).unwrap();
    std::fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    let error = stderr(&karyolens(["predict", "--model", &half, &image]));
    assert!(
        error.contains("half.safetensors") && error.contains("cut short"),
        "{error}"
    );

    let foreign = fixture("parity/timm_vit/weights.safetensors");
    let error = stderr(&karyolens([
        "predict",
        "--model",
        foreign.to_str().unwrap(),
        &image,
    ]));
    assert!(error.contains("no model card"), "{error}");
    let error = stderr(&karyolens([
        "predict",
        "--model",
        "nowhere.safetensors",
        &image,
    ]));
    assert!(error.contains("nowhere.safetensors"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_no_more_ends_the_program_with_a_word_at_most() {
    let card = |output: Stdio| {
        let mut card = Command::new(PROGRAM);
        card.args(["card", "models/default.safetensors"])
            .stdout(output)
            .output()
            .unwrap()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let nobody_reads = card(writer.into());
    assert_eq!(nobody_reads.status.code(), Some(0));
    assert_eq!(stderr(&nobody_reads), "");
    let full = std::fs::File::create("/dev/full").unwrap();
    let disk_full = card(full.into());
    assert_eq!(disk_full.status.code(), Some(1));
    let told = stderr(&disk_full);
    assert!(told.contains("cannot write to standard output"), "{told}");
}

#[test]
fn a_heat_map_is_drawn_over_the_cell_and_printed() {
    let folder = TempDir::new().unwrap();
    let model = imported(folder.path());
    let cell = render(&folder, "cell.png");
    let map = path(&folder, "map.png");
    let explain = |feature: &str, more: &[&str]| {
        let arguments = ["explain", &cell, "--model", &model, "--feature", feature];
        karyolens_with(&[&arguments[..], more].concat())
    };
    let json = stdout(&explain("grooves", &["-o", &map, "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["feature"], "Grooves");
    let places = json["width"].as_u64().unwrap() * json["height"].as_u64().unwrap();
    assert_eq!(json["values"].as_array().unwrap().len() as u64, places);

    let [cell, map] = [&cell, &map].map(|file| image::open(file).unwrap().to_rgb8());
    assert_eq!(map.dimensions(), (224, 224));
    let (left, side) = (&json["region"]["left"], &json["region"]["side"]);
    let region = left.as_u64().unwrap()..left.as_u64().unwrap() + side.as_u64().unwrap();
    let differing = map.enumerate_pixels().filter(|(x, y, pixel)| {
        let differs = *pixel != cell.get_pixel(*x, *y);
        assert!(!differs || (region.contains(&(*x).into()) && region.contains(&(*y).into())));
        differs
    });
    assert!(differing.count() > 100);

    let told = stderr(&explain("Nonsense", &["--json"]));
    assert!(
        told.contains("Nonsense") && told.contains("Grooves"),
        "{told}"
    );
    let told = stderr(&explain("Grooves", &[]));
    assert!(told.contains("--output"), "{told}");
}

#[test]
fn unknown_names_are_told_with_those_there_are() {
    let output = karyolens(["render", "--features", "Nonsense", "-o", "x.png"]);
    assert!(stderr(&output).contains("Grooves"), "{}", stderr(&output));
    assert!(!Path::new("x.png").exists());
}

#[test]
fn the_shipped_model_is_one_that_classifies() {
    let folder = TempDir::new().unwrap();
    let image = render(&folder, "a.png");
    let model = PathBuf::from("models/default.safetensors");
    let text = stdout(&karyolens([
        "predict",
        "--model",
        model.to_str().unwrap(),
        &image,
    ]));
    assert!(
        text.contains("Elongation") && text.contains("risk"),
        "{text}"
    );
}
