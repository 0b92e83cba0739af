//! A checkpoint is read as it was written; a damaged one gives an error that names the fault.

use std::collections::HashMap;

use burn::tensor::Device;
use karyolens::checkpoint::{
    Array, Checkpoint, CheckpointError, Classification, ModelCard, Precision, Provenance,
    Segmentation, StateDict, Task,
};
use karyolens::classify::Classifier;
use karyolens::image::{CellImage, InputSpec, TileSpec, render_synthetic};
use karyolens::model::{Architecture, BlockKind, ConvNextConfig, ResNetConfig};
use karyolens::nuclei::{Feature, FeatureSet};

fn small() -> Architecture {
    Architecture::ConvNext(ConvNextConfig {
        depths: [1; 4],
        widths: [8, 8, 16, 16],
    })
}

fn checkpoint() -> Checkpoint {
    let features = FeatureSet::default();
    let device = Device::flex();
    let model = small().init(features.len(), 0.0, &device);
    let provenance = Provenance {
        data: "none".into(),
        ..Provenance::default()
    };
    let task = Classification::new(InputSpec::new(32), features);
    let card = ModelCard::new("small", small(), task, provenance);
    Checkpoint::of(&model, card)
}

/// The checkpoint of a network that finds nuclei; its weights are of no matter.
fn segmenter() -> Checkpoint {
    let input = TileSpec {
        side: 64,
        scale: 2.0,
        micrometres_per_pixel: Some(0.25),
        mean: [0.5; 3],
        std: [0.25; 3],
    };
    let task = Segmentation {
        input,
        width: 8,
        rays: 32,
        diameter: 25.0,
        probability_threshold: 0.5,
        left_out_threshold: 0.6,
        overlap_threshold: 0.4,
    };
    Checkpoint {
        card: ModelCard::new("finder", small(), task, Provenance::default()),
        weights: StateDict::default(),
        trained_on: Some("QUJDREU".into()),
    }
}

/// A file with the checkpoint's weights and any card.
fn with_card(card: &serde_json::Value) -> Vec<u8> {
    let metadata = HashMap::from([("karyolens".to_string(), card.to_string())]);
    checkpoint()
        .weights
        .write(Precision::F32, metadata)
        .unwrap()
}

fn changed_card(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let mut card = serde_json::to_value(checkpoint().card).unwrap();
    change(&mut card);
    with_card(&card)
}

#[test]
fn f32_comes_back_exactly() {
    let written = checkpoint();
    let read = Checkpoint::read(&written.write(Precision::F32).unwrap()).unwrap();
    assert_eq!(read.card, written.card);
    assert_eq!(read.weights, written.weights);
    let model = read.model(&Device::flex()).unwrap();
    assert_eq!(StateDict::of(&model), written.weights);
}

