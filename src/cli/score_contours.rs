//! `karyolens score-contours`: how well found contours agree with those of a person.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Serialize;

use super::field_files::{CONTOURS_END, contour_files, image_of};
use super::read_file;
use crate::bootstrap::{RESAMPLES, TAIL, interval, resamples};
use crate::field::formats::read;
use crate::field::score::{Matches, Scores};
use crate::field::{Contour, LabelMap};
use crate::image::{MAX_PIXELS, decode};

/// Compare found contours with true ones, field by field and pooled.
///
/// Contours are filled as OpenCV's fillPoly fills them, later ones over earlier ones. A found nucleus
/// counts where its IoU with a true one is above a threshold: f1_50, pq, precision and recall at 0.5,
/// f1_75 at 0.75, ap_50_95 the mean of TP/(TP+FP+FN) over 0.50, 0.55 … 0.95. Fields without found
/// contours are not scored, but named. The pooled figures have 95 % intervals over resamples of the
/// fields.
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder with `<field>_contours.json` of found nuclei.
    #[arg(long, value_name = "FOLDER")]
    predicted: PathBuf,
    /// The folder with `<field>_contours.json` of true nuclei.
    #[arg(long, value_name = "FOLDER")]
    truth: PathBuf,
    /// The folder with the fields' images, which tell their sizes. By default the folder `images`
    /// beside that of the true nuclei; without an image a field ends with its last contour.
    #[arg(long, value_name = "FOLDER")]
    images: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The seed of the resamples.
const SEED: u64 = 0;

/// A figure that has an interval.
type Figure = fn(&Scores) -> f64;

const FIGURES: [(&str, Figure); 6] = [
    ("f1_50", |scores| scores.f1_50),
    ("f1_75", |scores| scores.f1_75),
    ("ap_50_95", |scores| scores.ap_50_95),
    ("pq", |scores| scores.pq),
    ("precision", |scores| scores.precision),
    ("recall", |scores| scores.recall),
];

/// The figures of all fields.
#[derive(Serialize)]
struct Answer {
    pooled: Scores,
    /// 95 % intervals of the pooled figures; empty for a single field.
    intervals: BTreeMap<&'static str, [f64; 2]>,
    fields: BTreeMap<String, Scores>,
    /// Fields with true contours alone.
    not_scored: Vec<String>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let predicted = contour_files(&arguments.predicted)?;
    let mut truth = contour_files(&arguments.truth)?;
    let images = arguments
        .images
        .or_else(|| Some(arguments.truth.parent()?.join("images")));
    let mut fields = BTreeMap::new();
    for (field, file) in predicted {
        let Some(true_file) = truth.remove(&field) else {
            bail!(
                "{} has no true contours {}",
                file.display(),
                arguments
                    .truth
                    .join(format!("{field}{CONTOURS_END}"))
                    .display()
            );
        };
        let [found, known] = [contours(&file, &field)?, contours(&true_file, &field)?];
        let size = match images
            .as_deref()
            .and_then(|folder| image_of(folder, &field))
        {
            Some(image) => size_of(&image)?,
            None => extent(found.iter().chain(&known)).with_context(|| field.clone())?,
        };
        let matches = Matches::new(&LabelMap::new(&found, size), &LabelMap::new(&known, size));
        fields.insert(field, matches);
    }
    let answer = Answer {
        pooled: pooled(fields.values()),
        intervals: intervals(&fields.values().collect::<Vec<_>>()),
        fields: fields
            .into_iter()
            .map(|(field, matches)| (field, matches.scores()))
            .collect(),
        not_scored: truth.into_keys().collect(),
    };
    match arguments.json {
        true => say!("{}", serde_json::to_string_pretty(&answer)?),
        false => print_text(&answer),
    }
    Ok(ExitCode::SUCCESS)
}

/// The figures of fields together.
fn pooled<'a>(fields: impl IntoIterator<Item = &'a Matches>) -> Scores {
    let mut all = Matches::default();
    all.extend(fields.into_iter().cloned());
    all.scores()
}

/// 95 % intervals of the pooled figures over resamples of the fields.
fn intervals(fields: &[&Matches]) -> BTreeMap<&'static str, [f64; 2]> {
    if fields.len() < 2 {
        return BTreeMap::new();
    }
    let drawn: Vec<Scores> = resamples(fields.len(), RESAMPLES, SEED)
        .map(|rows| pooled(rows.into_iter().map(|row| fields[row])))
        .collect();
    FIGURES
        .iter()
        .filter_map(|(name, figure)| {
            Some((*name, interval(drawn.iter().map(figure).collect(), TAIL)?))
        })
        .collect()
}

fn print_text(answer: &Answer) {
    let names = answer.fields.keys().map(|name| name.chars().count());
    let width = names.max().unwrap_or(0).max("pooled".len());
    say!(
        "{:<width$}  f1_50  f1_75  ap_50_95     pq  precision  recall  matched  found  truth",
        ""
    );
    let rows = answer
        .fields
        .iter()
        .map(|(name, scores)| (name.as_str(), scores));
    for (name, scores) in rows.chain([("pooled", &answer.pooled)]) {
        say!(
            "{name:<width$}  {:>5.3}  {:>5.3}  {:>8.3}  {:>5.3}  {:>9.3}  {:>6.3}  {:>7}  {:>5}  {:>5}",
            scores.f1_50,
            scores.f1_75,
            scores.ap_50_95,
            scores.pq,
            scores.precision,
            scores.recall,
            scores.matched,
            scores.found,
            scores.truth
        );
    }
    for (name, [low, high]) in &answer.intervals {
        say!("{name}: 95 % interval over fields {low:.3} to {high:.3}");
    }
    if !answer.not_scored.is_empty() {
        say!(
            "not scored, without found contours: {}",
            answer.not_scored.join(", ")
        );
    }
}

fn contours(file: &Path, field: &str) -> Result<Vec<Contour>> {
    let read = read(&read_file(file)?, field);
    let cells = read
        .with_context(|| format!("cannot use {}", file.display()))?
        .cells;
    Ok(cells.into_iter().map(|cell| cell.contour).collect())
}

/// Width and height of an image.
fn size_of(image: &Path) -> Result<[u32; 2]> {
    let picture = decode(&read_file(image)?)
        .with_context(|| format!("{} cannot be read", image.display()))?;
    Ok([picture.width(), picture.height()])
}

/// The smallest field that holds all contours.
fn extent<'a>(contours: impl Iterator<Item = &'a Contour>) -> Result<[u32; 2]> {
    let points = contours.flat_map(|contour| &contour.points);
    let [width, height] = points.fold([0; 2], |size, point| {
        let side = |axis: usize| (point[axis].ceil().max(0.0) as u32).saturating_add(1);
        [size[0].max(side(0)), size[1].max(side(1))]
    });
    ensure!(
        u64::from(width) * u64::from(height) <= MAX_PIXELS,
        "its contours reach to {width}, {height}, further than any image; --images tells the true size"
    );
    Ok([width, height])
}
