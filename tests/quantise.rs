//! Weights in 8 bits: as close as half a scale, the same when they are stored again, and refused
//! where a file's scales are not as they must be.

use std::collections::{BTreeMap, HashMap};

use crate::support::{imported, karyolens, stderr, stdout};
use burn::tensor::Device;
use karyolens::checkpoint::{
    Array, Checkpoint, CheckpointError, Classification, ModelCard, Precision, Provenance, StateDict,
};
use karyolens::image::InputSpec;
use karyolens::model::{Architecture, BlockKind, ConvNextConfig, ResNetConfig, VitConfig};
use karyolens::nuclei::FeatureSet;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tempfile::TempDir;

/// One of each family, large enough that its weights outweigh the file's header.
fn checkpoints() -> [Checkpoint; 3] {
    let convnext = Architecture::ConvNext(ConvNextConfig {
        depths: [1; 4],
        widths: [16, 32, 64, 128],
    });
    let resnet = Architecture::ResNet(ResNetConfig {
        block: BlockKind::Basic,
        depths: [1; 4],
        width: 16,
    });
    let Architecture::Vit(vit) = Architecture::named("vit-tiny").unwrap() else {
        panic!("vit-tiny is a transformer");
    };
    let vit = Architecture::Vit(VitConfig {
        depth: 1,
        grid: 2,
        ..vit
    });
    [convnext, resnet, vit].map(|architecture| {
        let features = FeatureSet::default();
        let model = architecture.init(features.len(), 0.0, &Device::flex());
        let task = Classification::new(InputSpec::new(32), features);
        let name = architecture.name();
        let card = ModelCard::new(name, architecture, task, Provenance::default());
        Checkpoint::of(&model, card)
    })
}

/// The channel of the value at `index` of a weight that is stored in 8 bits: a Linear is
/// `[from, to]`, a convolution `[to, from, height, width]`.
fn channel(shape: &[usize], index: usize) -> Option<usize> {
    match shape.len() {
        2 => Some(index % shape[1]),
        4 => Some(index / shape[1..].iter().product::<usize>()),
        _ => None,
    }
}

#[test]
fn every_weight_is_within_half_a_scale() {
    for written in checkpoints() {
        let file = written.write(Precision::Int8).unwrap();
        let whole = written.write(Precision::F32).unwrap().len();
        assert!(file.len() < whole * 3 / 10, "{} of {whole}", file.len());
        let read = Checkpoint::read(&file).unwrap();
        assert_eq!(read.card.weight_bits, Some(8));
        assert_eq!(read.card.precision(), Precision::Int8);
        let stored = SafeTensors::deserialize(&file).unwrap();
        for (name, array) in &written.weights.0 {
            let mut largest = BTreeMap::<_, f32>::new();
            for (index, value) in array.values.iter().enumerate() {
                let largest = largest.entry(channel(&array.shape, index)).or_default();
                *largest = largest.max(value.abs());
            }
            let in_8_bits = stored.tensor(name).unwrap().dtype() == Dtype::I8;
            assert_eq!(in_8_bits, [2, 4].contains(&array.shape.len()), "{name}");
            let found = &read.weights.0[name];
            assert_eq!(found.shape, array.shape, "{name}");
            for (index, (a, b)) in array.values.iter().zip(&found.values).enumerate() {
                let bound = match channel(&array.shape, index) {
                    // A scale is rounded up by at most a part in 32,768.
                    channel @ Some(_) => largest[&channel] / 127.0 * 0.5001,
                    None => a.abs() / 1024.0 + 1e-7,
                };
                assert!((a - b).abs() <= bound, "{name}: {a} became {b}");
            }
        }
        assert!(read.model(&Device::flex()).is_ok());
    }
}

#[test]
fn what_was_read_is_stored_as_it_was() {
    for checkpoint in checkpoints() {
        let first = checkpoint.write(Precision::Int8).unwrap();
        let read = Checkpoint::read(&first).unwrap();
        // safetensors writes metadata in the order of a hash map, here of a single entry.
        assert_eq!(read.write(Precision::Int8).unwrap(), first);

        let as_floats = Checkpoint::read(&read.write(Precision::F32).unwrap()).unwrap();
        assert_eq!(as_floats.card, checkpoint.card);
        assert_eq!(as_floats.weights, read.weights);
    }
}

