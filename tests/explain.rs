//! Heat maps: they add up to the logit, lie where the cell does, and point at what matters.

use crate::support::shared;
use burn::tensor::{Device, Tensor};
use image::imageops::flip_horizontal;
use image::{Rgb, RgbImage};
use karyolens::checkpoint::Checkpoint;
use karyolens::classify::{Classifier, ClassifyError};
use karyolens::explain::{HeatMap, Region};
use karyolens::image::{CellImage, render_synthetic};
use karyolens::model::{Architecture, Insight, Pixels};
use karyolens::nuclei::{Feature, FeatureSet};
use karyolens::train::cells::data::{DataFolder, Splits};
use pollster::block_on;
use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

const MODELS: [&str; 3] = [
    "models/default.safetensors",
    "models/convnext.safetensors",
    "models/vit.safetensors",
];
/// How many cells are painted over.
const CELLS: usize = 200;
/// From this value on, in all three channels, a pixel does not belong to the cell.
const WHITE_FROM: u8 = 232;

fn checkpoint(model: &str) -> Checkpoint {
    Checkpoint::read(&std::fs::read(model).expect("a shipped model")).expect("a checkpoint")
}

/// The shipped models, and those that take any side at sides that are no multiple of 32.
fn at_any_side() -> Vec<(String, Checkpoint)> {
    let mut found = Vec::new();
    for model in MODELS {
        let shipped = checkpoint(model);
        if !matches!(shipped.card.architecture, Architecture::Vit(_)) {
            for side in [75, 112] {
                let mut resampled = shipped.clone();
                resampled.resample(side).expect("a side that fits");
                found.push((format!("{model} at {side} px"), resampled));
            }
        }
        found.push((model.into(), shipped));
    }
    found
}

fn classifier(model: &str) -> Classifier {
    Classifier::new(checkpoint(model), Device::flex()).expect("its network")
}

fn synthetic(features: &[Feature], seed: u64) -> CellImage {
    CellImage::new(render_synthetic(features, seed)).expect("a cell image")
}

#[test]
fn shares_of_all_places_and_the_rest_are_the_logits() {
    for (model, checkpoint) in at_any_side() {
        let network = checkpoint.clone().folded().unwrap();
        let head = network.evidence_head().expect("a head");
        let input = &checkpoint.card.classification().unwrap().input;
        let side = input.side as usize;
        let mut colours = Vec::new();
        for seed in 0..3 {
            let cell = synthetic(&[Feature::ALL[seed], Feature::Glassy], seed as u64);
            for pixel in input.resized(&cell).pixels() {
                colours.push(pixel.0.map(|value| f32::from(value) / 255.0));
            }
        }
        let images = Pixels::new(colours, [3, side, side], &Device::flex());
        let rows = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
        let insight = network.insight(images.clone());
        let insight = Insight {
            attention: insight.attention.into_iter().map(rows).collect(),
            last: rows(insight.last),
        };
        let logits = rows(network.forward(images));
        let places = checkpoint.card.architecture.places(side).pow(2);
        let mut difference = 0.0f32;
        for (cell, logits) in logits.chunks(9).enumerate() {
            let evidence = head.evidence(&insight.of_image(cell, 3));
            assert_eq!(evidence.shares.len(), places * 9);
            for (feature, logit) in logits.iter().enumerate() {
                let shares = evidence.shares.chunks(9).map(|shares| shares[feature]);
                let sum = shares.sum::<f32>() + evidence.rest[feature];
                difference = difference.max((sum - logit).abs());
            }
        }
        assert!(difference < 1e-3, "{model}: {difference}");
    }
}

#[test]
fn a_map_is_of_the_logit_that_the_classifier_gives() {
    let cell = synthetic(&[Feature::Grooves, Feature::Inclusion], 7);
    for model in MODELS {
        let classifier = classifier(model);
        let logits = block_on(classifier.logits(std::slice::from_ref(&cell))).unwrap();
        for (feature, logit) in logits.iter().enumerate() {
            let map = block_on(classifier.explain_cell(&cell, feature)).unwrap();
            assert_eq!(map.feature, Feature::ALL[feature].name());
            assert_eq!(map.values.len(), map.width * map.height);
            let found = map.logit;
            assert!(
                (found - logit).abs() < 1e-3,
                "{model}: {found}, not {logit}"
            );
        }
    }
}

#[test]
fn a_mirrored_cell_has_the_mirrored_map() {
    let picture = render_synthetic(&[Feature::Grooves, Feature::Irregular], 5);
    let mirrored = CellImage::new(flip_horizontal(&picture)).unwrap();
    let cell = CellImage::new(picture).unwrap();
    for (model, checkpoint) in at_any_side() {
        let classifier = Classifier::new(checkpoint, Device::flex()).unwrap();
        let [map, mirrored] =
            [&cell, &mirrored].map(|cell| block_on(classifier.explain_cell(cell, 1)).unwrap());
        let rows = map.values.chunks(map.width);
        let turned: Vec<f32> = rows.flat_map(|row| row.iter().rev().copied()).collect();
        let largest = map
            .values
            .iter()
            .fold(0f32, |most, value| most.max(value.abs()));
        for (a, b) in turned.iter().zip(&mirrored.values) {
            assert!((a - b).abs() < 0.02 * largest, "{model}: {a} and {b}");
        }
    }
}

