//! `karyolens render`: a synthetic cell image, for examples and tests.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::image::render_synthetic;
use crate::nuclei::Feature;

/// Draw a synthetic cell image that shows chosen features, marked as synthetic.
#[derive(Args)]
pub(super) struct Arguments {
    /// The features to show, such as `Grooves,Inclusion`; none for a plain nucleus.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    features: Vec<Feature>,
    /// Another number draws another nucleus.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The file to write; its extension (png, jpg, webp, tiff, bmp) chooses the format.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let path = &arguments.output;
    render_synthetic(&arguments.features, arguments.seed)
        .save(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
