//! `karyolens card`: what a checkpoint says of itself, the figures of its sibling by field, and how
//! sure its thresholds are.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{ArgGroup, Args};
use serde_json::Value;

use super::evaluate::ensure_same_features;
use super::read_checkpoint;
use crate::checkpoint::Checkpoint;
use crate::classify::Classifier;
use crate::devices::DeviceChoice;
use crate::files::write_atomically;
use crate::train::config::TrainConfig;
use crate::train::evaluate::SplitScores;

/// What the names of figures by field begin with, in the place of the split's name.
const BY_FIELD: &str = "by_field";
/// Settings in which a sibling by field may differ.
const OWN_SETTINGS: [&str; 6] = ["split", "splits", "init", "teachers", "answers", "seed"];

/// Print a checkpoint's model card as JSON.
///
/// With --output, write a copy that tells more: with --by-field the figures of a model that was
/// trained the same way on a split by field, with --unsure-from at which probabilities about each
/// threshold a call is in doubt.
#[derive(Args)]
#[command(group(ArgGroup::new("more").args(["by_field", "unsure_from"]).multiple(true).requires("output")))]
pub(super) struct Arguments {
    /// The checkpoint.
    #[arg(value_name = "FILE")]
    model: PathBuf,
    /// The sibling's checkpoint: the same settings, but `--split by-field`, and a start and teachers
    /// that were trained so, too.
    #[arg(long, value_name = "FILE")]
    by_field: Option<PathBuf>,
    /// The data folder that the checkpoint was trained on: its thresholds are searched again on
    /// random resamples of the validation cells. `train` does that itself at its end.
    #[arg(long, value_name = "FOLDER")]
    unsure_from: Option<PathBuf>,
    /// Where to run, for --unsure-from: cpu, gpu, cuda or remote:ADDRESS; of several devices the
    /// first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The copy to write; its weights are the same.
    #[arg(short, long, value_name = "FILE", requires = "more")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut checkpoint = read_checkpoint(&arguments.model)?;
    if let Some(sibling) = &arguments.by_field {
        let by_field = read_checkpoint(sibling)?;
        add_by_field(&mut checkpoint, &by_field)
            .with_context(|| format!("cannot take the figures of {}", sibling.display()))?;
    }
    if let Some(data) = &arguments.unsure_from {
        add_unsure(&mut checkpoint, data, &arguments.device)?;
    }
    if let Some(output) = &arguments.output {
        let bytes = checkpoint.write(checkpoint.card.precision())?;
        write_atomically(output, &bytes)?;
    }
    say!("{}", serde_json::to_string_pretty(&checkpoint.card)?);
    Ok(ExitCode::SUCCESS)
}

/// Adds the bands about the thresholds, as `train` does.
fn add_unsure(checkpoint: &mut Checkpoint, data: &Path, device: &DeviceChoice) -> Result<()> {
    let (settings, scores) = validate(checkpoint, data, device)?;
    let task = checkpoint.card.classification_mut()?;
    task.unsure = scores.unsure(&task.thresholds, settings.threshold_search)?;
    Ok(())
}

/// The settings of the run that trained a checkpoint, and what it says of their validation split,
/// of which `data` is the folder.
pub(super) fn validate(
    checkpoint: &Checkpoint,
    data: &Path,
    device: &DeviceChoice,
) -> Result<(TrainConfig, SplitScores)> {
    let settings = checkpoint.card.provenance.settings.clone();
    let settings: TrainConfig = serde_json::from_value(settings)
        .context("it was not trained by this program: it does not tell how it was validated")?;
    let settings = TrainConfig {
        data: data.into(),
        ..settings
    };
    let data = settings.data_folder()?;
    let features = &checkpoint.card.classification()?.features;
    ensure_same_features(features, &data)?;
    let records = data.split(&settings.val_split, features)?;
    let classifier = Classifier::new(checkpoint.clone(), device.open_one()?)?;
    let scores = SplitScores::compute(&classifier, &records, |_| ())?;
    Ok((settings, scores))
}

/// Adds the sibling's figures of its validation fold, as `by_field_macro_f1` and so on.
fn add_by_field(checkpoint: &mut Checkpoint, sibling: &Checkpoint) -> Result<()> {
    let settings = |checkpoint: &Checkpoint| {
        let settings = checkpoint.card.provenance.settings.clone();
        let settings: TrainConfig = serde_json::from_value(settings)
            .context("the settings that it was trained with are not known")?;
        Ok::<_, anyhow::Error>(serde_json::to_value(settings)?)
    };
    let [own, other] = [settings(checkpoint)?, settings(sibling)?];
    ensure!(
        other["split"] == "by-field",
        "it was not trained on a split by field"
    );
    let names = own.as_object().into_iter().chain(other.as_object());
    for name in names.flat_map(|settings| settings.keys()) {
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
