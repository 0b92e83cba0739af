//! The settings of an ablation, and its trainings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use toml::{Table, Value};

use crate::train::cells::config::TrainConfig;

/// The variants and seeds of an ablation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ablation {
    /// The seeds; each variant is trained once with each seed.
    pub seeds: Vec<u64>,
    /// Settings that all variants share.
    pub settings: Table,
    /// The variants. The others are compared with the first.
    #[serde(rename = "variant")]
    pub variants: Vec<Variant>,
}

/// One row of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in the table.
    pub name: String,
    /// Settings that differ from the ablation's settings.
    #[serde(default)]
    pub settings: Table,
    /// The thresholds of its calls.
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
    /// For each cell the thresholds that were searched on the cells of other fields.
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
    /// Text that is not TOML, a name or setting that is not known, or nothing to compare.
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

    /// The figures of the table: their names there, and on a model card after the split's name.
    ///
    /// F1 at cross-fitted thresholds stands beside the variant's own in every row: a method that
    /// only moves the decision gains nothing there.
    pub(super) fn figures(&self) -> [(&'static str, &'static str); 5] {
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

/// Where a run of the ablation in `folder` lies.
pub fn run_folder(folder: &Path, run: &PlannedRun) -> PathBuf {
    folder.join("runs").join(&run.folder)
}

#[cfg(test)]
mod tests {
    use super::super::THREE_VARIANTS;
    use super::*;

    #[test]
    fn variants_change_settings_deep_inside_and_share_equal_runs() {
        let plan = Ablation::parse(THREE_VARIANTS).unwrap().plan().unwrap();
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
                Ablation::parse(&THREE_VARIANTS.replace(from, to)).unwrap_err()
            );
            assert!(error.contains(told), "{told}: {error}");
        }
    }
}
