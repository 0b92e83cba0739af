//! Figures that a model card is given after its training.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use serde_json::Value;

use super::config::TrainConfig;
use super::evaluate::SplitScores;
use crate::checkpoint::{Checkpoint, ModelCard};
use crate::classify::Classifier;

/// The prefix of figures by field, in the place of the split's name.
const BY_FIELD: &str = "by_field";
/// Settings in which a sibling by field may differ.
const OWN_SETTINGS: [&str; 6] = ["split", "splits", "init", "teachers", "answers", "seed"];

/// The settings of the run that trained a network.
///
/// # Errors
/// A network that was trained elsewhere, or by a version whose settings are not known here.
pub fn settings(card: &ModelCard) -> Result<TrainConfig> {
    serde_json::from_value(card.provenance.settings.clone())
        .context("it was not trained by this program: it does not tell how it was validated")
}

/// The settings of the run that trained a checkpoint, and its scores on their validation split in
/// the data folder `data`.
///
/// # Errors
/// A checkpoint of another program, data that cannot be read or has other features, and a device
/// that fails.
pub fn validate(
    checkpoint: &Checkpoint,
    data: &Path,
    device: Device,
) -> Result<(TrainConfig, SplitScores)> {
    let settings = TrainConfig {
        data: data.into(),
        ..settings(&checkpoint.card)?
    };
    let features = &checkpoint.card.classification()?.features;
    let records = settings
        .data_folder()?
        .split(&settings.val_split, features)?;
    let classifier = Classifier::new(checkpoint.clone(), device)?;
    let scores = SplitScores::compute(&classifier, &records, |_| ())?;
    Ok((settings, scores))
}

/// Adds the bands of doubt about the thresholds, as a training does at its end; `data` is the data
/// folder that the checkpoint was trained on.
///
/// # Errors
/// As [`validate`].
pub fn add_unsure(checkpoint: &mut Checkpoint, data: &Path, device: Device) -> Result<()> {
    let (settings, scores) = validate(checkpoint, data, device)?;
    let task = checkpoint.card.classification_mut()?;
    task.unsure = scores.unsure(&task.thresholds, settings.threshold_search)?;
    Ok(())
}

/// Adds the figures of `sibling` on its validation fold, as `by_field_macro_f1` and so on. It was
/// trained with the same settings, on a split by field.
///
/// # Errors
/// The first setting in which the two differ.
pub fn add_by_field(checkpoint: &mut Checkpoint, sibling: &Checkpoint) -> Result<()> {
    let written =
        |card: &ModelCard| -> Result<Value> { Ok(serde_json::to_value(settings(card)?)?) };
    let [own, other] = [written(&checkpoint.card)?, written(&sibling.card)?];
    ensure!(
        other["split"] == "by-field",
        "it was not trained on a split by field"
    );
    for name in own.as_object().into_iter().flat_map(|own| own.keys()) {
        ensure!(
            OWN_SETTINGS.contains(&name.as_str()) || own[name] == other[name],
            "it was trained with {name} = {}, not {}",
            other[name],
            own[name]
        );
    }
    let split = match &other["val_split"] {
        Value::String(split) => format!("{split}_"),
        _ => String::new(),
    };
    for (name, value) in &sibling.card.metrics {
        if let Some(figure) = name.strip_prefix(&split) {
            let name = format!("{BY_FIELD}_{figure}");
            checkpoint.card.metrics.insert(name, *value);
        }
    }
    Ok(())
}