#[test]
fn f16_is_half_the_size_and_close() {
    let written = checkpoint();
    let (f32, f16) = (
        written.write(Precision::F32).unwrap(),
        written.write(Precision::F16).unwrap(),
    );
    assert!(
        f16.len() < f32.len() * 6 / 10,
        "{} and {}",
        f16.len(),
        f32.len()
    );
    let read = Checkpoint::read(&f16).unwrap();
    for (name, array) in &written.weights.0 {
        for (a, b) in array.values.iter().zip(&read.weights.0[name].values) {
            assert!(
                (a - b).abs() <= a.abs() / 1024.0 + 1e-7,
                "{name}: {a} became {b}"
            );
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = checkpoint().write(Precision::F16).unwrap();
    for length in [0, 4, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        let error = Checkpoint::read(&bytes[..length]).unwrap_err();
        assert!(
            matches!(error, CheckpointError::Format(_)),
            "cut at {length}: {error}"
        );
        assert!(error.to_string().contains("cut short"), "{error}");
    }
}

#[test]
fn other_files_are_refused() {
    for bytes in [&b"<!doctype html>"[..], &[0xff; 64], &[0; 64]] {
        assert!(matches!(
            Checkpoint::read(bytes),
            Err(CheckpointError::Format(_))
        ));
    }
    let foreign = checkpoint()
        .weights
        .write(Precision::F32, HashMap::new())
        .unwrap();
    assert!(matches!(
        Checkpoint::read(&foreign),
        Err(CheckpointError::NoCard)
    ));
}

#[test]
fn weights_of_another_architecture_are_named() {
    let mut other = checkpoint();
    other.card.architecture = Architecture::ResNet(ResNetConfig {
        block: BlockKind::Basic,
        depths: [1; 4],
        width: 8,
    });
    let error = other.model(&Device::flex()).unwrap_err().to_string();
    assert!(
        error.contains("stages.0.0.branch.0.conv.weight is missing"),
        "{error}"
    );
    assert!(error.contains("more"), "a long list is cut: {error}");

    let mut wider = checkpoint();
    wider.card.architecture = Architecture::ConvNext(ConvNextConfig {
        depths: [1; 4],
        widths: [8, 8, 16, 24],
    });
    let error = wider.model(&Device::flex()).unwrap_err().to_string();
    assert!(
        error.contains("norm.gamma has the shape [16] instead of [24]"),
        "{error}"
    );
}

#[test]
fn values_that_are_not_finite_are_refused_both_ways() {
    let mut broken = checkpoint();
    broken.weights.0.get_mut("head.bias").unwrap().values[0] = f32::INFINITY;
    let error = broken.write(Precision::F32).unwrap_err();
    assert!(matches!(&error, CheckpointError::NotFinite { name } if name == "head.bias"));
    broken.weights.0.get_mut("head.bias").unwrap().values[0] = 1e6;
    assert!(broken.write(Precision::F32).is_ok());
    assert!(
        broken.write(Precision::F16).is_err(),
        "1e6 does not fit f16"
    );

    // A file that another program wrote.
    let mut bytes = checkpoint().write(Precision::F32).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(matches!(
        Checkpoint::read(&bytes),
        Err(CheckpointError::NotFinite { .. })
    ));
}

#[test]
fn a_wrong_card_is_told() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(&str, Change); 11] = [
        ("cell scale of 0", |card| {
            card["input"]["cell_scale"] = 0.0.into()
        }),
        ("format is 99", |card| card["format"] = 99.into()),
        ("2 thresholds for 9", |card| {
            card["thresholds"] = serde_json::json!([0.5, 0.5])
        }),
        ("threshold of 1.5", |card| {
            card["thresholds"][3] = 1.5.into()
        }),
        ("1 bands of doubt for 9", |card| {
            card["unsure"] = serde_json::json!([[0.4, 0.6]])
        }),
        ("doubt from 0.6 to 0.7 about a threshold of 0.5", |card| {
            card["unsure"] = vec![[0.6, 0.7]; 9].into()
        }),
        ("must be 32 to", |card| card["input"]["side"] = 31.into()),
        ("centre crop of 999", |card| {
            card["input"]["crop"] = 999.into()
        }),
        ("standard deviation", |card| {
            card["input"]["std"][0] = 0.0.into()
        }),
        ("width of 4000000000", |card| {
            card["architecture"]["widths"][0] = 4_000_000_000u64.into()
        }),
        ("cannot be read", |card| {
            card["architecture"]["family"] = "vgg".into()
        }),
    ];
    for (told, change) in cases {
        let error = Checkpoint::read(&changed_card(change)).unwrap_err();
        assert!(matches!(error, CheckpointError::Card(_)), "{error}");
        assert!(
            error.to_string().contains(told),
            "{told:?} is not in {error}"
        );
    }
}

#[test]
fn a_card_with_wrong_features_is_told() {
    let named = |names: [&str; 2]| {
        changed_card(|card| {
            card["features"] = serde_json::json!(names);
            card["thresholds"] = serde_json::json!([0.5, 0.5]);
        })
    };
    assert!(Checkpoint::read(&named(["Halo", "halo"])).is_ok());
    for (names, told) in [
        (["Halo", "Halo"], "\"Halo\" is named twice"),
        (["Halo", " "], "name 2 is empty"),
    ] {
        let error = Checkpoint::read(&named(names)).unwrap_err().to_string();
        assert!(error.contains(told), "{told:?} is not in {error}");
    }
}

#[test]
fn a_wrong_card_is_not_written() {
    let mut wrong = checkpoint();
    wrong.card.classification_mut().unwrap().thresholds[2] = -0.5;
    let error = wrong.write(Precision::F16).unwrap_err().to_string();
    assert!(error.contains("threshold of -0.5"), "{error}");
}

