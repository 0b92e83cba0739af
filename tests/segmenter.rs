//! A segmenter is trained on drawn fields, goes on after a stop, and finds the nuclei of a field that it
//! has not seen.

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use karyolens::checkpoint::Checkpoint;
use karyolens::field::formats::read_contours;
use karyolens::field::found::Area;
use rand::RngExt;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::training::text;
use crate::support::{imported, karyolens, karyolens_with, stderr, stdout};

const SIDE: u32 = 160;

/// A field with dark discs on pale ground, and the outlines of the discs.
fn field(seed: u64) -> (RgbImage, Value) {
    let mut random = karyolens::train::run::random(seed, &[]);
    let mut discs = Vec::new();
    // One disc in each square of a grid, so that none overlap.
    for (column, row) in (0..4).flat_map(|row| (0..4).map(move |column| (column, row))) {
        let mut within = |low: f32, high: f32| low + (high - low) * random.random::<f32>();
        let radius = within(8.0, 13.0);
        let mut place = |number: i32| 40.0 * number as f32 + within(15.0, 25.0);
        discs.push(([place(column), place(row)], radius));
    }
    let picture = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let is_inside = |([left, top], radius): &([f32; 2], f32)| {
            (x as f32 - left).hypot(y as f32 - top) <= *radius
        };
        match discs.iter().any(is_inside) {
            true => Rgb([90, 50, 130]),
            false => Rgb([235, 215, 228]),
        }
    });
    let outlines = discs.iter().enumerate().map(|(id, ([x, y], radius))| {
        let points = (0..48).map(|i| {
            let (sin, cos) = (i as f32 / 48.0 * std::f32::consts::TAU).sin_cos();
            [x + radius * cos, y + radius * sin]
        });
        json!({ "id": id, "points": points.collect::<Vec<_>>() })
    });
    (picture, outlines.collect())
}

