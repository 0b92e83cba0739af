//! `karyolens evaluate`: how good a model is on a split.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;
use indicatif::ProgressBar;

use super::data::split_kind;
use super::read_classifier;
use crate::nuclei::FeatureSet;
use crate::train::data::{DataFolder, SplitSettings};
use crate::train::evaluate::{Evaluation, SplitScores};
use crate::train::metrics::Summary;

/// Compare a model's predictions with labels.
#[derive(Args)]
pub(super) struct Arguments {
    /// The checkpoint.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The folder: `images/<split>/<id>.jpg` and `labels/<split>.json`, or `images/<id>.jpg` and
    /// `labels.json`; `features.json` names the features where they are not the nine nuclear ones.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    #[command(flatten)]
    splits: SplitSettings,
    /// The split.
    #[arg(long, default_value = "val", value_name = "NAME")]
    split: String,
    /// Take the split of `train --split by-field` with the same --folds, --fold and --fold-seed:
    /// `val` is that fold, `train` the others.
    #[arg(long)]
    by_field: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let classifier = read_classifier(&arguments.model)?;
    let card = classifier.card();
    let data = DataFolder {
        folder: arguments.data,
        splits: arguments.splits.splits(split_kind(arguments.by_field))?,
    };
    let features = data.features()?;
    ensure!(
        features == card.features,
        "the model names {}, but the labels of {} are of {}; features.json in the data folder \
         names the features of its labels",
        listed(&card.features),
        data.folder.display(),
        listed(&features)
    );
    let records = data.split(&arguments.split, &card.features)?;
    let bar = ProgressBar::new(records.len() as u64);
    let scores = SplitScores::compute(&classifier, &records, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let evaluation = scores.evaluate(&card.thresholds)?;
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&evaluation)?),
        false => print_text(&evaluation, card.features.names()),
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(features: &FeatureSet) -> String {
    match features.is_empty() {
        true => "no features".into(),
        false => features.names().join(", "),
    }
}

fn print_text(evaluation: &Evaluation, names: &[String]) {
    let rows = [
        ("model", &evaluation.summary),
        ("all present", &evaluation.all_present),
    ];
    println!("{} cells, thresholds at 0.5", evaluation.summary.n);
    println!(
        "{:<14}{:>10}{:>10}{:>11}{:>12}{:>11}",
        "", "macro F1", "micro F1", "class mAP", "sample mAP", "macro AUC"
    );
    for (name, row) in rows {
        let Summary {
            macro_f1,
            micro_f1,
            class_map,
            sample_map,
            macro_auc,
            ..
        } = row;
        let auc = macro_auc.map_or("-".into(), |auc| format!("{auc:.4}"));
        println!(
            "{name:<14}{macro_f1:>10.4}{micro_f1:>10.4}{class_map:>11.4}{sample_map:>12.4}{auc:>11}"
        );
    }
    println!(
        "macro F1 at the card's thresholds {:.4}",
        evaluation.macro_f1_tuned
    );
    println!(
        "\n{:<14}{:>10}{:>11}{:>8}{:>8}{:>8}",
        "", "support", "precision", "recall", "F1", "AP"
    );
    for (name, row) in names.iter().zip(&evaluation.summary.per_feature) {
        println!(
            "{name:<14}{:>10}{:>11.3}{:>8.3}{:>8.3}{:>8.3}",
            row.support, row.precision, row.recall, row.f1, row.ap
        );
    }
}
