//! What each method is worth: the same training with switches turned, over several seeds.
//!
//! An ablation is a TOML file: settings that all runs share, and variants that change some of
//! them. Every variant is trained once a seed, in a folder of its own; a run that is there is
//! read, one that was interrupted goes on. What comes out is one table with mean ± standard
//! deviation over the seeds, and what each variant adds to the first.
//!
//! ```toml
//! seeds = [1, 2, 3]
//!
//! [settings]            # as in a run's config.json
//! data = "../shared/thyroid/cells"
//! arch = "convnext-atto"
//! sampler = "uniform"
//!
//! [[variant]]           # the one that the others are compared with
//! name = "baseline"
//!
//! [[variant]]
//! name = "+ weighted sampler"
//! settings = { sampler = "weighted" }
//!
//! [[variant]]           # the same runs, called at thresholds that were searched on other cells
//! name = "+ thresholds"
//! thresholds = "cross-fitted"
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::config::TrainConfig;

/// Which runs there are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ablation {
    /// Each variant is trained once with each.
    pub seeds: Vec<u64>,
    /// Settings that all variants share.
    pub settings: Table,
    /// What is compared; the first is what the others are compared with.
    #[serde(rename = "variant")]
    pub variants: Vec<Variant>,
}

/// One row of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// What it is called in the table.
    pub name: String,
    /// Settings that differ from those of the ablation.
    #[serde(default)]
    pub settings: Table,
    /// Where the calls are made.
    #[serde(default)]
    pub thresholds: Thresholds,
}

/// The thresholds at which a variant's F1 is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thresholds {
    /// 0.5 for every feature.
    #[default]
    Half,
    /// For each cell those that were searched on the cells of other fields.
    CrossFitted,
}

/// One training of an ablation.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// Its folder's name.
    pub folder: String,
    /// Its settings.
    pub config: TrainConfig,
}

impl Ablation {
    /// Reads an ablation.
    ///
    /// # Errors
    /// TOML that is none, a name or setting that is not known, or nothing to compare.
    pub fn parse(text: &str) -> Result<Self> {
        let ablation: Self = toml::from_str(text)?;
        ensure!(!ablation.seeds.is_empty(), "seeds is empty");
        ensure!(!ablation.variants.is_empty(), "there is no [[variant]]");
        ensure!(
            !ablation.settings.contains_key("seed"),
            "[settings] has a seed: seeds gives those of all runs"
        );
        let names: BTreeSet<String> = ablation.variants.iter().map(Variant::slug).collect();
        ensure!(
            names.len() == ablation.variants.len(),
            "two variants have the same name, or names that differ in signs alone"
        );
        ablation.plan()?;
        Ok(ablation)
    }

    /// The trainings of each variant, one a seed, in the order of the table. Variants of the same
    /// settings share their runs.
    ///
    /// # Errors
    /// A setting that is not known or cannot be used, naming the variant.
    pub fn plan(&self) -> Result<Vec<Vec<PlannedRun>>> {
        let mut plan: Vec<Vec<PlannedRun>> = Vec::new();
        for variant in &self.variants {
            let context = || format!("the variant {:?}", variant.name);
            let mut settings = self.settings.clone();
            merge(&mut settings, &variant.settings);
            let mut config: TrainConfig =
                Value::Table(settings).try_into().with_context(context)?;
            config.check().with_context(context)?;
            let runs = self.seeds.iter().map(|&seed| {
                config.run.seed = seed;
                let known = plan.iter().flatten().find(|run| run.config == config);
                known.cloned().unwrap_or_else(|| PlannedRun {
                    folder: format!("{}-seed-{seed}", variant.slug()),
                    config: config.clone(),
                })
            });
            let runs = runs.collect();
            plan.push(runs);
        }
        Ok(plan)
    }
}

impl Variant {
    /// The name as part of a folder's.
    fn slug(&self) -> String {
        let words = self.name.split(|c: char| !c.is_alphanumeric());
        let words: Vec<String> = words
            .filter(|w| !w.is_empty())
            .map(str::to_lowercase)
            .collect();
        words.join("-")
    }