#[test]
fn the_map_covers_what_the_network_sees() {
    let classifier = classifier(MODELS[0]);
    let explain = |picture| {
        let cell = CellImage::of_any(picture);
        block_on(classifier.explain_cell(&cell, 0)).unwrap()
    };
    let small = RgbImage::from_pixel(40, 30, Rgb([90, 60, 120]));
    let map = explain(small);
    let crop = classifier.card().task.input.crop;
    let edge = (CellImage::SIDE - crop) / 2;
    let region = |edge, side| Region {
        left: edge,
        top: edge,
        side,
    };
    assert_eq!(map.region, region(edge, crop));
    assert_eq!((map.at(0, 112), map.at(112, edge - 1)), (0.0, 0.0));
    assert_ne!(map.at(112, 112), 0.0);
    let large = RgbImage::from_pixel(300, 200, Rgb([90, 60, 120]));
    assert_eq!(explain(large).region, region(0, CellImage::SIDE));
}

#[test]
fn a_place_between_others_is_between_their_values() {
    let map = HeatMap {
        feature: "Grooves".into(),
        width: 2,
        height: 1,
        values: vec![-1.0, 3.0],
        rest: 0.0,
        logit: 2.0,
        region: Region {
            left: 100,
            top: 50,
            side: 8,
        },
    };
    let row: Vec<f32> = (99..109).map(|x| map.at(x, 53)).collect();
    let expected = [0.0, -1.0, -1.0, -0.5, 0.5, 1.5, 2.5, 3.0, 3.0, 0.0];
    assert_eq!(row, expected);
    let json = serde_json::to_value(&map).unwrap();
    assert_eq!(json["region"]["left"], 100);
    assert_eq!(json["values"][1], 3.0);
}

#[test]
fn what_cannot_be_explained_is_told() {
    let classifier = classifier(MODELS[0]);
    let cell = synthetic(&[], 0);
    let error = block_on(classifier.explain_cell(&cell, 9)).unwrap_err();
    assert!(error.to_string().contains("no feature 9"), "{error}");
    let error = block_on(classifier.explain(b"no picture", 0)).unwrap_err();
    assert!(matches!(error, ClassifyError::Decode(_)), "{error}");
}

/// Painting over the hottest tenth of a nucleus must take more of the feature's probability than
/// painting over as many of its pixels at random.
#[test]
fn the_hottest_pixels_matter_more_than_random_ones() {
    let Some(cells) = shared("heat maps on the real cells", "thyroid/cells") else {
        return;
    };
    let data = DataFolder {
        folder: cells,
        splits: Splits::Published,
    };
    let mut records = data.split("val", &FeatureSet::default()).unwrap();
    records.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
    records.truncate(CELLS);
    println!("mean drop of the probability, {CELLS} cells: hottest tenth, random tenth");
    for model in MODELS {
        let classifier = classifier(model);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut drops = [[0.0; 2]; 2];
        for record in &records {
            let cell = record.read().unwrap();
            for (sums, drops_of_cell) in
                drops
                    .iter_mut()
                    .zip(drops_of(&classifier, &cell, &record.labels, &mut random))
            {
                for (sum, drop) in sums.iter_mut().zip(drops_of_cell) {
                    *sum += drop / CELLS as f32;
                }
            }
        }
        for (fill, [hottest, random]) in ["white", "mean colour"].iter().zip(drops) {
            println!("{model}, {fill}: {hottest:.4}, {random:.4}");
            assert!(hottest > random, "{model}, {fill}: {hottest}, {random}");
        }
    }
}

/// The fall of the probability when the hottest tenth of the nucleus, and a random tenth, are
/// painted white, and in the nucleus' mean colour. The feature is the most probable one among the
/// cell's labels, or among all for a cell without a label.
fn drops_of(
    classifier: &Classifier,
    cell: &CellImage,
    labels: &[bool],
    random: &mut ChaCha8Rng,
) -> [[f32; 2]; 2] {
    let probabilities =
        |cells: &[CellImage]| block_on(classifier.probabilities(cells)).expect("an answer");
    let before = probabilities(std::slice::from_ref(cell));
    let is_candidate = |feature: &usize| labels[*feature] || !labels.contains(&true);
    let feature = (0..labels.len())
        .filter(is_candidate)
        .max_by(|&a, &b| before[a].total_cmp(&before[b]))
        .expect("a feature");
    let map = block_on(classifier.explain_cell(cell, feature)).expect("a map");

    let pixels = cell.pixels().enumerate_pixels();
    let nucleus: Vec<(u32, u32, Rgb<u8>)> = pixels
        .filter(|(_, _, pixel)| pixel.0.iter().any(|&value| value < WHITE_FROM))
        .map(|(x, y, pixel)| (x, y, *pixel))
        .collect();
    let tenth = nucleus.len().div_ceil(10);
    let mut hottest = nucleus.clone();
    hottest.sort_by(|a, b| map.at(b.0, b.1).total_cmp(&map.at(a.0, a.1)));
    hottest.truncate(tenth);
    let any: Vec<_> = nucleus.sample(random, tenth).copied().collect();

    let mean = [0, 1, 2].map(|channel| {
        let sum: u32 = nucleus.iter().map(|(_, _, p)| u32::from(p[channel])).sum();
        (sum as f32 / nucleus.len() as f32).round() as u8
    });
    let painted = |pixels: &[(u32, u32, Rgb<u8>)], colour: Rgb<u8>| {
        let mut picture = cell.pixels().clone();
        for &(x, y, _) in pixels {
            picture.put_pixel(x, y, colour);
        }
        CellImage::new(picture).expect("a cell image")
    };
    [Rgb([255; 3]), Rgb(mean)].map(|colour| {
        let after = probabilities(&[painted(&hottest, colour), painted(&any, colour)]);
        [0, 1].map(|i| before[feature] - after[i * labels.len() + feature])
    })
}
