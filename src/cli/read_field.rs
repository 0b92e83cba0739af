//! `karyolens read-field`: the nuclei of whole fields, each with its features and measurements.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};

use super::field_files::{CONTOURS_END, field_name, fields_in};
use super::{read_classifier, read_file};
use crate::classify::Classifier;
use crate::devices::DeviceChoice;
use crate::field::formats::{
    CellFile, MeasuredCell, ObjectType, read, write_csv, write_geojson, write_study,
};
use crate::field::{MicrometresPerPixel, count_reasons, read_cells};
use crate::files::write_atomically;
use crate::image::decode;
use crate::nuclei::RiskLevel;

/// The end of the name of the file that is written last.
const TABLE_END: &str = ".csv";

/// Name the features of every nucleus in photographs of whole fields, and measure it.
///
/// Each field gets three files: `<field>.csv` with a row a nucleus, `<field>.geojson` for QuPath and
/// `<field>_cells.json` as the study's viewer keeps it. A field whose table is there is skipped, so that the
/// same command goes on after an interruption.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where to run: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The checkpoint that names features.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The outlines of the nuclei, in the study's JSON or QuPath's GeoJSON: a file, or a folder with
    /// `<field>_contours.json` or `<field>.geojson`. By default these are looked for beside the field and
    /// in the folder `contour` beside its folder.
    #[arg(long, value_name = "PATH")]
    contours: Option<PathBuf>,
    /// Micrometres that one pixel of the fields shows. Without it, the features that depend on size
    /// suppose the study's 0.32, and nothing is measured in micrometres.
    #[arg(long, value_name = "NUMBER", value_parser = scale)]
    micrometres_per_pixel: Option<MicrometresPerPixel>,
    /// The kind of object that QuPath makes of a nucleus.
    #[arg(long, default_value = "detection", value_name = "KIND")]
    object_type: ObjectKind,
    /// The folder to write to.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// Photographs (PNG, JPEG, WebP, TIFF or BMP), or folders of them.
    #[arg(required = true, value_name = "FIELD")]
    fields: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ObjectKind {
    Detection,
    Annotation,
}

/// Reads fields with one model.
struct Reader {
    classifier: Classifier,
    /// SHA-256 of the checkpoint.
    model: String,
    arguments: Arguments,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let fields = fields_in(&arguments.fields)?;
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot write {}", arguments.output.display()))?;
    let reader = Reader {
        classifier: read_classifier(&arguments.model, &arguments.device)?,
        model: hex(&Sha256::digest(read_file(&arguments.model)?)),
        arguments,
    };
    let mut code = ExitCode::SUCCESS;
    for field in fields {
        if let Err(error) = reader.read(&field) {
            eprintln!("karyolens: {}: {error:#}", field.display());
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

impl Reader {
    fn read(&self, image: &Path) -> Result<()> {
        let arguments = &self.arguments;
        let name = field_name(image);
        let file = |end: &str| arguments.output.join(format!("{name}{end}"));
        if file(TABLE_END).is_file() {
            say!("{name}: there already");
            return Ok(());
        }
        let picture = decode(&read_file(image)?)?;
        let contours = self.contours(image)?;
        let given = read(&read_file(&contours)?, &name)
            .with_context(|| contours.display().to_string())?
            .repaired([picture.width(), picture.height()]);
        for line in faults(&given) {
            say!("{name}: {line}");
        }
        let scale = arguments.micrometres_per_pixel;
        let cells = read_cells(
            &self.classifier,
            &picture,
            given.cells,
            scale,
            Some(&self.model),
        );
        let cells = pollster::block_on(cells)?;
        let kind = match arguments.object_type {
            ObjectKind::Detection => ObjectType::Detection,
            ObjectKind::Annotation => ObjectType::Annotation,
        };
        write_atomically(&file("_cells.json"), write_study(&name, &cells).as_bytes())?;
        let measured = MeasuredCell::measured(&picture, cells);
        let geojson = write_geojson(&name, &measured, scale, kind);
        write_atomically(&file(".geojson"), geojson.as_bytes())?;
        write_atomically(
            &file(TABLE_END),
            write_csv(&name, &measured, scale).as_bytes(),
        )?;
        say!("{name}: {}", summary(&measured));
        Ok(())
    }

    /// The file with the outlines of a field.
    fn contours(&self, image: &Path) -> Result<PathBuf> {
        let name = field_name(image);
        let folders = match &self.arguments.contours {
            Some(file) if file.is_file() => return Ok(file.clone()),
            Some(folder) => vec![folder.clone()],
            None => {
                let beside = image.parent().unwrap_or(Path::new(""));
                vec![beside.to_path_buf(), beside.join("../contour")]
            }
        };
        let files = folders.iter().flat_map(|folder| {
            [CONTOURS_END, ".geojson"].map(|end| folder.join(format!("{name}{end}")))
        });
        files.into_iter().find(|file| file.is_file()).ok_or_else(|| {
            anyhow!("it has no {name}{CONTOURS_END} or {name}.geojson; --contours names its outlines")
        })
    }
}

/// A line for each reason for which outlines were left out or mended.
fn faults(file: &CellFile) -> Vec<String> {
    let counts = count_reasons(&file.left_out);
    let line = |(reason, count)| format!("left out {count}, because each {reason}");
    let mut lines: Vec<String> = counts.into_iter().map(line).collect();
    if !file.mended.is_empty() {
        let count = file.mended.len();
        lines.push(format!("mended {count}, because each crosses itself"));
    }
    lines
}

/// The count of nuclei, and of those of each level of risk.
fn summary(cells: &[MeasuredCell]) -> String {
    let risks = || cells.iter().filter_map(|measured| measured.cell.risk());
    let count = format!("{} nuclei", cells.len());
    if risks().next().is_none() {
        return count;
    }
    let levels = [RiskLevel::High, RiskLevel::Medium, RiskLevel::Low];
    let of = |level| {
        format!(
            "{level:?} {}",
            risks().filter(|risk| risk.level == level).count()
        )
    };
    format!("{count}; risk {}", levels.map(of).join(", "))
}

fn scale(text: &str) -> Result<MicrometresPerPixel, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    number.try_into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