    /// The figures of the table: their names there and, without the split's, on a model card.
    ///
    /// F1 at cross-fitted thresholds stands beside the variant's own in every row: a method that
    /// only moves the decision gains nothing there.
    fn figures(&self) -> [(&'static str, &'static str); 5] {
        let [macro_f1, micro_f1] = match self.thresholds {
            Thresholds::Half => ["macro_f1", "micro_f1"],
            Thresholds::CrossFitted => ["macro_f1_cross_fitted", "micro_f1_cross_fitted"],
        };
        [
            ("macro F1", macro_f1),
            ("macro F1, cross-fitted", "macro_f1_cross_fitted"),
            ("micro F1", micro_f1),
            ("class mAP", "class_map"),
            ("macro AUC", "macro_auc"),
        ]
    }
}

/// Writes `changes` over `settings`, table by table.
fn merge(settings: &mut Table, changes: &Table) {
    for (name, change) in changes {
        match (settings.get_mut(name), change) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            _ => {
                settings.insert(name.clone(), change.clone());
            }
        }
    }
}

/// What the model card of a run tells of its validation split.
#[derive(Clone, Debug)]
pub struct RunFigures {
    /// The split's name, which every figure's begins with.
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
    /// One for each variant.
    pub rows: Vec<AblationRow>,
}

/// A variant's figures over the seeds.
#[derive(Clone, Debug, Serialize)]
pub struct AblationRow {
    /// The variant.
    pub name: String,
    /// Each figure over the seeds; `None` where a run has none.
    pub figures: Vec<Option<Spread>>,
    /// What it adds to the first variant's figure of the same seed, over the seeds.
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
    /// That of `values`, of which there must be some.
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

/// Where a run of the ablation in `folder` lies.
pub fn run_folder(folder: &Path, run: &PlannedRun) -> PathBuf {
    folder.join("runs").join(&run.folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: &str = r#"
        seeds = [1, 2]
        [settings]
        data = "cells"
        arch = "convnext-atto"
        sampler = "uniform"
        objective = { lpr = 0.0, loss = "spa" }
        [[variant]]
        name = "baseline"
        [[variant]]
        name = "+ LPR"
        settings = { objective = { lpr = 0.05 }, sampler = "weighted" }
        [[variant]]
        name = "+ thresholds"
        thresholds = "cross-fitted"
    "#;

    #[test]
    fn variants_change_settings_deep_inside_and_share_equal_runs() {
        let plan = Ablation::parse(THREE).unwrap().plan().unwrap();
        let folders: Vec<Vec<&str>> = plan
            .iter()
            .map(|runs| runs.iter().map(|run| &*run.folder).collect())
            .collect();
        let baseline = ["baseline-seed-1", "baseline-seed-2"];
        assert_eq!(folders, [baseline, ["lpr-seed-1", "lpr-seed-2"], baseline]);
        let changed = &plan[1][1].config;
        assert_eq!((changed.run.seed, changed.objective.lpr), (2, 0.05));
        assert_eq!(changed.objective.loss, crate::train::cells::loss::Loss::Spa);
        assert_eq!(
            changed.run.epochs, 20,
            "a setting that is left out has its default"
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (from, to, told) in [
            ("sampler = \"uniform\"", "smapler = \"uniform\"", "smapler"),
            ("lpr = 0.05", "lpr = -1.0", "LPR"),
            ("name = \"+ LPR\"", "name = \"baseline\"", "same name"),
            ("seeds = [1, 2]", "seeds = []", "seeds"),
        ] {
            let error = format!(
                "{:#}",
                Ablation::parse(&THREE.replace(from, to)).unwrap_err()
            );
            assert!(error.contains(told), "{told}: {error}");
        }
    }

    #[test]
    fn the_table_has_means_deviations_and_paired_gains() {
        let ablation = Ablation::parse(THREE).unwrap();
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
