//! `karyolens segment`: the outlines of the nuclei in fields.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::field_files::{CONTOURS_END, LEFT_OUT_END};
use super::field_scale::ScaleArguments;
use super::field_source::{FieldArguments, OpenedField};
use super::read_checkpoint;
use crate::devices::DeviceChoice;
use crate::field::formats::write_contours;
use crate::field::found::{Finder, contours, left_out};
use crate::files::write_atomically;

/// Find the nuclei in photographs of whole fields.
///
/// Each field gets two files: `<field>_contours.json` holds the outlines of the nuclei to be read,
/// `<field>_left_out.json` those of other objects that were seen. A field whose files are there is
/// skipped, so that the same command goes on after an interruption.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where to run: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The checkpoint.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The folder to write to.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// Fields that are read at the same time.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    #[command(flatten)]
    scale: ScaleArguments,
    /// How many pixels of a field stand for one pixel of the fields that the model was trained on: 2
    /// where nuclei are twice as large. By default the scale tells it, and without one the nuclei themselves.
    #[arg(long, value_name = "FACTOR")]
    enlarged: Option<f32>,
    #[command(flatten)]
    fields: FieldArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    if let Some(enlarged) = arguments.enlarged {
        ensure!(
            (0.1..=10.0).contains(&enlarged),
            "--enlarged is {enlarged}; it must be 0.1 to 10"
        );
    }
    let finder = Finder::new(
        read_checkpoint(&arguments.model)?,
        arguments.device.open_one()?,
    )
    .with_context(|| format!("cannot use {}", arguments.model.display()))?;
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot write {}", arguments.output.display()))?;
    let fields = arguments.fields.files()?;
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.clamp(1, fields.len()) {
            scope.spawn(|| {
                while let Some(path) = fields.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = segment(&finder, path, &arguments) {
                        eprintln!("karyolens: {}: {error:#}", path.display());
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    match failed.into_inner() {
        0 => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::FAILURE),
    }
}

fn segment(finder: &Finder, image: &Path, arguments: &Arguments) -> Result<()> {
    let name = arguments.fields.name(image);
    let file = |end: &str| arguments.output.join(name.clone() + end);
    let (nuclei_file, left_out_file) = (file(CONTOURS_END), file(LEFT_OUT_END));
    if nuclei_file.is_file() && left_out_file.is_file() {
        say!("{name}: there already");
        return Ok(());
    }
    let OpenedField { picture, scale } = arguments.fields.open(image)?;
    let find = |enlarged| pollster::block_on(finder.find(&picture, enlarged));
    let told = arguments.scale.told(scale);
    let told = told.map(|scale| finder.enlarged(scale.value));
    let enlarged = arguments.enlarged.or(told);
    let mut found = find(enlarged)?;
    if enlarged.is_none()
        && let Some(scale) = arguments.scale.by_red_cells(&name, &left_out(&found))
    {
        found = find(Some(finder.enlarged(scale.value)))?;
    }
    let others = left_out(&found);
    let read = contours(found.iter().filter(|found| found.is_read));
    say!("{name}: {} nuclei, {} left out", read.len(), others.len());
    // The nuclei last: a field that has them has both files.
    write_atomically(&left_out_file, write_contours(&others).as_bytes())?;
    write_atomically(&nuclei_file, write_contours(&read).as_bytes())
}
