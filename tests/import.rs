//! Errors and notes of an import.

use crate::support::fixture;
use karyolens::checkpoint::import::{ImportError, ImportOptions, Imported, Library, import};
use karyolens::checkpoint::{Array, StateDict};

fn weights(folder: &str) -> StateDict {
    let path = fixture("parity").join(folder).join("weights.safetensors");
    StateDict::read(&std::fs::read(path).unwrap()).unwrap().0
}

fn bring_in(
    weights: StateDict,
    library: Library,
    architecture: &str,
) -> Result<Imported, ImportError> {
    let options = ImportOptions {
        library,
        architecture: architecture.into(),
        heads: None,
        input_side: None,
        source: "a test".into(),
    };
    import(weights, &options)
}

fn resnet(weights: StateDict) -> Result<Imported, ImportError> {
    bring_in(weights, Library::Torchvision, "resnet")
}

#[test]
fn a_missing_tensor_is_named_as_its_library_names_it() {
    let mut weights = weights("torchvision_resnet_narrow");
    weights.0.remove("layer2.0.downsample.1.running_var");
    let error = resnet(weights).unwrap_err().to_string();
    assert!(
        error.contains("layer2.0.downsample.1.running_var is missing"),
        "{error}"
    );
}

#[test]
fn a_surplus_tensor_is_named() {
    let mut weights = weights("torchvision_resnet_narrow");
    let extra = Array {
        shape: vec![1],
        values: vec![0.0],
    };
    weights.0.insert("layer9.weight".into(), extra);
    let error = resnet(weights).unwrap_err().to_string();
    assert!(error.contains("layer9.weight is surplus"), "{error}");
}

#[test]
fn a_misshapen_tensor_is_named_with_both_shapes() {
    let mut weights = weights("torchvision_resnet_narrow");
    let tensor = weights.0.get_mut("layer1.0.conv1.weight").unwrap();
    tensor.shape = vec![16, 16, 9, 1];
    let error = resnet(weights).unwrap_err().to_string();
    let expected = "layer1.0.conv1.weight has the shape [16, 16, 9, 1] instead of [16, 16, 3, 3]";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn known_surplus_is_left_out_and_said() {
    let imported = resnet(weights("torchvision_resnet_narrow")).unwrap();
    let notes = imported.notes.join("\n");
    assert!(notes.contains("num_batches_tracked"), "{notes}");
    assert!(
        imported
            .checkpoint
            .weights
            .0
            .keys()
            .all(|name| !name.contains("tracked"))
    );
}

#[test]
fn a_head_for_other_classes_is_left_out() {
    let mut weights = weights("torchvision_resnet_narrow");
    let head = Array {
        shape: vec![1000, 128],
        values: vec![0.0; 128_000],
    };
    weights.0.insert("fc.weight".into(), head);
    weights.0.insert(
        "fc.bias".into(),
        Array {
            shape: vec![1000],
            values: vec![0.0; 1000],
        },
    );
    let imported = resnet(weights).unwrap();
    let task = imported.checkpoint.card.classification().unwrap();
    assert!(task.features.is_empty());
    assert!(
        imported
            .checkpoint
            .weights
            .0
            .keys()
            .all(|name| !name.starts_with("head."))
    );
    assert!(
        imported
            .notes
            .join("\n")
            .contains("fc.weight: a head for 1000 classes")
    );
}

#[test]
fn a_value_that_is_no_number_is_refused() {
    let mut weights = weights("torchvision_resnet_narrow");
    weights.0.get_mut("bn1.weight").unwrap().values[3] = f32::NAN;
    let error = resnet(weights).unwrap_err().to_string();
    assert!(error.contains("stem.norm.gamma"), "{error}");
}

#[test]
fn the_wrong_library_or_size_is_told_by_its_tensors() {
    let error = bring_in(weights("timm_vit"), Library::Torchvision, "vit").unwrap_err();
    assert!(
        error.to_string().contains("conv_proj.weight is missing"),
        "{error}"
    );
    let error = bring_in(weights("timm_vit"), Library::Timm, "vit-tiny").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("blocks.3.norm1.weight is missing"),
        "{error}"
    );
    let error = bring_in(weights("timm_vit"), Library::Timm, "vit").unwrap_err();
    assert!(matches!(error, ImportError::Heads { width: 96 }), "{error}");
}

#[test]
fn unknown_networks_are_told_with_those_there_are() {
    let error = resnet_named("resnet-19").unwrap_err().to_string();
    assert!(
        error.contains("resnet-19") && error.contains("resnet-18"),
        "{error}"
    );
    let error = bring_in(StateDict::default(), Library::DinoV2, "resnet-18").unwrap_err();
    assert!(matches!(error, ImportError::NoSuchFamily { .. }), "{error}");
}

fn resnet_named(name: &str) -> Result<Imported, ImportError> {
    bring_in(
        weights("torchvision_resnet_narrow"),
        Library::Torchvision,
        name,
    )
}

#[test]
fn an_input_side_is_taken_or_told() {
    let at = |side| {
        let options = ImportOptions {
            library: Library::Torchvision,
            architecture: "resnet".into(),
            heads: None,
            input_side: Some(side),
            source: "a test".into(),
        };
        import(weights("torchvision_resnet_narrow"), &options)
    };
    let card = at(75).unwrap().checkpoint.card;
    assert_eq!(card.classification().unwrap().input.side, 75);
    let error = at(31).unwrap_err().to_string();
    assert!(
        error.contains("31 px") && error.contains("must be 32 to"),
        "{error}"
    );
}
