//! `karyolens explain`: which parts of a cell spoke for a feature, as a picture.

use std::path::PathBuf;
use std::process::ExitCode;

use ::image::{Rgb, RgbImage};
use anyhow::{Context, Result};
use clap::Args;

use super::{read_classifier, read_file};
use crate::devices::DeviceChoice;
use crate::explain::HeatMap;
use crate::image::{CellImage, decode};

/// The colour of places that spoke for the feature.
const FOR: Rgb<u8> = Rgb([230, 97, 1]);
/// The colour of places that spoke against it: people with the common kinds of colour blindness tell
/// blue from orange.
const AGAINST: Rgb<u8> = Rgb([40, 90, 190]);
/// The share of the cell's own colour that the strongest place covers.
const OPACITY: f32 = 0.7;

/// Show which parts of a cell spoke for a feature (orange) and against it (blue).
///
/// It shows what the network went by, not whether it was right.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where to run: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The checkpoint.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "models/default.safetensors"
    )]
    model: PathBuf,
    /// The feature, in any case: Grooves, say.
    #[arg(long, value_name = "NAME")]
    feature: String,
    /// The picture to write: the cell image of 224×224 px under its colours; the extension (png,
    /// jpg, webp, tiff, bmp) chooses the format.
    #[arg(short, long, value_name = "FILE", required_unless_present = "json")]
    output: Option<PathBuf>,
    /// Print the map as JSON.
    #[arg(long)]
    json: bool,
    /// A cell image: PNG, JPEG, WebP, TIFF or BMP.
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let classifier = read_classifier(&arguments.model, &arguments.device)?;
    let feature = classifier.card().task.features.index(&arguments.feature)?;
    let bytes = read_file(&arguments.image)?;
    let name = || format!("cannot explain {}", arguments.image.display());
    let cell = decode(&bytes).with_context(name)?;
    let cell = CellImage::recognised(cell).with_context(name)?;
    let map = pollster::block_on(classifier.explain_cell(&cell, feature)).with_context(name)?;
    if let Some(path) = &arguments.output {
        overlaid(&cell, &map)
            .save(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if arguments.json {
        say!("{}", serde_json::to_string(&map)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// The cell under the map's colours, the strongest place of the map in the strongest colour.
fn overlaid(cell: &CellImage, map: &HeatMap) -> RgbImage {
    let strongest = map
        .values
        .iter()
        .fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
    RgbImage::from_fn(CellImage::SIDE, CellImage::SIDE, |x, y| {
        let value = map.at(x, y) / strongest;
        let colour = if value > 0.0 { FOR } else { AGAINST };
        let cover = OPACITY * value.abs();
        let pixel = cell.pixels().get_pixel(x, y);
        Rgb([0, 1, 2].map(|c| {
            let (below, above) = (f32::from(pixel[c]), f32::from(colour[c]));
            (below + (above - below) * cover).round() as u8
        }))
    })
}
