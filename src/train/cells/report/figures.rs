//! The tables and bars of figures: over all features, feature by feature, and pair by pair.

use maud::{Markup, html};

use super::{decimals, decimals_or_dash};
use crate::checkpoint::ClassifierCard;
use crate::train::cells::evaluate::Evaluation;
use crate::train::cells::metrics::Scores;

/// Macro and micro F1 of the study's networks, binary cross-entropy and weighted sampler, at
/// probability 0.5 on its own test split of 524 cells (PLOS Digital Health 4(12) e0001120).
const STUDY: [(&str, f64, f64); 3] = [
    ("ConvNeXt-Base", 0.65, 0.72),
    ("ResNet-50", 0.63, 0.71),
    ("ViT-B/16", 0.62, 0.72),
];

/// The figures over all features, with their intervals, and F1 beside other values of it.
pub(super) fn headline(evaluation: &Evaluation, card: &ClassifierCard) -> Markup {
    html! {
        section {
            h2 { "How good it is" }
            div.pair.lead {
                figure {
                    div.wide {
                        table.figures {
                            thead {
                                tr {
                                    th scope="col" { "At probability 0.5" }
                                    th.number scope="col" { "Model" }
                                    th.range scope="col" { "95 % interval" }
                                    th.number scope="col" { "All present" }
                                }
                            }
                            tbody {
                                @for row in evaluation.figures() {
                                    tr {
                                        th scope="row" { (row.name) }
                                        td.number { strong { (decimals_or_dash(row.value)) } }
                                        td.range {
                                            @if let (Some(value), Some(interval)) = (row.value, row.interval) {
                                                (range(value, interval, row.all_present))
                                            }
                                        }
                                        td.number { (decimals_or_dash(row.all_present)) }
                                    }
                                }
                            }
                        }
                    }
                    figcaption {
                        "Intervals: percentile bootstrap over 1,000 resamples of the cells. The "
                        "thin mark is the figure "
                        "of calling every feature present in every cell. Cells of one field "
                        "resemble each other, "
                        "which makes the intervals rather too narrow."
                    }
                }
                figure {
                    (f1_rows(evaluation, card))
                    figcaption {
                        "The card's thresholds were searched on these cells and flatter; "
                        "cross-fitted ones were searched "
                        "on other fields than those of the cells they are applied to, in five "
                        "folds."
                        @if card.task.features.is_nuclear() {
                            " The study's networks were measured on another split, its own 524 "
                            "test cells: "
                            "they show the size of figure to expect, not a contest."
                        }
                    }
                }
            }
        }
    }
}

fn f1_rows(evaluation: &Evaluation, card: &ClassifierCard) -> Markup {
    let Evaluation {
        summary,
        all_present,
        ..
    } = evaluation;
    let own = [
        ("At 0.5", Some(summary.macro_f1), Some(summary.micro_f1)),
        (
            "At the card's thresholds",
            Some(evaluation.macro_f1_tuned),
            Some(evaluation.micro_f1_tuned),
        ),
        (
            "At cross-fitted thresholds",
            evaluation.macro_f1_cross_fitted,
            evaluation.micro_f1_cross_fitted,
        ),
        (
            "Every feature called present",
            Some(all_present.macro_f1),
            Some(all_present.micro_f1),
        ),
    ];
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "F1" }
                    th.number scope="col" { "Macro" }
                    th.number scope="col" { "Micro" }
                }
            }
            tbody {
                @for (name, macro_f1, micro_f1) in own {
                    tr {
                        th scope="row" { (name) }
                        td.number { (decimals_or_dash(macro_f1)) }
                        td.number { (decimals_or_dash(micro_f1)) }
                    }
                }
            }
            @if card.task.features.is_nuclear() {
                tbody.aside {
                    tr { th colspan="3" scope="rowgroup" { "The study, another split, at 0.5" } }
                    @for (network, macro_f1, micro_f1) in STUDY {
                        tr {
                            th scope="row" { (network) }
                            td.number { (format!("{macro_f1:.2}")) }
                            td.number { (format!("{micro_f1:.2}")) }
                        }
                    }
                }
            }
        }
    }
}

/// An interval as a band on the way from 0 to 1, its figure as a dot.
fn range(value: f64, [low, high]: [f64; 2], baseline: Option<f64>) -> Markup {
    html! {
        span.track aria-hidden="true" {
            span.band style=(format!("left:{:.1}%;width:{:.1}%", 100.0 * low, 100.0 * (high - low))) {}
            @if let Some(baseline) = baseline {
                span.tick style=(format!("left:{:.1}%", 100.0 * baseline)) {}
            }
            span.dot style=(format!("left:{:.1}%", 100.0 * value)) {}
        }
        span.bounds { (decimals(low)) " to " (decimals(high)) }
    }
}

