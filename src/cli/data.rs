//! `karyolens data`: look over a folder of labelled cells, or make one from a table.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};

use super::settings::{Defaults, SplitOptions, in_options, with_options};
use crate::image::InputSpec;
use crate::train::cells::check::few;
use crate::train::cells::data::{
    DataFolder, ImportOptions, Report, SplitCount, SplitKind, Splits, check, crop_fields, import,
};

/// The row of the cells that show no feature.
const NONE: &str = "none of them";

/// Check a folder of labelled cells, or make one from images and a CSV.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(CheckArguments),
    Import(ImportArguments),
    Crop(CropArguments),
}

/// Tell everything that is broken or doubtful in a folder of labelled cells, and count its features.
///
/// The exit code is 1 where training would refuse the folder.
#[derive(Args)]
struct CheckArguments {
    /// The data folder.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    splits: Defaults<SplitOptions>,
    /// Check the splits that `train --split by-field` makes.
    #[arg(long)]
    by_field: bool,
    /// Print JSON, with everything that was found.
    #[arg(long)]
    json: bool,
}

/// Make a data folder from a folder of images and a CSV of their labels.
///
/// The first line of the CSV is `image` and the names of the features; every other line is an
/// image's file name and 0 or 1 for each feature. Cells of one field (`<field>_cell_<n>.png`) stay
/// on one side of the split.
#[derive(Args)]
struct ImportArguments {
    /// The table.
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// The folder with the images.
    #[arg(long, value_name = "FOLDER")]
    images: PathBuf,
    /// The data folder to write.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// The share of the cells to validate on.
    #[arg(long, default_value_t = 0.2, value_name = "SHARE")]
    val_share: f64,
    /// Another number makes another split.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Cut every outlined nucleus out of its field, as cell images without labels.
///
/// Teachers can name the features of such cells for another network: see `train --unlabelled`.
#[derive(Args)]
struct CropArguments {
    /// The folder: `images/<field>.jpg` (or png, webp, tiff, bmp) and
    /// `contour/<field>_contours.json`, `[{"id": 0, "points": [[x, y], …]}, …]`.
    #[arg(long, value_name = "FOLDER")]
    fields: PathBuf,
    /// The folder to write `<field>_cell_<n>.png` to.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// Pixels of a cell image for one of the field; the published cells have about 2.2.
    #[arg(long, default_value_t = InputSpec::CELL_SCALE)]
    scale: f32,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Check(arguments) => run_check(arguments).map_err(in_options),
        Command::Import(arguments) => run_import(arguments),
        Command::Crop(arguments) => run_crop(arguments),
    }
}

fn run_check(arguments: CheckArguments) -> Result<ExitCode> {
    let data = DataFolder {
        folder: arguments.folder,
        splits: arguments
            .splits
            .settings()?
            .splits(split_kind(arguments.by_field))?,
    };
    let report = check(&data, &data.split_names()?)?;
    match arguments.json {
        true => say!("{}", serde_json::to_string_pretty(&report)?),
        false => print_text(&report),
    }
    match report.is_broken() {
        true => Ok(ExitCode::FAILURE),
        false => Ok(ExitCode::SUCCESS),
    }
}

fn run_import(arguments: ImportArguments) -> Result<ExitCode> {
    let options = ImportOptions {
        csv: arguments.csv,
        images: arguments.images,
        output: arguments.output,
        val_share: arguments.val_share,
        seed: arguments.seed,
    };
    import(&options)?;
    let data = DataFolder {
        folder: options.output,
        splits: Splits::Published,
    };
    print_text(&check(&data, &data.split_names()?)?);
    say!("wrote {}", data.folder.display());
    Ok(ExitCode::SUCCESS)
}

fn run_crop(arguments: CropArguments) -> Result<ExitCode> {
    let CropArguments {
        fields,
        output,
        scale,
    } = arguments;
    ensure!(
        scale > 0.0 && scale <= 100.0,
        "--scale is {scale}; it must be above 0 and at most 100"
    );
    let (cut, left_out) = crop_fields(&fields, &output, scale)?;
    say!(
        "wrote {cut} cell images to {}; {left_out} contours surround nothing",
        output.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Cells and positives of every split, then faults and warnings.
fn print_text(report: &Report) {
    let names = report.features.names();
    let longest = names.iter().map(|name| name.chars().count()).max();
    let width = longest.unwrap_or(0).max(NONE.len()) + 2;
    let share = |count: usize, split: &SplitCount| {
        let percent = 100.0 * count as f64 / split.cells as f64;
        format!("{count:>10}{percent:>7.1} %")
    };
    let row = |name: &str, cell: &dyn Fn(&SplitCount) -> String| {
        let cells: String = report.splits.iter().map(cell).collect();
        say!("{}", format!("{name:<width$}{cells}").trim_end());
    };
    row("", &|split| format!("{:>10}{:>9}", split.split, ""));
    row("cells", &|split| format!("{:>10}{:>9}", split.cells, ""));
    for (i, name) in names.iter().enumerate() {
        row(name, &|split| share(split.positives[i], split));
    }
    row(NONE, &|split| share(split.without_any, split));
    for fault in few(&report.broken) {
        say!("broken: {}", with_options(&fault));
    }
    for warning in report.warnings() {
        say!("warning: {warning}");
    }
}

/// The kind of splits that a subcommand's `--by-field` asks for.
pub(super) fn split_kind(by_field: bool) -> SplitKind {
    match by_field {
        true => SplitKind::ByField,
        false => SplitKind::Published,
    }
}
