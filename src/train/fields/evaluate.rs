//! How well a network finds the nuclei of fields, and the thresholds that suit it best.

use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};

use super::batches::FieldSource;
use super::config::FieldsConfig;
use super::data::{Field, Outline, parts, read_fields};
use crate::checkpoint::{Checkpoint, Segmentation};
use crate::field::found::{Thresholds, polygons, suppress};
use crate::field::score::{Matches, Scores};
use crate::field::{Contour, LabelMap};
use crate::model::{Answer, Segmenter, Trainable};

/// Probabilities and overlaps that are tried: from, to, and the number of steps between them.
const PROBABILITIES: (f32, f32, usize) = (0.3, 0.7, 16);
const OVERLAPS: (f32, f32, usize) = (0.1, 0.5, 4);

/// A network's answer for a field.
pub struct Answered<'a> {
    /// `[rows, columns, channels]`, row by row.
    values: Vec<f32>,
    sides: [usize; 3],
    nuclei: &'a [Outline],
}

impl<'a> Answered<'a> {
    /// From an answer `[1, rows, columns, channels]` and the outlines of the field's nuclei to be read.
    pub fn new(answer: Tensor<4>, nuclei: &'a [Outline]) -> Self {
        let [_, rows, columns, channels] = answer.dims();
        Self {
            values: answer.into_data().iter::<f32>().collect(),
            sides: [rows, columns, channels],
            nuclei,
        }
    }

    /// The answers of `network`, which has the card's `task`, for whole fields.
    pub fn by(
        network: &Segmenter<Trainable>,
        task: &Segmentation,
        fields: &'a [Field],
        device: &Device,
    ) -> Vec<Self> {
        let source = FieldSource::new(Vec::new(), task.input.clone(), task.rays, None);
        let answer = |field: &'a Field| {
            let answer = network.forward(source.whole_image(field, device));
            Self::new(answer, &field.nuclei)
        };
        fields.iter().map(answer).collect()
    }

    /// The nuclei to be read that are found at some thresholds, matched with the true ones.
    pub fn matches(&self, thresholds: Thresholds) -> Matches {
        let [rows, columns, channels] = self.sides;
        let rays = channels - Answer::RAYS;
        let found = polygons(&self.values, self.sides, rays, thresholds);
        let found = suppress(found, thresholds.overlap).into_iter();
        // The most probable last, so that it lies over the others.
        let nuclei = found.filter(|found| found.is_read).rev();
        let found: Vec<Outline> = nuclei.map(|found| found.points).collect();
        let size = [columns, rows].map(|places| (places * Answer::STRIDE) as u32);
        let [found, nuclei] = [&found, self.nuclei].map(|outlines| {
            let contours: Vec<Contour> = outlines.iter().map(contour).collect();
            LabelMap::new(&contours, size)
        });
        Matches::new(&found, &nuclei)
    }
}

/// An outline as a contour without a name.
fn contour(outline: &Outline) -> Contour {
    let points = outline.iter().map(|point| point.map(f64::from));
    Contour::new("", points.collect())
}

/// The figures over all nuclei of some fields.
pub fn scores(fields: &[Answered], thresholds: Thresholds) -> Scores {
    let mut pooled = Matches::default();
    pooled.extend(fields.iter().map(|field| field.matches(thresholds)));
    pooled.scores()
}

/// The thresholds for nuclei to be read that give the highest sum of F1 at 0.5 and at 0.75.
pub fn best_thresholds(fields: &[Answered]) -> Thresholds {
    let tried = steps(PROBABILITIES).flat_map(|read| {
        steps(OVERLAPS).map(move |overlap| Thresholds {
            read,
            overlap,
            ..Thresholds::ONLY_READ
        })
    });
    let scored = tried.map(|thresholds| {
        let scores = scores(fields, thresholds);
        (scores.f1_50 + scores.f1_75, thresholds)
    });
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(Thresholds::ONLY_READ, |(_, thresholds)| thresholds)
}

fn steps((from, to, steps): (f32, f32, usize)) -> impl Iterator<Item = f32> {
    (0..=steps).map(move |step| from + (to - from) * step as f32 / steps as f32)
}

/// Figures by their names on a card.
pub fn on_card(scores: &Scores) -> [(String, f64); 3] {
    let figures = [
        ("val_f1_50", scores.f1_50),
        ("val_f1_75", scores.f1_75),
        ("val_pq", scores.pq),
    ];
    figures.map(|(name, value)| (name.into(), value))
}

/// The figures of a checkpoint at its card's thresholds, on the validation fields of the run that trained
/// it; `data` is the data folder of that run.
///
/// # Errors
/// A checkpoint of another program or task, and data that cannot be read.
pub fn validate(checkpoint: &Checkpoint, data: &Path, device: &Device) -> Result<Scores> {
    let card = &checkpoint.card;
    let task = card.segmentation()?.clone();
    let config: FieldsConfig = serde_json::from_value(card.provenance.settings.clone())
        .context("it was not trained by this program: it does not tell how it was validated")?;
    let fields = read_fields(data, None)?;
    let parts = parts(fields, config.folds, config.fold, config.validate_each);
    let network = checkpoint.clone().segmenter(device)?;
    let answers = Answered::by(&network, &task, &parts.validation, device);
    Ok(scores(&answers, Thresholds::of(&task)))
}
