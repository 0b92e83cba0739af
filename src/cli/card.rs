//! `karyolens card`: what a checkpoint says of itself, and the figures of its sibling by field.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;

use super::read_checkpoint;
use crate::checkpoint::{Checkpoint, Precision};
use crate::files::write_atomically;

/// What the names of figures by field begin with, in the place of the split's name.
const BY_FIELD: &str = "by_field";
/// Settings in which a sibling by field may differ.
const OWN_SETTINGS: [&str; 6] = ["split", "splits", "init", "teachers", "answers", "seed"];

/// Print a checkpoint's model card as JSON.
///
/// With --by-field and --output, write a copy that also tells the figures of a model that was
/// trained the same way on a split by field.
#[derive(Args)]
pub(super) struct Arguments {
    /// The checkpoint.
    #[arg(value_name = "FILE")]
    model: PathBuf,
    /// The sibling's checkpoint: the same settings, but `--split by-field`, and a start and teachers
    /// that were trained so, too.
    #[arg(long, value_name = "FILE", requires = "output")]
    by_field: Option<PathBuf>,
    /// The copy to write.
    #[arg(short, long, value_name = "FILE", requires = "by_field")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut checkpoint = read_checkpoint(&arguments.model)?;
    if let (Some(sibling), Some(output)) = (&arguments.by_field, &arguments.output) {
        let by_field = read_checkpoint(sibling)?;
        add_by_field(&mut checkpoint, &by_field)
            .with_context(|| format!("cannot take the figures of {}", sibling.display()))?;
        write_atomically(output, &checkpoint.write(Precision::F16)?)?;
    }
    say!("{}", serde_json::to_string_pretty(&checkpoint.card)?);
    Ok(ExitCode::SUCCESS)
}

/// Adds the sibling's figures of its validation fold, as `by_field_macro_f1` and so on.
fn add_by_field(checkpoint: &mut Checkpoint, sibling: &Checkpoint) -> Result<()> {
    let [own, other] = [&*checkpoint, sibling].map(|c| &c.card.provenance.settings);
    ensure!(
        other["split"] == "by-field",
        "it was not trained on a split by field"
    );
    let names = own.as_object().into_iter().chain(other.as_object());
    for name in names.flat_map(|settings| settings.keys()) {
        ensure!(
            OWN_SETTINGS.contains(&name.as_str()) || own[name] == other[name],
            "it was trained with {name} = {}, not {}",
            other[name],
            own[name]
        );
    }
    let split = match &other["val_split"] {
        Value::String(split) => format!("{split}_"),
        _ => String::new(),
    };
    for (name, value) in &sibling.card.metrics {
        if let Some(figure) = name.strip_prefix(&split) {
            let name = format!("{BY_FIELD}_{figure}");
            checkpoint.card.metrics.insert(name, *value);
        }
    }
    Ok(())
}
