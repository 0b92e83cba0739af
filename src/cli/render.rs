//! `karyolens render`: a synthetic cell image or field, for examples and tests.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::field_files::{CONTOURS_END, LEFT_OUT_END, beside};
use crate::field::Contour;
use crate::field::formats::write_contours;
use crate::files::write_atomically;
use crate::image::{FieldPlan, MAX_PIXELS, MAX_SIDE, render_field, render_synthetic};
use crate::nuclei::Feature;

/// Draw a synthetic cell image that shows chosen features, or a whole field, marked as synthetic.
#[derive(Args)]
pub(super) struct Arguments {
    /// The features to show, such as `Grooves,Inclusion`; none for a plain nucleus.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    features: Vec<Feature>,
    /// Draw a field: also `<name>_contours.json` with its nuclei, and `<name>_left_out.json` with red cells
    /// and smudges.
    #[arg(long, conflicts_with = "features")]
    field: bool,
    /// The nuclei of a field.
    #[arg(long, default_value_t = 150, value_name = "COUNT", requires = "field")]
    nuclei: usize,
    /// The size of a field in pixels.
    #[arg(long, default_value = "1024x768", value_parser = size, value_name = "WIDTHxHEIGHT")]
    #[arg(requires = "field")]
    size: [u32; 2],
    /// Another number draws another nucleus or field.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The file to write; its extension (png, jpg, webp, tiff, bmp) chooses the format.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let path = &arguments.output;
    let picture = match arguments.field {
        false => render_synthetic(&arguments.features, arguments.seed),
        true => {
            let [width, height] = arguments.size;
            let field = render_field(FieldPlan {
                width,
                height,
                nuclei: arguments.nuclei,
                seed: arguments.seed,
            });
            for (end, outlines) in [(CONTOURS_END, field.nuclei), (LEFT_OUT_END, field.others)] {
                let outlines = (0..).zip(outlines);
                let contours = outlines.map(|(id, points): (u32, _)| Contour::new(id, points));
                let contours: Vec<Contour> = contours.collect();
                write_atomically(&beside(path, end), write_contours(&contours).as_bytes())?;
            }
            field.picture
        }
    };
    picture
        .save(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// `1024x768` as width and height.
fn size(text: &str) -> Result<[u32; 2]> {
    let sides = text.split_once('x').and_then(|(width, height)| {
        let side = |text: &str| text.trim().parse::<u32>().ok();
        Some([side(width)?, side(height)?])
    });
    let sides = sides.with_context(|| format!("{text:?} is no size such as 1024x768"))?;
    ensure!(
        sides.iter().all(|side| (1..=MAX_SIDE).contains(side)),
        "{text} is no possible size: a side has 1 to {MAX_SIDE} pixels"
    );
    let [width, height] = sides.map(u64::from);
    ensure!(
        width * height <= MAX_PIXELS,
        "{text} is too large: the most is {} million pixels",
        MAX_PIXELS / 1_000_000
    );
    Ok(sides)
}