#[test]
fn a_card_without_a_task_is_a_classifiers() {
    let old = changed_card(|card| {
        let task = card.as_object_mut().unwrap().remove("task");
        assert_eq!(task, Some("classify".into()));
    });
    assert_eq!(Checkpoint::read(&old).unwrap().card, checkpoint().card);
    let card = checkpoint().card.into_classifier().unwrap();
    let written = serde_json::to_value(&card).unwrap();
    assert_eq!(written, serde_json::to_value(checkpoint().card).unwrap());
    assert_eq!(written["task"], "classify");
}

#[test]
fn an_unknown_task_is_told() {
    for task in [serde_json::json!("paint"), serde_json::json!(7)] {
        let file = changed_card(|card| card["task"] = task.clone());
        let error = Checkpoint::read(&file).unwrap_err().to_string();
        let told = format!("its task is {task}; this version knows \"classify\" and \"segment\"");
        assert!(error.contains(&told), "{error}");
    }
}

#[test]
fn a_segmenter_has_no_features_and_says_so() {
    let written = segmenter();
    let read = Checkpoint::read(&written.write(Precision::F32).unwrap()).unwrap();
    assert_eq!(read.card, written.card);
    assert_eq!(read.trained_on, written.trained_on);
    assert!(matches!(read.card.task, Task::Segment(_)));
    let card = serde_json::to_value(&read.card).unwrap();
    assert_eq!(card["task"], "segment");
    assert_eq!(card.get("features"), None);

    let told = "finder is a model that finds nuclei, not one that names features";
    let error = Classifier::new(read.clone(), Device::flex()).unwrap_err();
    assert_eq!(error.to_string(), told);
    let error = read.card.classification().unwrap_err();
    assert_eq!(error.to_string(), told);
}

#[test]
fn a_segmenters_wrong_card_is_told() {
    type Change = fn(&mut Segmentation);
    let cases: [(&str, Change); 10] = [
        ("a scale of 0", |task| task.input.scale = 0.0),
        ("micrometres per pixel of -1", |task| {
            task.input.micrometres_per_pixel = Some(-1.0)
        }),
        ("standard deviation", |task| task.input.std[1] = 0.0),
        ("must be 32 to", |task| task.input.side = 30),
        ("2 rays", |task| task.rays = 2),
        ("a diameter of 0", |task| task.diameter = 0.0),
        ("decoder of 0 channels", |task| task.width = 0),
        ("probability threshold of 2", |task| {
            task.probability_threshold = 2.0
        }),
        ("left-out threshold of 3", |task| {
            task.left_out_threshold = 3.0
        }),
        ("overlap threshold of -1", |task| {
            task.overlap_threshold = -1.0
        }),
    ];
    for (told, change) in cases {
        let mut wrong = segmenter();
        let Task::Segment(task) = &mut wrong.card.task else {
            panic!("a segmenter's card");
        };
        change(task);
        let error = wrong.write(Precision::F32).unwrap_err().to_string();
        assert!(error.contains(told), "{told:?} is not in {error}");
    }
}

#[test]
fn a_call_is_unsure_where_the_probability_lies_in_the_band() {
    let cell = CellImage::new(render_synthetic(&[Feature::Grooves], 0)).unwrap();
    let unsure = |bands: Vec<[f64; 2]>| {
        let mut checkpoint = checkpoint();
        checkpoint.card.classification_mut().unwrap().unsure = bands;
        let read = Checkpoint::read(&checkpoint.write(Precision::F32).unwrap()).unwrap();
        assert_eq!(read.card, checkpoint.card);
        let classifier = Classifier::new(read, Device::flex()).unwrap();
        let cells = [cell.clone()];
        let prediction = pollster::block_on(classifier.classify_cells(&cells)).unwrap();
        let features = prediction[0].features.iter();
        features.map(|feature| feature.unsure).collect::<Vec<_>>()
    };
    let mut bands = vec![[0.0, 1.0]; 9];
    bands[4] = [0.5, 0.5];
    let mut expected = vec![true; 9];
    expected[4] = false;
    assert_eq!(unsure(bands), expected);
    assert_eq!(unsure(Vec::new()), [false; 9]);
}

#[test]
fn a_tensor_of_another_type_is_named() {
    let mut header = String::from(r#"{"bits":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#);
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.push(7);
    let error = Checkpoint::read(&bytes).unwrap_err().to_string();
    assert!(error.contains("bits") && error.contains("U8"), "{error}");
}

#[test]
fn arrays_keep_their_shape() {
    let array = Array {
        shape: vec![2, 3],
        values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    };
    let data = burn::tensor::TensorData::from(array.clone());
    assert_eq!(Array::from(data), array);
}
