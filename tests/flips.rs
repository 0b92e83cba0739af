//! Reading an image in its four flips: the mean of four looks, and no change where all are alike.

use burn::tensor::Device;
use image::imageops::{flip_horizontal, flip_vertical};
use image::{Rgb, RgbImage};
use karyolens::checkpoint::Checkpoint;
use karyolens::classify::Classifier;
use karyolens::image::{CellImage, render_synthetic};
use karyolens::nuclei::Feature;

fn classifier() -> Classifier {
    let bytes = std::fs::read("models/default.safetensors").expect("the shipped model");
    let checkpoint = Checkpoint::read(&bytes).expect("a checkpoint");
    Classifier::new(checkpoint, Device::flex()).expect("its network")
}

fn probabilities(classifier: &Classifier, picture: RgbImage) -> Vec<f32> {
    let cell = CellImage::new(picture).expect("a cell image");
    pollster::block_on(classifier.probabilities(&[cell])).expect("an answer")
}

fn assert_close(ours: &[f32], expected: &[f32]) {
    assert_eq!(ours.len(), expected.len());
    let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
    assert!(
        ours.iter().zip(expected).all(close),
        "{ours:?} is not {expected:?}"
    );
}

#[test]
fn a_symmetric_image_gives_the_same_answer() {
    let ring = RgbImage::from_fn(224, 224, |x, y| {
        let from_centre = |at: u32| (2.0 * at as f32 - 223.0) / 2.0;
        match (from_centre(x) / 40.0).powi(2) + (from_centre(y) / 30.0).powi(2) {
            inside if inside < 0.4 => Rgb([150, 120, 180]),
            inside if inside < 1.0 => Rgb([70, 40, 110]),
            _ => Rgb([255; 3]),
        }
    });
    let once = probabilities(&classifier(), ring.clone());
    let flipped = probabilities(&classifier().with_flips(true), ring);
    assert_close(&flipped, &once);
}

#[test]
fn the_answer_is_the_mean_of_the_four_flipped_images() {
    let picture = render_synthetic(&[Feature::Elongation, Feature::Grooves], 3);
    let classifier = classifier();
    let views = [
        picture.clone(),
        flip_horizontal(&picture),
        flip_vertical(&picture),
        flip_vertical(&flip_horizontal(&picture)),
    ]
    .map(|view| probabilities(&classifier, view));
    assert!(
        views[0]
            .iter()
            .zip(&views[1])
            .any(|(a, b)| (a - b).abs() > 0.01),
        "the network must see a difference, or this shows nothing"
    );
    let mean: Vec<f32> = (0..views[0].len())
        .map(|feature| views.iter().map(|view| view[feature]).sum::<f32>() / 4.0)
        .collect();
    assert_close(&probabilities(&classifier.with_flips(true), picture), &mean);
}