#[test]
fn outputs_have_a_scale_each_wherever_they_lie() {
    let weights = StateDict(BTreeMap::from([
        // [from, to]: the columns (127, 1), (-2, 0.01), (0, 0).
        (
            "matrix".to_string(),
            array(&[2, 3], &[127.0, -2.0, 0.0, 1.0, 0.01, 0.0]),
        ),
        // [to, from, height, width]: (254, -1, 3) and (0.5, 0.25, -0.125).
        (
            "convolution".to_string(),
            array(&[2, 1, 1, 3], &[254.0, -1.1, 3.0, 0.5, 0.25, -0.125]),
        ),
        ("vector".to_string(), array(&[3], &[1.0, 0.5, 3.0])),
        ("positions".to_string(), array(&[1, 1, 2], &[1.0, 0.5])),
    ]));
    let bytes = weights.write(Precision::Int8, HashMap::new()).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |name: &str| -> Vec<i8> {
        let view = file.tensor(name).unwrap();
        assert_eq!(view.dtype(), Dtype::I8);
        view.data().iter().map(|byte| byte.cast_signed()).collect()
    };
    let scales = |name: &str| -> Vec<f32> {
        let view = file.tensor(name).unwrap();
        assert_eq!(view.dtype(), Dtype::F32);
        let (values, rest) = view.data().as_chunks::<4>();
        assert!(rest.is_empty());
        values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    };
    // 0.01 is 0.635 scales of 2/127.
    assert_eq!(numbers("matrix"), [127, -127, 0, 1, 1, 0]);
    assert_eq!(numbers("convolution"), [127, -1, 2, 127, 63, -32]);
    let close = |found: &[f32], right: &[f32]| {
        assert_eq!(found.len(), right.len());
        for (found, right) in found.iter().zip(right) {
            assert!((found / right - 1.0).abs() < 1e-4, "{found}, not {right}");
        }
    };
    close(&scales("matrix.scale"), &[1.0, 2.0 / 127.0, 1.0]);
    close(&scales("convolution.scale"), &[2.0, 0.5 / 127.0]);
    for name in ["vector", "positions"] {
        assert_eq!(file.tensor(name).unwrap().dtype(), Dtype::F16, "{name}");
        assert!(file.tensor(&format!("{name}.scale")).is_err());
    }
}

fn array(shape: &[usize], values: &[f32]) -> Array {
    Array {
        shape: shape.to_vec(),
        values: values.to_vec(),
    }
}

/// The tensors of a file, to be changed and written again.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// A network in 8 bits whose file was changed.
fn changed(change: impl FnOnce(&mut Tensors)) -> Vec<u8> {
    let [checkpoint, ..] = checkpoints();
    let bytes = checkpoint.write(Precision::Int8).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let parts = file.iter().map(|(name, view)| {
        let part = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        (name.to_string(), part)
    });
    let mut tensors: Tensors = parts.collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, header.metadata().clone()).unwrap()
}

#[test]
fn scales_that_are_not_as_they_must_be_are_refused() {
    type Change = fn(&mut Tensors);
    fn with(tensors: &mut Tensors, scale: f32) {
        let (_, _, bytes) = tensors.get_mut("head.weight.scale").unwrap();
        bytes[4..8].copy_from_slice(&scale.to_le_bytes());
    }
    let cases: [(&str, Change); 8] = [
        ("is missing", |tensors| {
            tensors.remove("head.weight.scale");
        }),
        ("has the shape [8] instead of [9]", |tensors| {
            let (_, shape, bytes) = tensors.get_mut("head.weight.scale").unwrap();
            *shape = vec![8];
            bytes.truncate(32);
        }),
        ("has the shape [1, 9] instead of [9]", |tensors| {
            tensors.get_mut("head.weight.scale").unwrap().1 = vec![1, 9];
        }),
        ("is stored as F16, not F32", |tensors| {
            let (dtype, _, bytes) = tensors.get_mut("head.weight.scale").unwrap();
            *dtype = Dtype::F16;
            bytes.truncate(18);
        }),
        ("holds NaN", |tensors| with(tensors, f32::NAN)),
        ("holds inf", |tensors| with(tensors, f32::INFINITY)),
        ("holds -1,", |tensors| with(tensors, -1.0)),
        ("holds 0,", |tensors| with(tensors, 0.0)),
    ];
    for (told, change) in cases {
        let error = Checkpoint::read(&changed(change)).unwrap_err();
        assert!(
            matches!(&error, CheckpointError::Scale { name, .. } if name == "head.weight"),
            "{error}"
        );
        let error = error.to_string();
        assert!(
            error.contains("tensor head.weight.scale") && error.contains(told),
            "{told:?} is not in {error}"
        );
    }
}

