//! Networks of torchvision, timm and DINOv2 answer here as they do in their own library.

use std::path::{Path, PathBuf};

use crate::support::{fixture, shared};
use burn::tensor::{Device, Tensor, TensorData};
use karyolens::checkpoint::import::{ImportOptions, Imported, Library, import};
use karyolens::checkpoint::verify::{TOLERANCE, verify};
use karyolens::checkpoint::{Checkpoint, Precision, StateDict};
use karyolens::model::Pixels;

/// The small transformers among the references have 3 heads.
const HEADS: usize = 3;

fn bring_in(
    folder: &Path,
    library: Library,
    architecture: &str,
    input_side: Option<u32>,
) -> Imported {
    let bytes = std::fs::read(folder.join("weights.safetensors")).unwrap();
    let options = ImportOptions {
        library,
        architecture: architecture.into(),
        heads: (architecture == "vit").then_some(HEADS),
        input_side,
        source: "a test".into(),
    };
    import(StateDict::read(&bytes).unwrap().0, &options).unwrap()
}

fn assert_parity(checkpoint: &Checkpoint, reference: &Path) {
    let device = Device::flex();
    let model = checkpoint.clone().folded().unwrap();
    let card = checkpoint.card.clone().into_classifier().unwrap();
    let bytes = std::fs::read(reference).unwrap();
    let found = pollster::block_on(verify(&model, &card, &bytes, &device)).unwrap();
    assert!(
        found.passes(TOLERANCE),
        "{}: {found:?}",
        reference.display()
    );
    // Zeros would agree with zeros.
    assert!(found.max_reference > 0.1, "{found:?}");
}

/// The inputs and outputs of a network, `io.safetensors` or `io_SIDE.safetensors`.
fn references(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let is_reference = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("io")
    };
    let found: Vec<_> = files.filter(is_reference).collect();
    assert!(!found.is_empty(), "{}", folder.display());
    found
}

/// A network answers images of noise alike before and after it is folded.
fn assert_folding_changes_nothing(checkpoint: &Checkpoint, side: usize) {
    let device = Device::flex();
    let task = checkpoint.card.classification().unwrap();
    let mut state = 1u32;
    let noise: Vec<f32> = (0..2 * 3 * side * side)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 22) as f32 - 2.0
        })
        .collect();
    let colours = task.normalisation().undone(&noise, side * side);
    let pixels = Pixels::new(colours, [2, side, side], &device);
    let noise = Tensor::from_data(TensorData::new(noise, [2, 3, side, side]), &device);
    let trains = checkpoint.clone().model(&device).unwrap().forward(noise);
    let runs = checkpoint.clone().folded().unwrap().forward(pixels);
    let largest: f32 = trains.clone().abs().max().into_scalar();
    let apart: f32 = (trains - runs).abs().max().into_scalar();
    assert!(
        apart <= TOLERANCE * largest.max(1.0),
        "{apart} of {largest}"
    );
}

/// A network is imported, written, read again, and run on each of its references.
fn check(folder: &Path, library: Library, architecture: &str) {
    let imported = bring_in(folder, library, architecture, None);
    let bytes = imported.checkpoint.write(Precision::F32).unwrap();
    let checkpoint = Checkpoint::read(&bytes).unwrap();
    for reference in references(folder) {
        assert_parity(&checkpoint, &reference);
    }
    let task = checkpoint.card.classification().unwrap();
    assert_folding_changes_nothing(&checkpoint, task.input.side as usize);
    if architecture != "vit" {
        assert_folding_changes_nothing(&checkpoint, 75);
    }
}

#[test]
fn torchvision_convnext() {
    check(
        &fixture("parity/torchvision_convnext"),
        Library::Torchvision,
        "convnext",
    );
}

#[test]
fn timm_convnext() {
    check(&fixture("parity/timm_convnext"), Library::Timm, "convnext");
}

#[test]
fn torchvision_resnet_with_basic_blocks() {
    check(
        &fixture("parity/torchvision_resnet_narrow"),
        Library::Torchvision,
        "resnet",
    );
}

#[test]
fn torchvision_resnet_with_bottlenecks() {
    let folder = fixture("parity/torchvision_resnet_narrow_bottleneck");
    check(&folder, Library::Torchvision, "resnet");
}

#[test]
fn torchvision_vit() {
    check(
        &fixture("parity/torchvision_vit"),
        Library::Torchvision,
        "vit",
    );
}

#[test]
fn timm_vit() {
    check(&fixture("parity/timm_vit"), Library::Timm, "vit");
}

#[test]
fn every_shared_reference() {
    let Some(parity) = shared("parity with every shared reference", "parity") else {
        return;
    };
    for (folder, library, architecture) in [
        ("timm_convnext_atto", Library::Timm, "convnext-atto"),
        ("torchvision_resnet_basic", Library::Torchvision, "resnet"),
        (
            "torchvision_resnet_bottleneck",
            Library::Torchvision,
            "resnet",
        ),
    ] {
        check(&parity.join(folder), library, architecture);
    }
}

#[test]
fn full_size_networks_at_224_px() {
    let Some(peers) = shared("parity with the full-size peers", "peers") else {
        return;
    };
    for (weights, reference, library, architecture) in [
        (
            "resnet18.safetensors",
            "resnet18_io.safetensors",
            Library::Torchvision,
            "resnet-18",
        ),
        (
            "vit_tiny.safetensors",
            "vit_tiny_io.safetensors",
            Library::Timm,
            "vit-tiny",
        ),
        (
            "../parity/timm_convnext_atto/weights.safetensors",
            "convnext_atto_io.safetensors",
            Library::Timm,
            "convnext-atto",
        ),
    ] {
        let bytes = std::fs::read(peers.join(weights)).unwrap();
        let options = ImportOptions {
            library,
            architecture: architecture.into(),
            heads: None,
            input_side: None,
            source: "a test".into(),
        };
        let imported = import(StateDict::read(&bytes).unwrap().0, &options).unwrap();
        assert_parity(&imported.checkpoint, &peers.join(reference));
    }
}

#[test]
fn dinov2_at_its_native_grid_and_resampled() {
    let Some(folder) = shared("parity with DINOv2", "parity/dinov2_vits14") else {
        return;
    };
    let native = bring_in(&folder, Library::DinoV2, "vit-small-14", None).checkpoint;
    let task = native.card.classification().unwrap();
    assert_eq!((task.input.side, task.features.len()), (518, 0));
    assert_parity(&native, &folder.join("io.safetensors"));
    // Positions that are resampled in the forward pass or at import give the same answer.
    assert_parity(&native, &folder.join("io_98.safetensors"));
    let small = bring_in(&folder, Library::DinoV2, "vit-small-14", Some(98)).checkpoint;
    assert_eq!(small.weights.0["positions"].shape, [1, 50, 384]);
    assert_parity(&small, &folder.join("io_98.safetensors"));
}
