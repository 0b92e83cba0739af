//! `karyolens data`: look over a folder of labelled cells.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::train::data::{DataFolder, Report, SplitCount, SplitKind, SplitSettings, check};

/// The row of the cells that show no feature.
const NONE: &str = "none of them";
/// How many faults are told one by one.
const FEW: usize = 10;

/// Check a folder of labelled cells.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(CheckArguments),
}

/// Tell what is wrong or doubtful in a folder of labelled cells, and how often it shows what.
///
/// The exit code is 1 where training would refuse the folder.
#[derive(Args)]
struct CheckArguments {
    /// The data folder.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    splits: SplitSettings,
    /// Check the splits that `train --split by-field` makes.
    #[arg(long)]
    by_field: bool,
    /// Print JSON, with everything that was found.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Check(arguments) => run_check(arguments),
    }
}

fn run_check(arguments: CheckArguments) -> Result<ExitCode> {
    let data = DataFolder {
        folder: arguments.folder,
        splits: arguments.splits.splits(split_kind(arguments.by_field))?,
    };
    let report = check(&data, &data.split_names()?)?;
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print_text(&report),
    }
    match report.is_broken() {
        true => Ok(ExitCode::FAILURE),
        false => Ok(ExitCode::SUCCESS),
    }
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
        println!("{}", format!("{name:<width$}{cells}").trim_end());
    };
    row("", &|split| format!("{:>10}{:>9}", split.split, ""));
    row("cells", &|split| format!("{:>10}{:>9}", split.cells, ""));
    for (i, name) in names.iter().enumerate() {
        row(name, &|split| share(split.positives[i], split));
    }
    row(NONE, &|split| share(split.without_any, split));
    for fault in faults(report) {
        println!("broken: {fault}");
    }
    for warning in report.warnings() {
        println!("warning: {warning}");
    }
}

/// The kind of splits that a subcommand's `--by-field` asks for.
pub(super) fn split_kind(by_field: bool) -> SplitKind {
    match by_field {
        true => SplitKind::ByField,
        false => SplitKind::Published,
    }
}

/// The faults of a report, a line each.
pub(super) fn faults(report: &Report) -> Vec<String> {
    let told = report.broken.iter().take(FEW);
    let mut lines: Vec<String> = told.map(|fault| fault.error.clone()).collect();
    if let more @ 1.. = report.broken.len().saturating_sub(FEW) {
        lines.push(format!("… and {more} more"));
    }
    lines
}