#[test]
fn a_scale_so_large_that_weights_overflow_is_refused() {
    let file = changed(|tensors| {
        let (_, _, bytes) = tensors.get_mut("head.weight.scale").unwrap();
        bytes[..4].copy_from_slice(&f32::MAX.to_le_bytes());
    });
    assert!(matches!(
        Checkpoint::read(&file),
        Err(CheckpointError::NotFinite { name }) if name == "head.weight"
    ));
}

#[test]
fn a_scale_of_nothing_is_surplus() {
    for of in ["norm.gamma", "nothing"] {
        let name = format!("{of}.scale");
        let file = changed(|tensors| {
            tensors.insert(name.clone(), (Dtype::F32, vec![1], vec![0; 4]));
        });
        let read = Checkpoint::read(&file).unwrap();
        let error = read.model(&Device::flex()).unwrap_err().to_string();
        assert!(error.contains(&format!("{name} is surplus")), "{error}");
    }
}

#[test]
fn only_matrices_and_convolutions_are_read_in_8_bits() {
    let file = changed(|tensors| {
        let (dtype, shape, bytes) = tensors.get_mut("norm.gamma").unwrap();
        *dtype = Dtype::I8;
        bytes.truncate(shape[0]);
    });
    let error = Checkpoint::read(&file).unwrap_err().to_string();
    assert!(
        error.contains("norm.gamma") && error.contains("I8 of the shape [128]"),
        "{error}"
    );
}

#[test]
fn a_card_that_says_otherwise_than_the_file_is_refused() {
    let [checkpoint, ..] = checkpoints();
    let with = |precision, bits: serde_json::Value| {
        let mut card = serde_json::to_value(&checkpoint.card).unwrap();
        card["weight_bits"] = bits;
        let metadata = HashMap::from([("karyolens".to_string(), card.to_string())]);
        let bytes = checkpoint.weights.write(precision, metadata).unwrap();
        Checkpoint::read(&bytes)
    };
    assert!(with(Precision::Int8, 8.into()).is_ok());
    assert!(with(Precision::F16, serde_json::Value::Null).is_ok());
    for (precision, bits, told) in [
        (Precision::F16, 8.into(), "speaks of weights of 8 bits"),
        (Precision::Int8, serde_json::Value::Null, "are in 8 bits"),
        (Precision::Int8, 4.into(), "weights of 4 bits"),
    ] {
        let error = with(precision, bits).unwrap_err();
        assert!(matches!(error, CheckpointError::Card(_)), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn the_command_writes_a_copy_that_answers_alike() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (whole, eighth) = (imported(folder.path()), path("eight.safetensors"));
    stdout(&karyolens(["quantise", &whole, "-o", &eighth]));
    let card: serde_json::Value =
        serde_json::from_str(&stdout(&karyolens(["card", &eighth]))).unwrap();
    assert_eq!(card["weight_bits"], 8);

    let cell = path("cell.png");
    stdout(&karyolens(["render", "--features", "Grooves", "-o", &cell]));
    let probabilities = |model: &str| -> Vec<f64> {
        let json = stdout(&karyolens(["predict", "--model", model, "--json", &cell]));
        let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
        let features = rows[0]["features"].as_array().unwrap().iter();
        features
            .map(|feature| feature["probability"].as_f64().unwrap())
            .collect()
    };
    let (before, after) = (probabilities(&whole), probabilities(&eighth));
    let apart = before.iter().zip(&after).map(|(a, b)| (a - b).abs());
    let apart = apart.fold(0.0, f64::max);
    assert!(apart > 0.0, "the weights were not rounded");
    assert!(apart < 0.05, "{before:?} became {after:?}");
}

#[test]
fn figures_are_never_those_of_other_weights() {
    let [mut checkpoint, ..] = checkpoints();
    checkpoint.card.metrics.insert("val_macro_f1".into(), 0.5);
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (whole, eighth) = (path("whole.safetensors"), path("eight.safetensors"));
    std::fs::write(&whole, checkpoint.write(Precision::F16).unwrap()).unwrap();
    let output = karyolens(["quantise", &whole, "-o", &eighth]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("--data"), "{}", stderr(&output));
    assert!(!std::path::Path::new(&eighth).exists());
}
