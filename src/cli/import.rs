//! `karyolens import`: a network of another library as a checkpoint of ours.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::read_file;
use crate::checkpoint::import::{ImportOptions, Library, import, read_pytorch};
use crate::checkpoint::{Precision, StateDict};
use crate::files::write_atomically;

/// Bring in the weights of torchvision, timm or DINOv2.
#[derive(Args)]
pub(super) struct Arguments {
    /// Whose names the tensors have: torchvision, timm or dinov2.
    #[arg(long, value_name = "LIBRARY")]
    from: Library,
    /// A network such as `resnet-18` or `vit-small-14`, or a family (`resnet`, `convnext`,
    /// `vit`) whose sizes are read off the tensors.
    #[arg(long, value_name = "NAME")]
    arch: String,
    /// The weights: `.safetensors`, or PyTorch's `.pth`, `.pt` or `.bin`.
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// Attention heads, for a transformer whose width is no multiple of 64.
    #[arg(long)]
    heads: Option<usize>,
    /// Side of the input in pixels; a transformer's positions are resampled to it.
    #[arg(long, value_name = "PIXELS")]
    input_size: Option<u32>,
    /// Store the weights as f16.
    #[arg(long)]
    f16: bool,
    /// The checkpoint to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let path = &arguments.weights;
    let weights = match path
        .extension()
        .is_some_and(|extension| extension == "safetensors")
    {
        true => StateDict::read(&read_file(path)?)
            .map(|(weights, _)| weights)
            .map_err(Into::into),
        false => read_pytorch(path),
    };
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let options = ImportOptions {
        source: format!(
            "imported from {file} as {:?} {}",
            arguments.from, arguments.arch
        ),
        library: arguments.from,
        architecture: arguments.arch,
        heads: arguments.heads,
        input_side: arguments.input_size,
    };
    let imported = weights
        .and_then(|weights| import(weights, &options))
        .with_context(|| format!("cannot import {}", path.display()))?;

    for note in &imported.notes {
        say!("{note}");
    }
    let card = &imported.checkpoint.card;
    let task = card.classification()?;
    if task.features.is_empty() {
        say!("a backbone without a head: train it before it can name features");
    }
    let precision = if arguments.f16 {
        Precision::F16
    } else {
        Precision::F32
    };
    write_atomically(&arguments.output, &imported.checkpoint.write(precision)?)?;
    say!(
        "wrote {} ({}, {} tensors, input {} px)",
        arguments.output.display(),
        card.name,
        imported.checkpoint.weights.0.len(),
        task.input.side
    );
    Ok(ExitCode::SUCCESS)
}
