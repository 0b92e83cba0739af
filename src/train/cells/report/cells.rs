//! The cells that the network is most wrong about, to be looked at.

use ::image::codecs::jpeg::JpegEncoder;
use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, html};

use super::{Report, decimals};
use crate::image::InputSpec;
use crate::train::cells::data::Record;

/// How many cells are shown: as many as one looks through.
const SHOWN: usize = 24;
/// Quality of the thumbnails' JPEG: a cell takes some 4 kB.
const QUALITY: u8 = 82;
/// Keeps a probability of exactly 0 or 1 from an infinite cross-entropy.
const EPSILON: f64 = 1e-7;

/// The cells with the highest binary cross-entropy, worst first.
pub(super) fn most_wrong(report: &Report) -> Markup {
    let features = report.scores.features;
    let losses = report
        .scores
        .probabilities
        .chunks(features)
        .zip(report.scores.targets.chunks(features))
        .map(|(probabilities, labels)| cross_entropy(probabilities, labels));
    let mut worst: Vec<(usize, f64)> = losses.enumerate().collect();
    worst.sort_by(|a, b| b.1.total_cmp(&a.1));
    worst.truncate(SHOWN);
    html! {
        section {
            h2 { "Most wrong" }
            p {
                "The " (worst.len())
                " validation cells with the highest binary cross-entropy (mean over the "
                "features), worst first. Calls are at the card's thresholds. Where the label "
                "rather than the call "
                "looks wrong, it may be: annotations err too. The pictures are the data set's, "
                "and its licence "
                "decides who may be given this page."
            }
            ol.cells {
                @for (row, loss) in worst { li { (cell(report, row, loss)) } }
            }
        }
    }
}

fn cell(report: &Report, row: usize, loss: f64) -> Markup {
    let record = &report.records[row];
    let features = report.scores.features;
    let probabilities = &report.scores.probabilities[row * features..][..features];
    let rows = report
        .card
        .task
        .features
        .names()
        .iter()
        .zip(&record.labels)
        .zip(probabilities.iter().zip(&report.card.task.thresholds));
    let mark = |yes: bool| if yes { "yes" } else { "–" };
    html! {
        p.id { b { (record.id) } " cross-entropy " (format!("{loss:.2}")) }
        @match thumbnail(record, &report.card.task.input) {
            Ok(jpeg) => {
                img alt="" width="112" height="112"
                    src=(format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(jpeg)));
            }
            Err(fault) => { p.fault { (fault) } }
        }
        table {
            thead {
                tr {
                    th scope="col" { "" }
                    th scope="col" { "label" }
                    th scope="col" { "call" }
                    th.number scope="col" { "prob." }
                }
            }
            tbody {
                @for ((name, &label), (&probability, &threshold)) in rows {
                    @let call = probability >= threshold;
                    tr.wrong[call != label].off[!call && !label] {
                        th scope="row" { (name) }
                        td { (mark(label)) }
                        td { (mark(call)) }
                        td.number { (decimals(probability)) }
                    }
                }
            }
        }
    }
}

/// Mean over the features of −log of the probability given to the label.
fn cross_entropy(probabilities: &[f64], labels: &[bool]) -> f64 {
    let of_one = |(&probability, &label): (&f64, &bool)| {
        let right = if label {
            probability
        } else {
            1.0 - probability
        };
        -right.max(EPSILON).ln()
    };
    let sum: f64 = probabilities.iter().zip(labels).map(of_one).sum();
    sum / labels.len() as f64
}

/// The part of a cell image that the network sees, before it is resized, as a JPEG.
fn thumbnail(record: &Record, input: &InputSpec) -> Result<Vec<u8>> {
    let picture = input.cropped(&record.read()?);
    let mut jpeg = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_mistake_costs_much_and_never_infinitely_much() {
        assert!((cross_entropy(&[0.5, 0.5], &[true, false]) - 2f64.ln()).abs() < 1e-12);
        assert!(cross_entropy(&[1.0, 0.0], &[true, false]) < 1e-6);
        let sure = cross_entropy(&[0.0], &[true]);
        assert!((sure - 7.0 * 10f64.ln()).abs() < 1e-9, "{sure}");
    }
}