fn fields(folder: &Path, seeds: std::ops::Range<u64>) {
    for part in ["images", "contour"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
    for seed in seeds {
        let (picture, outlines) = field(seed);
        let file = folder.join("images").join(format!("field_{seed}.png"));
        picture.save(file).unwrap();
        let file = folder
            .join("contour")
            .join(format!("field_{seed}_contours.json"));
        std::fs::write(file, outlines.to_string()).unwrap();
    }
}

fn areas(json: &[u8]) -> Vec<Area> {
    let contours = read_contours(json).unwrap().into_iter();
    contours
        .map(|contour| {
            let points = contour.points.iter().map(|point| point.map(|v| v as f32));
            Area::new(&points.collect::<Vec<_>>())
        })
        .collect()
}

/// Trains a small network in `run`.
fn train(data: &Path, run: &Path) -> std::process::Output {
    let options = [
        ("--validate-each", "4"),
        ("--epochs", "8"),
        ("--views-each", "32"),
        ("--side", "96"),
        ("--encoder-width", "8"),
        ("--decoder-width", "16"),
        ("--rays", "16"),
        ("--lr", "0.005"),
        ("--ema", "0.9"),
    ];
    let mut arguments = vec![
        "train-segmenter",
        "--plain",
        "--data",
        text(data),
        "--run",
        text(run),
    ];
    arguments.extend(options.iter().flat_map(|(name, value)| [name, value]));
    karyolens_with(&arguments)
}

#[test]
fn a_segmenter_learns_to_find_discs() {
    let folder = TempDir::new().unwrap();
    let [data, unseen, run, found] =
        ["data", "unseen", "run", "found"].map(|name| folder.path().join(name));
    fields(&data, 0..8);
    fields(&unseen, 100..102);
    stdout(&train(&data, &run));
    let model = run.join("model.safetensors");
    let card = Checkpoint::read(&std::fs::read(&model).unwrap())
        .unwrap()
        .card;
    assert!(card.metrics["val_f1_50"] > 0.9, "{:?}", card.metrics);
    assert!(
        card.provenance.data.contains("field_2, field_6"),
        "{}",
        card.provenance.data
    );

    let images = [100, 101].map(|seed| unseen.join(format!("images/field_{seed}.png")));
    let [first, second] = images.each_ref().map(|path| text(path));
    let arguments = [
        "segment",
        "--model",
        text(&model),
        "-o",
        text(&found),
        first,
        second,
    ];
    stdout(&karyolens(arguments));
    let (mut right, mut all) = (0, 0);
    for seed in [100, 101] {
        let read = |name: &str| std::fs::read(found.join(format!("field_{seed}_{name}.json")));
        assert_eq!(read("left_out").unwrap(), b"[]");
        let (contours, (_, truth)) = (areas(&read("contours").unwrap()), field(seed));
        let truth = areas(truth.to_string().as_bytes());
        all += contours.len() + truth.len();
        right += truth
            .iter()
            .filter(|truth| contours.iter().any(|found| found.overlap(truth) > 0.5))
            .count();
    }
    let f1 = 2.0 * right as f64 / all as f64;
    assert!(f1 > 0.9, "{f1}");
    // What is there is not made again.
    assert!(stdout(&karyolens(arguments)).contains("there already"));

    let whole = folder.path().join("whole");
    let classifier = imported(folder.path());
    let arguments = [
        "read-field",
        "--segmenter",
        text(&model),
        "--model",
        &classifier,
        "-o",
        text(&whole),
        first,
    ];
    stdout(&karyolens(arguments));
    let contours = |file: PathBuf| read_contours(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(
        contours(whole.join("field_100_cells.json")),
        contours(found.join("field_100_contours.json"))
    );
    assert!(whole.join("field_100_left_out.json").is_file());
}

#[test]
fn what_cannot_be_used_is_told() {
    let folder = TempDir::new().unwrap();
    let [data, run] = ["data", "run"].map(|name| folder.path().join(name));
    fields(&data, 0..1);
    let told = stderr(&train(&data, &run));
    assert!(told.contains("too few fields"), "{told}");
    std::fs::write(data.join("contour/field_0_contours.json"), "{").unwrap();
    let told = stderr(&train(&data, &run));
    assert!(told.contains("field_0_contours.json"), "{told}");
    let output = karyolens([
        "segment",
        "--model",
        "models/default.safetensors",
        "-o",
        text(&run),
        "no.png",
    ]);
    let told = stderr(&output);
    assert!(told.contains("not one that finds nuclei"), "{told}");
}

#[test]
fn a_part_of_a_slide_is_read_like_the_same_picture_alone() {
    let folder = TempDir::new().unwrap();
    let below = |name: &str| text(&folder.path().join(name)).to_string();
    let run = |line: &str| karyolens_with(&line.split(' ').collect::<Vec<_>>());
    let drawn = below("drawn.png");
    stdout(&run(&format!(
        "render --field --nuclei 20 --size 320x256 -o {drawn}"
    )));
    let drawn = image::open(&drawn).unwrap().into_rgb8();
    let mut slide = RgbImage::from_pixel(900, 700, Rgb([236; 3]));
    image::imageops::replace(&mut slide, &drawn, 300, 200);
    let mut file = std::fs::File::create(below("slide.tif")).unwrap();
    let mut tiff = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    tiff.write_image::<tiff::encoder::colortype::RGB8>(900, 700, &slide)
        .unwrap();
    let found = |arguments: &str, name: &str| {
        let output = below("found");
        let model = "models/segmenter.safetensors";
        stdout(&run(&format!(
            "segment --model {model} --enlarged 1 -o {output} {arguments}"
        )));
        let file = folder
            .path()
            .join("found")
            .join(format!("{name}_contours.json"));
        read_contours(&std::fs::read(file).unwrap()).unwrap()
    };
    let alone = found(&below("drawn.png"), "drawn");
    let part = format!("--part 300,200,320,256 {}", below("slide.tif"));
    let part = found(&part, "slide [x=300,y=200,w=320,h=256]");
    assert!(alone.len() > 10);
    assert_eq!(part, alone);

    let slide = below("slide.tif");
    for (arguments, told) in [
        (format!("--part 800,0,200,100 {slide}"), "900 × 700"),
        (format!("--part 1,2,3 {slide}"), "is not like"),
        (format!("--part 0,0,64,64 {slide} {slide}"), "of one slide"),
    ] {
        let arguments = format!(
            "segment --model models/segmenter.safetensors -o {} {arguments}",
            below("refused")
        );
        let error = stderr(&run(&arguments));
        assert!(error.contains(told), "{told}: {error}");
    }
}
