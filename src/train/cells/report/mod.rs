//! `report.html`: a run in one page, to be read, kept beside the weights, and printed.
//!
//! One file without a script and without a reference to anything outside: styles and charts are
//! inline, thumbnails are data URIs. Everything is computed from the files of a run; the template
//! escapes text that came from outside (ids, names, settings). The parts stand in the order in which a
//! reader asks: how good is it, did it learn, which feature is weak,
//! may its probabilities be believed, where is it most wrong, how was it made.

mod cells;
mod chart;
mod figures;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Result, ensure};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::data::Record;
use super::evaluate::{Evaluation, SplitScores};
use super::metrics::{Scores, ThresholdSearch};
use crate::checkpoint::ClassifierCard;
use crate::files::write_atomically;
use crate::train::run::History;

const STYLE: &str = include_str!("style.css");

/// The history's columns that every run has, in the order of the legends; any other comes after.
const KNOWN: [(&str, &str); 5] = [
    ("train loss", "training"),
    ("valid loss", "validation"),
    ("valid macro_f1", "macro F1"),
    ("valid class_map", "class mAP"),
    ("valid macro_auc", "macro AUC"),
];

/// The contents of a report.
pub struct Report<'a> {
    /// The run's folder: its last part is the run's name for people.
    pub run: &'a Path,
    /// When the run ended, if that is known.
    pub finished: Option<SystemTime>,
    /// Every setting of the run, as in its `config.json`.
    pub config: &'a Value,
    /// Every epoch's figures.
    pub history: &'a History,
    /// The card of the run's checkpoint.
    pub card: &'a ClassifierCard,
    /// The validation cells.
    pub records: &'a [Record],
    /// The checkpoint's probabilities for them, in the same order.
    pub scores: &'a SplitScores,
    /// How thresholds are searched for the cross-fitted figures.
    pub search: ThresholdSearch,
}

/// The report as one HTML page.
///
/// A cell whose image can no longer be read is shown without it.
///
/// # Errors
/// Scores that do not fit the records or the card, or are no probabilities.
pub fn render(report: &Report) -> Result<String> {
    let (cells, features) = (report.records.len(), report.card.task.features.len());
    let found = report.scores.probabilities.len();
    ensure!(
        report.scores.features == features && found == cells * features,
        "{found} probabilities of {} features are not those of {cells} cells and {features} \
         features",
        report.scores.features
    );
    let evaluation = report
        .scores
        .evaluate(&report.card.task.thresholds, report.search)?;
    let scores = report.scores.scores()?;
    Ok(page(report, &evaluation, &scores).into_string())
}

/// Writes the report as `report.html` into the run's folder, whole or not at all, and tells where.
///
/// # Errors
/// As [`render`], and any failure of the file system.
pub fn write(report: &Report) -> Result<PathBuf> {
    let path = report.run.join("report.html");
    write_atomically(&path, render(report)?.as_bytes())?;
    Ok(path)
}

fn page(report: &Report, evaluation: &Evaluation, scores: &Scores) -> Markup {
    let card = report.card;
    // A path such as `.` has no name of its own.
    let run = std::path::absolute(report.run).unwrap_or_else(|_| report.run.into());
    let name = run.file_name().unwrap_or(run.as_os_str()).to_string_lossy();
    let names = card.task.features.names();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (name) " · Karyolens training report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kind { "Karyolens training report" }
                    h1 { (name) }
                    p { (card.name) ", trained on " (card.provenance.data) "." }
                    (facts(report))
                }
                main {
                    (figures::headline(evaluation, card))
                    (curves(report.history))
                    (figures::bars(evaluation, card))
                    (figures::features(evaluation, names))
                    (figures::confusion(scores, card))
                    (calibration(evaluation, scores))
                    (cells::most_wrong(report))
                    (configuration(report.config))
                }
                footer {
                    p { (card.intended_use) }
                    p { "Written by karyolens " (env!("CARGO_PKG_VERSION")) "." }
                }
            }
        }
    }
}

