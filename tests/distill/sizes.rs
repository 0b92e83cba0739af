//! Networks of other sizes than the named ones.

use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use karyolens::checkpoint::{Checkpoint, Classification, ModelCard, Precision, Provenance};
use karyolens::image::InputSpec;
use karyolens::model::Architecture;
use karyolens::nuclei::FeatureSet;
use tempfile::TempDir;

use super::model;
use crate::support::training::{published, text, train};
use crate::support::{stderr, stdout};

#[test]
fn a_network_may_be_narrower_than_the_named_ones() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    for (arch, width, expected) in [
        (
            "resnet-18",
            "8",
            Architecture::named("resnet-18").unwrap().with_width(8),
        ),
        (
            "convnext-atto",
            "16",
            Architecture::named("convnext-atto").unwrap().with_width(16),
        ),
        (
            "vit-tiny",
            "64",
            Architecture::named("vit-tiny").unwrap().with_width(64),
        ),
    ] {
        let run = folder.path().join(arch);
        let more = ["--arch", arch, "--width", width, "--epochs", "1"];
        stdout(&train(&data, &run, &more));
        let expected = expected.unwrap().with_input_side(32).unwrap();
        assert_eq!(model(&run).card.architecture, expected);
    }
    let run = folder.path().join("run");
    let wrong = stderr(&train(
        &data,
        &run,
        &["--arch", "vit-tiny", "--width", "100"],
    ));
    assert!(wrong.contains("at a width of 100"), "{wrong}");
}

#[test]
fn a_transformer_may_start_from_some_blocks_of_another() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let whole = folder.path().join("whole");
    let sizes = ["--arch", "vit-tiny", "--width", "64", "--epochs", "1"];
    stdout(&train(&data, &whole, &sizes));
    let init = whole.join("model.safetensors");
    let keep = |name: &str, blocks: &str| {
        let run = folder.path().join(name);
        // A rate that moves nothing: what is written is what it started from.
        let start = ["--init", text(&init), "--keep-blocks", blocks];
        let rest = ["--arch", "vit", "--epochs", "1", "--lr", "1e-12"];
        (train(&data, &run, &[&start[..], &rest].concat()), run)
    };
    let (output, run) = keep("some", "0,7,11");
    stdout(&output);
    let (before, after) = (model(&whole), model(&run));
    let Architecture::Vit(config) = &after.card.architecture else {
        panic!("not a transformer");
    };
    assert_eq!(config.depth, 3);
    for (name, tensor) in &after.weights.0 {
        let origin = ["blocks.0.", "blocks.1.", "blocks.2."]
            .iter()
            .zip([0, 7, 11]);
        let origin = origin
            .filter_map(|(new, old)| Some(format!("blocks.{old}.{}", name.strip_prefix(new)?)))
            .next();
        assert_eq!(
            *tensor,
            before.weights.0[origin.as_ref().unwrap_or(name)],
            "{name}"
        );
    }
    for (blocks, fault) in [("0,12", "no block 12"), ("0,x", "invalid")] {
        let error = stderr(&keep("wrong", blocks).0);
        assert!(error.contains(fault), "{error}");
    }
}

/// A transformer of 12 blocks 256 wide that knows nothing, for 32 px.
fn transformer(device: &Device) -> Checkpoint {
    device.seed(4);
    let architecture = Architecture::named("vit-tiny").unwrap();
    let architecture = architecture.with_width(256).unwrap();
    let architecture = architecture.with_input_side(32).unwrap();
    let features = FeatureSet::default();
    let model = architecture.init(features.len(), 0.0, device);
    let card = ModelCard::new(
        "some",
        architecture,
        Classification::new(InputSpec::new(32), features),
        Provenance::default(),
    );
    Checkpoint::of(&model, card)
}

/// What a checkpoint answers to two images after it has been written and read, and its bytes.
fn answers(checkpoint: &Checkpoint, device: &Device) -> (TensorData, usize) {
    let bytes = checkpoint.write(Precision::F32).unwrap();
    let model = Checkpoint::read(&bytes).unwrap().model(device).unwrap();
    let pixels: Vec<f32> = (0..2 * 3 * 32 * 32)
        .map(|i| (i as f32 * 0.37).sin())
        .collect();
    let images = Tensor::<4>::from_data(TensorData::new(pixels, [2, 3, 32, 32]), device);
    (model.forward(images).into_data(), bytes.len())
}

#[test]
fn heads_and_neurons_that_weigh_nothing_can_be_left_out() {
    let device = Device::flex();
    let mut whole = transformer(&device);
    // Of 4 heads of 64 the second says nothing, and nothing comes from every other neuron.
    for block in 0..12 {
        let output = format!("blocks.{block}.attention.output.weight");
        let output = whole.weights.0.get_mut(&output).unwrap();
        output.values[64 * 256..128 * 256].fill(0.0);
        let project = format!("blocks.{block}.project.weight");
        let project = whole.weights.0.get_mut(&project).unwrap();
        assert_eq!(project.shape, [1024, 256]);
        for row in project.values.chunks_exact_mut(2 * 256) {
            row[..256].fill(0.0);
        }
    }
    let mut slim = whole.clone();
    slim.keep_heads(3).unwrap();
    slim.keep_neurons(512).unwrap();
    let ((before, large), (after, small)) = (answers(&whole, &device), answers(&slim, &device));
    after.assert_approx_eq::<f32>(&before, Tolerance::absolute(1e-5));
    assert!(small < large * 2 / 3, "{small} of {large} bytes");

    assert!(slim.keep_heads(4).is_err() && slim.keep_neurons(0).is_err());
    let mut resnet = Architecture::named("resnet-18").unwrap();
    std::mem::swap(&mut resnet, &mut slim.card.architecture);
    let error = slim.keep_heads(1).unwrap_err().to_string();
    assert!(error.contains("resnet-18 is no transformer"), "{error}");
}
