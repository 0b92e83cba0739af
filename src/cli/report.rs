//! `karyolens report`: a run's `report.html` once more.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use burn::config::Config;
use clap::Args;
use indicatif::ProgressBar;

use super::{read_classifier, read_file};
use crate::train::data::DataFolder;
use crate::train::evaluate::SplitScores;
use crate::train::fit::TrainConfig;
use crate::train::history::History;
use crate::train::report::{Report, write};

/// Write the report of a run again, from its folder and its validation cells.
#[derive(Args)]
pub(super) struct Arguments {
    /// The run's folder, with `config.json`, `metrics.csv` and `model.safetensors`.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Where the data lies now, if not where the run found it.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// For a flat folder: the file that lists the ids of each split, if not the run's own.
    #[arg(long, value_name = "FILE")]
    split_file: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let path = |name: &str| arguments.run.join(name);
    let config_path = path("config.json");
    let unusable = || format!("{} is not a run's configuration", config_path.display());
    let config: serde_json::Value =
        serde_json::from_slice(&read_file(&config_path)?).with_context(unusable)?;
    let settings = TrainConfig::load(&config_path).with_context(unusable)?;
    let model = path("model.safetensors");
    let classifier = read_classifier(&model)?;
    let history = History::read(&path("metrics.csv"), usize::MAX)?;

    let data = DataFolder {
        folder: arguments.data.unwrap_or(settings.data),
        split_file: arguments.split_file.or(settings.split_file),
    };
    let records = data.split(&settings.val_split, &classifier.card().features)?;
    let bar = ProgressBar::new(records.len() as u64);
    let scores = SplitScores::compute(&classifier, &records, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let report = write(&Report {
        run: &arguments.run,
        finished: model.metadata().and_then(|file| file.modified()).ok(),
        config: &config,
        history: &history,
        card: classifier.card(),
        records: &records,
        scores: &scores,
    })?;
    println!("wrote {}", report.display());
    Ok(ExitCode::SUCCESS)
}
