//! How well a trained network finds the nuclei of fields, and the thresholds that suit it best.

use anyhow::{Context, Result};
use burn::tensor::Device;

use super::batches::FieldSource;
use super::config::FieldsConfig;
use super::data::{Field, Outline, parts, read_fields};
use super::figures::Matches;
use crate::checkpoint::{Checkpoint, Segmentation};
use crate::field::found::{Area, Thresholds, polygons, suppress};
use crate::model::{Segmenter, Trainable};

/// Probabilities and overlaps that are tried: from, to, and the number of steps between them.
const PROBABILITIES: (f32, f32, usize) = (0.3, 0.7, 16);
const OVERLAPS: (f32, f32, usize) = (0.1, 0.5, 4);

/// The network's answers for some fields.
pub struct Answers<'a> {
    rays: usize,
    fields: Vec<Answer<'a>>,
}

struct Answer<'a> {
    /// `[rows, columns, channels]`, row by row.
    values: Vec<f32>,
    sides: [usize; 3],
    nuclei: &'a [Outline],
}

/// Figures over all nuclei of some fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// F1 at an intersection over the union of 0.5.
    pub f1_50: f64,
    /// F1 at 0.75.
    pub f1_75: f64,
}

impl Figures {
    /// The figures by their names on a card.
    pub fn on_card(self) -> [(String, f64); 2] {
        [("val_f1_50", self.f1_50), ("val_f1_75", self.f1_75)].map(|(name, f1)| (name.into(), f1))
    }
}

impl<'a> Answers<'a> {
    /// The answers of `network`, which has the card's `task`, for whole fields.
    pub fn of(
        network: &Segmenter<Trainable>,
        task: &Segmentation,
        fields: &'a [Field],
        device: &Device,
    ) -> Self {
        let source = FieldSource::new(Vec::new(), task.input.clone(), task.rays, None);
        let answer = |field: &'a Field| {
            let answer = network.forward(source.whole_image(field, device));
            let [_, rows, columns, channels] = answer.dims();
            Answer {
                values: answer.into_data().iter::<f32>().collect(),
                sides: [rows, columns, channels],
                nuclei: &field.nuclei,
            }
        };
        Self {
            rays: task.rays,
            fields: fields.iter().map(answer).collect(),
        }
    }

    /// The figures at some thresholds.
    pub fn figures(&self, thresholds: Thresholds) -> Figures {
        let found: Vec<[Vec<Area>; 2]> = self
            .fields
            .iter()
            .map(|field| {
                let found = polygons(&field.values, field.sides, self.rays, thresholds);
                let found = suppress(found, thresholds.overlap).into_iter();
                let found: Vec<Outline> = found.map(|found| found.points).collect();
                [areas(&found), areas(field.nuclei)]
            })
            .collect();
        let [f1_50, f1_75] = [0.5, 0.75].map(|overlap| {
            let mut matches = Matches::default();
            for [found, nuclei] in &found {
                matches.add(Matches::count(found, nuclei, overlap));
            }
            matches.f1()
        });
        Figures { f1_50, f1_75 }
    }

    /// The thresholds for nuclei to be read that give the highest sum of both figures.
    pub fn best_thresholds(&self) -> Thresholds {
        let tried = steps(PROBABILITIES).flat_map(|read| {
            steps(OVERLAPS).map(move |overlap| Thresholds {
                read,
                overlap,
                ..Thresholds::ONLY_READ
            })
        });
        let scored = tried.map(|thresholds| {
            let Figures { f1_50, f1_75 } = self.figures(thresholds);
            (f1_50 + f1_75, thresholds)
        });
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
        best.map_or(Thresholds::ONLY_READ, |(_, thresholds)| thresholds)
    }
}

/// The figures of a checkpoint at its card's thresholds, on the validation fields of the run that trained
/// it; `data` is the data folder of that run.
///
/// # Errors
/// A checkpoint of another program or task, and data that cannot be read.
pub fn validate(
    checkpoint: &Checkpoint,
    data: &std::path::Path,
    device: &Device,
) -> Result<Figures> {
    let card = &checkpoint.card;
    let task = card.segmentation()?.clone();
    let config: FieldsConfig = serde_json::from_value(card.provenance.settings.clone())
        .context("it was not trained by this program: it does not tell how it was validated")?;
    let fields = read_fields(data, None)?;
    let parts = parts(fields, config.folds, config.fold, config.validate_each);
    let network = checkpoint.clone().segmenter(device)?;
    let answers = Answers::of(&network, &task, &parts.validation, device);
    Ok(answers.figures(Thresholds::of(&task)))
}

/// The pixels of each outline.
pub fn areas(outlines: &[Outline]) -> Vec<Area> {
    outlines.iter().map(|points| Area::new(points)).collect()
}

fn steps((from, to, steps): (f32, f32, usize)) -> impl Iterator<Item = f32> {
    (0..=steps).map(move |step| from + (to - from) * step as f32 / steps as f32)
}