/// The run's facts, as terms and their values.
fn facts(report: &Report) -> Markup {
    let card = report.card;
    let side = card.task.input.side;
    let finished = report.finished.map(|at| {
        let at = chrono::DateTime::<chrono::Utc>::from(at);
        at.format("%Y-%m-%d %H:%M UTC").to_string()
    });
    let epochs = report.history.last_epoch();
    let facts = [
        ("Network", Some(card.architecture.name().to_string())),
        ("Input", Some(format!("{side} × {side} px"))),
        ("Validation cells", Some(report.records.len().to_string())),
        ("Epochs", (epochs > 0).then(|| epochs.to_string())),
        (
            "Seconds an epoch",
            report
                .history
                .timing()
                .seconds_an_epoch()
                .map(|s| format!("{s:.1}")),
        ),
        ("Finished", finished),
        ("Data licence", Some(card.provenance.data_licence.clone())),
    ];
    html! {
        dl.facts {
            @for (term, fact) in facts {
                @if let Some(fact) = fact { div { dt { (term) } dd { (fact) } } }
            }
        }
    }
}

/// Loss and figures by epoch.
fn curves(history: &History) -> Markup {
    let mut names = history.names();
    names.sort_by_key(|name| {
        KNOWN
            .iter()
            .position(|known| known.0 == name)
            .unwrap_or(KNOWN.len())
    });
    let series = |chosen: &dyn Fn(&str) -> bool| -> Vec<chart::Series> {
        let chosen = names.iter().filter(|name| chosen(name));
        chosen
            .map(|name| chart::Series {
                name: label(name),
                points: (1..=history.last_epoch())
                    .filter_map(|epoch| Some((epoch as f64, history.get(epoch, name)?)))
                    .filter(|(_, value)| value.is_finite())
                    .collect(),
            })
            .collect()
    };
    let losses = series(&|name| name.ends_with(" loss"));
    let figures = series(&|name| name.starts_with("valid ") && !name.ends_with(" loss"));
    html! {
        section {
            h2 { "Epoch by epoch" }
            @if losses.iter().chain(&figures).all(|series| series.points.is_empty()) {
                p { "No epoch's figures were kept." }
            } @else {
                div.pair {
                    figure {
                        (chart::lines("Loss by epoch", &losses, chart::Range::Data))
                        figcaption {
                            "Training: the whole objective, over cells that are varied and drawn "
                            "by the sampler, teachers and regularisation included. Validation: "
                            "binary cross-entropy with the labels. So the lines need not meet."
                        }
                    }
                    figure {
                        (chart::lines("Validation figures by epoch", &figures, chart::Range::Unit))
                        figcaption { "Figures on the validation cells, calls at probability 0.5." }
                    }
                }
            }
        }
    }
}

/// A column of the history as people say it.
fn label(name: &str) -> String {
    match KNOWN.iter().find(|known| known.0 == name) {
        Some((_, label)) => label.to_string(),
        None => name.trim_start_matches("valid ").replace('_', " "),
    }
}

fn calibration(evaluation: &Evaluation, scores: &Scores) -> Markup {
    let error = evaluation.summary.calibration_error;
    html! {
        section {
            h2 { "Calibration" }
            div.pair.calibration {
                figure {
                    (chart::reliability(&scores.calibration()))
                    figcaption {
                        "Probabilities of all cells and features in 15 bins: how often the "
                        "feature is present, "
                        "against the mean probability. On the diagonal a probability means what "
                        "it says; "
                        "below it the network is too sure. The bars along the foot show where the "
                        "probabilities lie."
                    }
                }
                div {
                    p.big { (decimals(error)) }
                    p {
                        "Expected calibration error: the distance from the diagonal, averaged "
                        "over the bins by "
                        "how many probabilities each holds. A sampler that favours rare features "
                        "makes the "
                        "network see them more often than they are, and so pushes probabilities up."
                    }
                }
            }
        }
    }
}

/// `config.json` as a table, one row a value.
fn configuration(config: &Value) -> Markup {
    let mut rows = Vec::new();
    flatten("", config, &mut rows);
    html! {
        section {
            h2 { "Configuration" }
            table.settings {
                thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } } }
                tbody {
                    @for (name, value) in rows {
                        tr { th scope="row" { code { (name) } } td { (value) } }
                    }
                }
            }
        }
    }
}

fn flatten(name: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (field, value) in fields {
                let dot = if name.is_empty() { "" } else { "." };
                flatten(&format!("{name}{dot}{field}"), value, rows);
            }
        }
        Value::String(text) => rows.push((name.into(), text.clone())),
        Value::Null => rows.push((name.into(), "none".into())),
        other => rows.push((name.into(), other.to_string())),
    }
}

/// A figure as the report's tables show it.
fn decimals(value: f64) -> String {
    format!("{value:.3}")
}

/// The same, or a dash where it is not defined.
fn decimals_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), decimals)
}
