//! The command line: one file a subcommand, each a typed set of arguments and one `run`.

/// `println!`, but for a standard output that takes no more: see [`print_line`].
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::print_line(format_args!($($text)*)) };
}

mod ablate;
mod card;
mod data;
#[cfg(feature = "remote")]
mod device_server;
mod evaluate;
mod explain;
mod field_files;
mod field_scale;
mod field_source;
mod import;
mod predict;
mod quantise;
mod read_field;
mod render;
mod report;
mod score_contours;
mod segment;
mod serve;
mod settings;
mod train;
mod train_segmenter;
mod verify;

use std::fmt::Arguments as Text;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{ExitCode, exit};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::checkpoint::Checkpoint;
use crate::classify::Classifier;
use crate::devices::DeviceChoice;

/// Reads thyroid cell nuclei: trains, evaluates and runs the networks behind the Karyolens page.
///
/// For research and teaching. Not a medical device.
#[derive(Parser)]
#[command(name = "karyolens", version, about, long_about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Serves the Karyolens page.
///
/// For research and teaching. Not a medical device.
#[derive(Parser)]
#[command(name = "karyolens-serve", version, about, long_about)]
struct ServeArguments {
    #[command(flatten)]
    serve: serve::Arguments,
}

#[derive(Subcommand)]
enum Command {
    Data(data::Arguments),
    Train(Box<train::Arguments>),
    TrainSegmenter(Box<train_segmenter::Arguments>),
    Segment(segment::Arguments),
    Ablate(ablate::Arguments),
    Evaluate(evaluate::Arguments),
    Report(report::Arguments),
    Predict(predict::Arguments),
    Explain(explain::Arguments),
    ReadField(read_field::Arguments),
    Card(card::Arguments),
    Import(import::Arguments),
    Quantise(quantise::Arguments),
    Verify(verify::Arguments),
    Render(render::Arguments),
    ScoreContours(score_contours::Arguments),
    Serve(serve::Arguments),
    #[cfg(feature = "remote")]
    DeviceServer(device_server::Arguments),
}

/// Parses the command line, runs it and prints an error, if there is one.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Data(arguments) => data::run(arguments),
        Command::Train(arguments) => train::run(*arguments),
        Command::TrainSegmenter(arguments) => train_segmenter::run(*arguments),
        Command::Segment(arguments) => segment::run(arguments),
        Command::Ablate(arguments) => ablate::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Predict(arguments) => predict::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::ReadField(arguments) => read_field::run(arguments),
        Command::Card(arguments) => card::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Quantise(arguments) => quantise::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Render(arguments) => render::run(arguments),
        Command::ScoreContours(arguments) => score_contours::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        #[cfg(feature = "remote")]
        Command::DeviceServer(arguments) => device_server::run(arguments),
    };
    code_of(result)
}

/// Serves the page and can do nothing else, so that the linker leaves the rest away.
pub fn serve() -> ExitCode {
    code_of(serve::run(ServeArguments::parse().serve))
}

/// Prints the error, if there is one.
fn code_of(result: Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("karyolens: {error:#}");
        ExitCode::FAILURE
    })
}

/// Prints a line. Where the reader has gone, as after `| head`, the program ends without an error.
fn print_line(text: Text) {
    if let Err(error) = writeln!(std::io::stdout(), "{text}") {
        if error.kind() == ErrorKind::BrokenPipe {
            exit(0);
        }
        eprintln!("karyolens: cannot write to standard output: {error}");
        exit(1);
    }
}

/// The bytes of a file, or an error that names it.
fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A checkpoint from a file, or an error that names the file.
fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    let bytes = read_file(path)?;
    Checkpoint::read(&bytes).with_context(|| format!("cannot use {}", path.display()))
}

/// A classifier on `device` from a checkpoint's file.
fn read_classifier(path: &Path, device: &DeviceChoice) -> Result<Classifier> {
    Classifier::new(read_checkpoint(path)?, device.open_one()?)
        .with_context(|| format!("cannot use {}", path.display()))
}
