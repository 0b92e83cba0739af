//! `karyolens report`: a run's `report.html` once more.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;

use super::read_classifier;
use super::settings::in_options;
use crate::devices::DeviceChoice;
use crate::train::cells::config::TrainConfig;
use crate::train::cells::data::Splits;
use crate::train::cells::evaluate::SplitScores;
use crate::train::cells::report::{Report, write};
use crate::train::run::History;
use crate::train::run::RunFolder;

/// Write the report of a run again, from its folder and its validation cells.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where to run: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The run's folder, with `config.json`, `metrics.csv` and `model.safetensors`.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Where the data lies now, if not where the run found it.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The file that lists the ids of each split, if not the run's own.
    #[arg(long, value_name = "FILE")]
    split_file: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    report(arguments).map_err(in_options)
}

fn report(arguments: Arguments) -> Result<ExitCode> {
    let (folder, settings) = RunFolder::open::<TrainConfig>(&arguments.run)?;
    let model = folder.model();
    let classifier = read_classifier(&model, &arguments.device)?;
    let history = History::read(&folder.metrics())?;

    let mut data = settings.data_folder()?;
    if let Some(folder) = arguments.data {
        data.folder = folder;
    }
    if let Some(file) = arguments.split_file {
        data.splits = Splits::File(file);
    }
    let records = data.split(&settings.val_split, &classifier.card().task.features)?;
    let bar = ProgressBar::new(records.len() as u64);
    let scores = SplitScores::compute(&classifier, &records, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let report = write(&Report {
        run: &arguments.run,
        finished: model.metadata().and_then(|file| file.modified()).ok(),
        config: &settings.as_written()?,
        history: &history,
        card: classifier.card(),
        records: &records,
        scores: &scores,
        search: settings.threshold_search,
    })?;
    say!("wrote {}", report.display());
    Ok(ExitCode::SUCCESS)
}
