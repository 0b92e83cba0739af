//! `karyolens ablate`: the worth of each method of training, over several seeds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{read_checkpoint, read_file};
use crate::files::write_atomically;
use crate::train::cells::ablate::{Ablation, AblationTable, PlannedRun, RunFigures, run_folder};
use crate::train::cells::check::check_data;
use crate::train::cells::config::TrainConfig;
use crate::train::cells::fit::{fit, resume};
use crate::train::run::{Display, MODEL_FILE, RunFolder};

/// Train every variant of an ablation with every seed, and tabulate the results.
///
/// Started again it goes on where it was stopped.
#[derive(Args)]
pub(super) struct Arguments {
    /// The ablation: a TOML file with `seeds`, `[settings]` and one `[[variant]]` a row.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder for the runs and the table.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let path = &arguments.config;
    let text = String::from_utf8(read_file(path)?)
        .with_context(|| format!("{} is not text", path.display()))?;
    let ablation =
        Ablation::parse(&text).with_context(|| format!("cannot use {}", path.display()))?;
    let plan = ablation.plan()?;
    let total = plan.iter().map(Vec::len).sum::<usize>();
    let mut told = BTreeSet::new();
    let mut warn = |warning: &str| {
        if told.insert(warning.to_string()) {
            eprintln!("warning: {warning}");
        }
    };
    let mut checked = Vec::new();
    for PlannedRun { config, .. } in plan.iter().flatten() {
        let [train, val] = [&config.train_split, &config.val_split];
        let cells = (&config.data, config.split, &config.splits, train, val);
        let how = (cells, config.sampler);
        if !checked.contains(&how) {
            check_data(config, &mut warn)?;
            checked.push(how);
        }
    }
    let mut metrics = Vec::new();
    let mut number = 0;
    for runs in &plan {
        let mut row = Vec::new();
        for run in runs {
            number += 1;
            let folder = run_folder(&arguments.output, run);
            if !folder.join(MODEL_FILE).exists() {
                say!("run {number} of {total}: {}", run.folder);
            }
            train(&folder, run, &mut warn)
                .with_context(|| format!("the run {}", folder.display()))?;
            row.push(RunFigures {
                split: run.config.val_split.clone(),
                metrics: read_checkpoint(&folder.join(MODEL_FILE))?.card.metrics,
            });
        }
        metrics.push(row);
    }
    let table = AblationTable::new(&ablation, &metrics);
    let markdown = table.to_markdown();
    write_atomically(&arguments.output.join("table.md"), markdown.as_bytes())?;
    let json = serde_json::to_vec_pretty(&table)?;
    write_atomically(&arguments.output.join("table.json"), &json)?;
    say!("{}", markdown.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Trains a run, or the rest of it, or nothing where it is done.
fn train(folder: &Path, run: &PlannedRun, warn: &mut dyn FnMut(&str)) -> Result<()> {
    if !folder.join("config.json").exists() {
        fit(&run.config, folder, Display::Lines, warn)?;
        return Ok(());
    }
    let (_, config) = RunFolder::open::<TrainConfig>(folder)?;
    ensure!(
        config == run.config,
        "it is there with other settings: choose another --output, or remove it"
    );
    if !folder.join(MODEL_FILE).exists() {
        resume(folder, Display::Lines, warn)?;
    }
    Ok(())
}
