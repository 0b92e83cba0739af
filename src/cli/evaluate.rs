//! `karyolens evaluate`: how good a model is on a split.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;

use super::data::split_kind;
use super::read_classifier;
use super::settings::{Defaults, SplitOptions, THRESHOLD_SEARCHES, choice, in_options, name_of};
use crate::devices::DeviceChoice;
use crate::train::cells::data::DataFolder;
use crate::train::cells::evaluate::{Evaluation, SplitScores};
use crate::train::cells::metrics::ThresholdSearch;

/// Compare a model's predictions with labels.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where to run: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The checkpoint.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The folder: `images/<split>/<id>.jpg` (or png, …) and `labels/<split>.json`, or `images/<id>.jpg` and
    /// `labels.json`; `features.json` names the features where they are not the nine nuclear ones.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    #[command(flatten)]
    splits: Defaults<SplitOptions>,
    /// The split's name: train, val or test; for folds by field see --by-field.
    #[arg(long, default_value = "val", value_name = "NAME")]
    split: String,
    /// Read each image in its four flips and average: slower, and as a rule a little better.
    #[arg(long)]
    flips: bool,
    /// Take the split of `train --split by-field` with the same --folds, --fold and --fold-seed:
    /// `val` is that fold, `train` the others.
    #[arg(long)]
    by_field: bool,
    /// How thresholds are searched on other fields' cells, for the cross-fitted F1.
    #[arg(long, value_parser = choice::<ThresholdSearch>(THRESHOLD_SEARCHES))]
    #[arg(default_value = name_of(ThresholdSearch::default()))]
    threshold_search: ThresholdSearch,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    evaluate(arguments).map_err(in_options)
}

fn evaluate(arguments: Arguments) -> Result<ExitCode> {
    let classifier =
        read_classifier(&arguments.model, &arguments.device)?.with_flips(arguments.flips);
    let card = classifier.card();
    let data = DataFolder {
        folder: arguments.data,
        splits: arguments
            .splits
            .settings()?
            .splits(split_kind(arguments.by_field))?,
    };
    let records = data.split(&arguments.split, &card.task.features)?;
    let bar = ProgressBar::new(records.len() as u64);
    let scores = SplitScores::compute(&classifier, &records, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let evaluation = scores.evaluate(&card.task.thresholds, arguments.threshold_search)?;
    match arguments.json {
        true => say!("{}", serde_json::to_string_pretty(&evaluation)?),
        false => print_text(&evaluation, card.task.features.names()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Three tables, within 100 columns: the figures, F1 by thresholds, and every feature's row.
fn print_text(evaluation: &Evaluation, names: &[String]) {
    say!(
        "{} cells; present from probability 0.5\n",
        evaluation.summary.n
    );
    say!(
        "{:<20}{:>8}{:>17}{:>13}",
        "",
        "model",
        "95 % interval",
        "all present"
    );
    for row in evaluation.figures() {
        let interval = row
            .interval
            .map_or_else(String::new, |[low, high]| format!("{low:.3} to {high:.3}"));
        let (value, baseline) = (figure(row.value, 4), figure(row.all_present, 4));
        say!("{:<20}{value:>8}{interval:>17}{baseline:>13}", row.name);
    }

    say!("\n{:<31}{:>10}{:>10}", "", "macro F1", "micro F1");
    for (name, macro_f1, micro_f1) in [
        (
            "at the card's thresholds",
            Some(evaluation.macro_f1_tuned),
            Some(evaluation.micro_f1_tuned),
        ),
        (
            "cross-fitted over the fields",
            evaluation.macro_f1_cross_fitted,
            evaluation.micro_f1_cross_fitted,
        ),
    ] {
        let (macro_f1, micro_f1) = (figure(macro_f1, 4), figure(micro_f1, 4));
        say!("{name:<31}{macro_f1:>10}{micro_f1:>10}");
    }

    say!(
        "\n{:<14}{:>8}{:>11}{:>8}{:>8}{:>8}{:>8}{:>12}{:>10}",
        "",
        "support",
        "precision",
        "recall",
        "F1",
        "AP",
        "AUC",
        "threshold",
        "tuned F1"
    );
    let rows = evaluation.summary.per_feature.iter();
    for ((name, half), tuned) in names.iter().zip(rows).zip(&evaluation.tuned.per_feature) {
        say!(
            "{name:<14}{:>8}{:>11.3}{:>8.3}{:>8.3}{:>8.3}{:>8}{:>12.2}{:>10.3}",
            half.support,
            half.precision,
            half.recall,
            half.f1,
            half.ap,
            figure(half.auc, 3),
            tuned.threshold,
            tuned.f1
        );
    }
}

/// A number with so many decimals, or a dash where it is not defined.
fn figure(value: Option<f64>, decimals: usize) -> String {
    value.map_or("-".into(), |value| format!("{value:.decimals$}"))
}
