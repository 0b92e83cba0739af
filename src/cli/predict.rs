//! `karyolens predict`: a model's predictions for image files.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;
use serde::Serialize;

use super::{read_classifier, read_file};
use crate::classify::{Classifier, ClassifyError, Prediction};
use crate::devices::DeviceChoice;
use crate::image::NotACell;

/// Name the features that the nuclei in image files show.
///
/// A file that cannot be read has its error in its row, and the others go on; the exit code is then 1.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where to run: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The checkpoint.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Print a JSON array, one object a file.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV, one row a file.
    #[arg(long)]
    csv: bool,
    /// Read each image in its four flips and average: slower, and as a rule a little better.
    #[arg(long)]
    flips: bool,
    /// Cell images: PNG, JPEG, WebP, TIFF or BMP.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
}

/// One file's row.
#[derive(Serialize)]
struct Row {
    file: String,
    #[serde(flatten)]
    prediction: Option<Prediction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let classifier =
        read_classifier(&arguments.model, &arguments.device)?.with_flips(arguments.flips);
    let rows: Vec<Row> = arguments
        .images
        .iter()
        .map(|path| {
            let prediction = read_file(path).and_then(|bytes| predict(&classifier, &bytes));
            let file = path.display().to_string();
            match prediction {
                Ok(prediction) => Row {
                    file,
                    prediction: Some(prediction),
                    error: None,
                },
                Err(error) => Row {
                    file,
                    prediction: None,
                    error: Some(format!("{error:#}")),
                },
            }
        })
        .collect();
    if arguments.json {
        say!("{}", serde_json::to_string_pretty(&rows)?);
    } else if arguments.csv {
        print_csv(&rows, &classifier)?;
    } else {
        print_text(&rows);
    }
    match rows.iter().all(|row| row.error.is_none()) {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

fn predict(classifier: &Classifier, bytes: &[u8]) -> Result<Prediction> {
    pollster::block_on(classifier.read(bytes)).map_err(|error| match error {
        ClassifyError::NotACell(field @ NotACell::LooksLikeField { .. }) => {
            anyhow!("{field}; read it with `karyolens read-field`")
        }
        error => error.into(),
    })
}

fn print_text(rows: &[Row]) {
    for row in rows {
        say!("{}", row.file);
        if let Some(error) = &row.error {
            say!("  {error}");
        }
        let Some(prediction) = &row.prediction else {
            continue;
        };
        if let Some(notice) = &prediction.notice {
            say!("  {notice}");
        }
        for feature in &prediction.features {
            let mark = match (feature.present, feature.unsure) {
                (true, false) => "present",
                (true, true) => "present, not sure",
                (false, true) => "not sure",
                (false, false) => "",
            };
            say!(
                "  {:<14} {:>6.1} %  {mark}",
                feature.name,
                100.0 * feature.probability
            );
        }
        if let Some(risk) = prediction.risk {
            say!("  risk {:?}, score {}", risk.level, risk.score);
        }
    }
}

/// Columns: file, error, then a probability and a presence a feature, then the risk.
fn print_csv(rows: &[Row], classifier: &Classifier) -> Result<()> {
    let mut csv = csv::Writer::from_writer(std::io::stdout().lock());
    let names = classifier.card().task.features.names();
    let mut header = vec!["file".to_string(), "error".into()];
    header.extend(names.iter().flat_map(|name| {
        [
            name.clone(),
            format!("{name} present"),
            format!("{name} unsure"),
        ]
    }));
    header.extend(["risk score".into(), "risk level".into()]);
    csv.write_record(&header)?;
    for row in rows {
        let mut record = vec![row.file.clone(), row.error.clone().unwrap_or_default()];
        if let Some(prediction) = &row.prediction {
            record.extend(prediction.features.iter().flat_map(|feature| {
                [
                    feature.probability.to_string(),
                    u8::from(feature.present).to_string(),
                    u8::from(feature.unsure).to_string(),
                ]
            }));
            record.extend(match prediction.risk {
                Some(risk) => [risk.score.to_string(), format!("{:?}", risk.level)],
                None => [String::new(), String::new()],
            });
        }
        record.resize(header.len(), String::new());
        csv.write_record(&record)?;
    }
    csv.flush()?;
    Ok(())
}
