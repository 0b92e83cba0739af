//! The thresholds of a trained network, searched on fields that it was validated on.

use super::data::Outline;
use super::figures::Matches;
use crate::field::found::{Area, Found, Thresholds, polygons, suppress};

/// Probabilities and overlaps that are tried: from, to, and the number of steps between them.
const PROBABILITIES: (f32, f32, usize) = (0.2, 0.8, 24);
const OVERLAPS: (f32, f32, usize) = (0.1, 0.5, 8);

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
    let candidates: Vec<Vec<Found>> = fields
        .iter()
        .map(|field| {
            let all = Thresholds {
                read: PROBABILITIES.0,
                ..Thresholds::ONLY_READ
            };
            polygons(&field.answer, field.sides, rays, all)
        })
        .collect();
    let mut best: Option<Choice> = None;
    for overlap in steps(OVERLAPS) {
        // A polygon is suppressed by more probable ones alone, so that the probability may be cut after.
        let found: Vec<(Vec<f32>, Vec<Area>)> = candidates
            .iter()
            .map(|candidates| {
                let found = suppress(candidates.clone(), overlap);
                let probabilities = found.iter().map(|found| found.probability).collect();
                let outlines = found.into_iter().map(|found| found.points);
                (probabilities, areas(&outlines.collect::<Vec<_>>()))
            })
            .collect();
        for probability in steps(PROBABILITIES) {
            let [f1_50, f1_75] = [0.5, 0.75].map(|least| {
                let mut matches = Matches::default();
                for ((probabilities, found), nuclei) in found.iter().zip(&nuclei) {
                    let kept = probabilities.partition_point(|found| *found >= probability);
                    matches.add(Matches::count(&found[..kept], nuclei, least));
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
