//! The table of an ablation: every figure over the seeds, and the gain over the first variant.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ablation::{Ablation, Variant};

/// The figures of a run's model card.
#[derive(Clone, Debug)]
pub struct RunFigures {
    /// The split's name, with which every figure's name begins.
    pub split: String,
    /// The card's figures.
    pub metrics: BTreeMap<String, f64>,
}

impl RunFigures {
    fn get(&self, name: &str) -> Option<f64> {
        self.metrics.get(&format!("{}_{name}", self.split)).copied()
    }
}

/// The figures of an ablation's runs.
#[derive(Clone, Debug, Serialize)]
pub struct AblationTable {
    /// The columns' names.
    pub figures: Vec<&'static str>,
    /// A row for each variant.
    pub rows: Vec<AblationRow>,
}

/// A variant's figures over the seeds.
#[derive(Clone, Debug, Serialize)]
pub struct AblationRow {
    /// The variant.
    pub name: String,
    /// Each figure over the seeds; `None` where a run has none.
    pub figures: Vec<Option<Spread>>,
    /// Its gain over the first variant with the same seed, over the seeds.
    pub gains: Vec<Option<Spread>>,
}

/// Several runs' values of one figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, √(Σ (x − mean)² / (n − 1)); 0 for one run.
    pub deviation: f64,
}

impl Spread {
    /// The spread of `values`, at least one.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self {
            mean,
            deviation: (squares / (n - 1.0).max(1.0)).sqrt(),
        }
    }
}

impl AblationTable {
    /// The table of the model cards of each variant's runs, one a seed.
    pub fn new(ablation: &Ablation, cards: &[Vec<RunFigures>]) -> Self {
        type Column = Option<Vec<f64>>;
        let columns = |variant: &Variant, runs: &[RunFigures]| -> Vec<Column> {
            let column = |(_, name): (_, &str)| runs.iter().map(|run| run.get(name)).collect();
            variant.figures().into_iter().map(column).collect()
        };
        let variants = ablation.variants.iter().zip(cards);
        let rows: Vec<Vec<Column>> = variants
            .map(|(variant, runs)| columns(variant, runs))
            .collect();
        let spread = |column: &Column| column.as_deref().map(Spread::of);
        let gain = |(own, first): (&Column, &Column)| {
            let pairs = own.as_ref()?.iter().zip(first.as_ref()?);
            let gains: Vec<f64> = pairs.map(|(own, first)| own - first).collect();
            Some(Spread::of(&gains))
        };
        let named = ablation.variants.iter().zip(&rows);
        Self {
            figures: ablation.variants[0]
                .figures()
                .map(|(name, _)| name)
                .to_vec(),
            rows: named
                .map(|(variant, row)| AblationRow {
                    name: variant.name.clone(),
                    figures: row.iter().map(spread).collect(),
                    gains: row.iter().zip(&rows[0]).map(gain).collect(),
                })
                .collect(),
        }
    }

    /// The table as Markdown: mean ± standard deviation, and the gain over the first row.
    pub fn to_markdown(&self) -> String {
        let mut text = String::from("| |");
        for figure in &self.figures {
            text += &format!(" {figure} | gain |");
        }
        text += &format!("\n|---|{}\n", "---|---|".repeat(self.figures.len()));
        for (i, row) in self.rows.iter().enumerate() {
            text += &format!("| {} |", row.name);
            for (value, gain) in row.figures.iter().zip(&row.gains) {
                text += &match value {
                    Some(value) => format!(" {:.3} ± {:.3} |", value.mean, value.deviation),
                    None => " – |".into(),
                };
                text += &match gain {
                    Some(gain) if i > 0 => format!(" {:+.3} ± {:.3} |", gain.mean, gain.deviation),
                    _ => " |".into(),
                };
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::THREE_VARIANTS;
    use super::*;

    #[test]
    fn the_table_has_means_deviations_and_paired_gains() {
        let ablation = Ablation::parse(THREE_VARIANTS).unwrap();
        let run = |macro_f1: f64, cross_fitted: f64| RunFigures {
            split: "val".into(),
            metrics: BTreeMap::from(
                [
                    ("val_macro_f1", macro_f1),
                    ("val_micro_f1", 0.5),
                    ("val_macro_f1_cross_fitted", cross_fitted),
                    ("val_micro_f1_cross_fitted", 0.6),
                    ("val_class_map", 0.4),
                    ("val_macro_auc", 0.7),
                ]
                .map(|(name, value)| (name.to_string(), value)),
            ),
        };
        let baseline = vec![run(0.4, 0.5), run(0.6, 0.5)];
        let lpr = vec![run(0.5, 0.5), run(0.6, 0.5)];
        let table = AblationTable::new(&ablation, &[baseline.clone(), lpr, baseline]);
        let text = table.to_markdown();
        // statistics.stdev([0.4, 0.6]) = 0.1414, of [0.1, 0.0] = 0.0707, of [0.1, -0.1] = 0.1414
        for told in [
            "| baseline | 0.500 ± 0.141 | |",
            "| + LPR | 0.550 ± 0.071 | +0.050 ± 0.071 | 0.500 ± 0.000 | +0.000 ± 0.000 |",
            "| + thresholds | 0.500 ± 0.000 | +0.000 ± 0.141 | 0.500 ± 0.000 | +0.000 ± 0.000 | 0.600 ± 0.000 | +0.100 ± 0.000 |",
        ] {
            assert!(text.contains(told), "{told} is not in\n{text}");
        }
    }
}