/// F1 at 0.5 and tuned, and average precision, as bars, beside the values of calling everything
/// present. The study gives no figure of a single feature to compare with.
pub(super) fn bars(evaluation: &Evaluation, card: &ClassifierCard) -> Markup {
    let present = evaluation.all_present.per_feature.iter();
    let features = evaluation.summary.per_feature.iter().zip(present);
    let names = card.task.features.names();
    html! {
        section {
            h2 { "Feature by feature" }
            p.legend {
                span.a { "F1 at 0.5" } span.b { "F1 at the card's threshold" } span.c { "average precision" }
                span.mark { "mark: the figure of calling the feature present in every cell" }
            }
            ul.bars {
                @for ((name, (half, present)), tuned) in names.iter().zip(features).zip(&evaluation.tuned.per_feature) {
                    li {
                        span.name { (name) }
                        span.group {
                            (bar("a", "F1 at 0.5", half.f1, present.f1))
                            (bar("b", "F1 at the card's threshold", tuned.f1, present.f1))
                            (bar("c", "average precision", half.ap, present.ap))
                        }
                    }
                }
            }
            @if card.task.features.is_nuclear() {
                p.legend { "The study's figures above are over all features; there are none of each to set beside these." }
            }
        }
    }
}

fn bar(class: &str, what: &str, value: f64, present: f64) -> Markup {
    html! {
        span.bar title=(what) {
            span.rail {
                span.fill.(class) style=(format!("width:{:.1}%", 100.0 * value)) {}
                span.tick style=(format!("left:{:.1}%", 100.0 * present)) {}
            }
            span.value { (decimals(value)) }
        }
    }
}

/// Every figure of every feature.
pub(super) fn features(evaluation: &Evaluation, names: &[String]) -> Markup {
    let columns = [
        "Cells",
        "Threshold",
        "Precision",
        "Recall",
        "F1",
        "F1 at 0.5",
        "AP",
        "AUC",
    ];
    let halves = evaluation.summary.per_feature.iter();
    html! {
        section {
            h2 { "Thresholds, and what they give" }
            figure {
                div.wide {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Feature" }
                                @for column in columns { th.number scope="col" { (column) } }
                            }
                        }
                        tbody {
                            @for ((name, half), tuned) in names.iter().zip(halves).zip(&evaluation.tuned.per_feature) {
                                tr {
                                    th scope="row" { (name) }
                                    td.number { (tuned.support) }
                                    td.number { (format!("{:.2}", tuned.threshold)) }
                                    @for value in [tuned.precision, tuned.recall, tuned.f1, half.f1, tuned.ap] {
                                        td.number { (decimals(value)) }
                                    }
                                    td.number { (decimals_or_dash(tuned.auc)) }
                                }
                            }
                        }
                    }
                }
                figcaption {
                    "Cells: how many show the feature. Precision, recall and F1 at the card's "
                    "threshold; average "
                    "precision (AP) and the area under the ROC curve (AUC) are free of it."
                }
            }
        }
    }
}

/// Which feature is called where another is shown, as a square of shares.
pub(super) fn confusion(scores: &Scores, card: &ClassifierCard) -> Markup {
    let names = card.task.features.names();
    let shares = scores.confusion(&card.task.thresholds);
    html! {
        section {
            h2 { "Which feature is taken for which" }
            figure.beside {
                div.wide {
                    table.confusion {
                        thead {
                            tr {
                                td { "shown ↓ called →" }
                                @for name in names { th scope="col" { span { (name) } } }
                            }
                        }
                        tbody {
                            @for (a, (name, row)) in names.iter().zip(&shares).enumerate() {
                                tr {
                                    th scope="row" { (name) }
                                    @for (b, share) in row.iter().enumerate() {
                                        @match share {
                                            Some(share) => {
                                                td.own[a == b] style=(format!("--share:{share:.3}")) {
                                                    (format!("{:.0}", 100.0 * share))
                                                }
                                            }
                                            None => { td.own[a == b] { "–" } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                figcaption {
                    "Of the cells that show the row's feature and not the column's, the share in "
                    "per cent in which "
                    "the column's is called, at the card's thresholds. On the diagonal, framed: "
                    "of the cells "
                    "that show a feature, the share in which it is called (its recall)."
                }
            }
        }
    }
}
