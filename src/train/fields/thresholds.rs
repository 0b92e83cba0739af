//! The thresholds of a trained network, searched on fields that it was validated on.

use super::data::Outline;
use super::figures::Matches;
use crate::field::found::{Area, Found, Thresholds, polygons, suppress};

/// Probabilities and overlaps that are tried: from, to, and the number of steps between them.
const PROBABILITIES: (f32, f32, usize) = (0.3, 0.7, 16);
const OVERLAPS: (f32, f32, usize) = (0.1, 0.5, 4);

/// The network's answer for one field.
pub struct Answered<'a> {
    /// `[rows, columns, channels]`, row by row.
    pub answer: Vec<f32>,
    /// Rows, columns and channels.
    pub sides: [usize; 3],
    /// The outlines of the field's nuclei.
    pub nuclei: &'a [Outline],
}

/// Thresholds for nuclei to be read, and the figures that they give.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The probability from which a place counts.
    pub probability: f32,
    /// The intersection over the union above which one of two polygons is dropped.
    pub overlap: f32,
    /// F1 at an intersection over the union of 0.5.
    pub f1_50: f64,
    /// F1 at 0.75.
    pub f1_75: f64,
}

/// The thresholds with the highest sum of both figures over all nuclei of `fields`.
pub fn search(fields: &[Answered], rays: usize) -> Choice {
    let nuclei: Vec<Vec<Area>> = fields.iter().map(|field| areas(field.nuclei)).collect();
    let mut best: Option<Choice> = None;
    for probability in steps(PROBABILITIES) {
        let thresholds = Thresholds {
            read: probability,
            ..Thresholds::ONLY_READ
        };
        let candidates: Vec<Vec<Found>> = fields
            .iter()
            .map(|field| polygons(&field.answer, field.sides, rays, thresholds))
            .collect();
        for overlap in steps(OVERLAPS) {
            let found: Vec<Vec<Area>> = candidates
                .iter()
                .map(|candidates| {
                    let found = suppress(candidates.clone(), overlap).into_iter();
                    areas(&found.map(|found| found.points).collect::<Vec<_>>())
                })
                .collect();
            let [f1_50, f1_75] = [0.5, 0.75].map(|least| {
                let mut matches = Matches::default();
                for (found, nuclei) in found.iter().zip(&nuclei) {
                    matches.add(Matches::count(found, nuclei, least));
                }
                matches.f1()
            });
            if best.is_none_or(|best| f1_50 + f1_75 > best.f1_50 + best.f1_75) {
                best = Some(Choice {
                    probability,
                    overlap,
                    f1_50,
                    f1_75,
                });
            }
        }
    }
    best.expect("there are thresholds to try")
}

/// The pixels of each outline.
pub fn areas(outlines: &[Outline]) -> Vec<Area> {
    outlines.iter().map(|points| Area::new(points)).collect()
}

fn steps((from, to, steps): (f32, f32, usize)) -> impl Iterator<Item = f32> {
    (0..=steps).map(move |step| from + (to - from) * step as f32 / steps as f32)
}
