//! `karyolens read-field`: the nuclei of whole fields, each with its features and measurements.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};

use super::field_files::{CONTOURS_END, LEFT_OUT_END};
use super::field_scale::ScaleArguments;
use super::field_source::{FieldArguments, OpenedField};
use super::{read_checkpoint, read_classifier, read_file};
use crate::classify::Classifier;
use crate::devices::DeviceChoice;
use crate::field::formats::{
    CellFile, MeasuredCell, ObjectType, read, read_contours, write_contours, write_csv,
    write_geojson, write_study,
};
use crate::field::found::{Finder, left_out, nuclei};
use crate::field::{Contour, FieldCell, FieldScale, count_reasons, read_cells};
use crate::files::write_atomically;
use crate::image::{PictureKind, RgbImage};
use crate::nuclei::RiskLevel;

/// The end of the name of the file that is written last.
const TABLE_END: &str = ".csv";

/// Name the features of every nucleus in photographs of whole fields, and measure it.
///
/// Each field gets four files: `<field>.csv` with a row a nucleus, `<field>.geojson` for QuPath,
/// `<field>_cells.json` as the study's viewer keeps it, and `<field>_left_out.json` with the objects that were
/// seen and are not to be read. A field whose table is there is skipped, so that the same command goes on after
/// an interruption. Without a scale, features that depend on size suppose the study's 0.32 µm for a pixel, and
/// nothing is measured in micrometres.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where to run: cpu, gpu, cuda or remote:ADDRESS; of several devices the first.
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The checkpoint that names features.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "models/default.safetensors"
    )]
    model: PathBuf,
    /// Find the nuclei with this checkpoint. By default models/segmenter.safetensors finds them where no
    /// outlines are given.
    #[arg(long, value_name = "FILE", conflicts_with = "contours")]
    segmenter: Option<PathBuf>,
    /// The outlines of the nuclei, in the study's JSON or QuPath's GeoJSON: a file, or a folder with
    /// `<field>_contours.json` or `<field>.geojson`. By default these are looked for beside the field and
    /// in the folder `contour` beside its folder.
    #[arg(long, value_name = "PATH")]
    contours: Option<PathBuf>,
    #[command(flatten)]
    scale: ScaleArguments,
    /// The kind of object that QuPath makes of a nucleus.
    #[arg(long, default_value = "detection", value_name = "KIND")]
    object_type: ObjectKind,
    /// The folder to write to.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    #[command(flatten)]
    fields: FieldArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum ObjectKind {
    Detection,
    Annotation,
}

/// The segmenter of the repository.
const SEGMENTER: &str = "models/segmenter.safetensors";

/// Reads fields with one model.
struct Reader {
    classifier: Classifier,
    /// SHA-256 of the checkpoint.
    model: String,
    /// Finds nuclei; opened for the first field without contours.
    finder: OnceCell<Finder>,
    arguments: Arguments,
}

/// The nuclei of a field before they are read, and the objects that are not to be read.
struct Nuclei {
    cells: Vec<FieldCell>,
    left_out: Vec<Contour>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let fields = arguments.fields.files()?;
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot write {}", arguments.output.display()))?;
    let reader = Reader {
        classifier: read_classifier(&arguments.model, &arguments.device)?,
        model: hex(&Sha256::digest(read_file(&arguments.model)?)),
        finder: OnceCell::new(),
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
        let name = arguments.fields.name(image);
        let file = |end: &str| arguments.output.join(format!("{name}{end}"));
        if file(TABLE_END).is_file() {
            say!("{name}: there already");
            return Ok(());
        }
        let OpenedField { picture, scale } = arguments.fields.open(image)?;
        // A cell image is read too, if a person calls it a field.
        PictureKind::of(&picture)?;
        let scale = arguments.scale.told(scale);
        let nuclei = match self.contours(image)? {
            Some(file) => given(&file, &name, &picture)?,
            None => self.found(&picture, scale)?,
        };
        let left_out = &nuclei.left_out;
        let scale = scale.or_else(|| arguments.scale.by_red_cells(&name, left_out));
        let cells = read_cells(
            &self.classifier,
            &picture,
            nuclei.cells,
            scale.map(|scale| scale.value),
            Some(&self.model),
        );
        let cells = pollster::block_on(cells)?;
        let kind = match arguments.object_type {
            ObjectKind::Detection => ObjectType::Detection,
            ObjectKind::Annotation => ObjectType::Annotation,
        };
        write_atomically(&file("_cells.json"), write_study(&name, &cells).as_bytes())?;
        write_atomically(&file(LEFT_OUT_END), write_contours(left_out).as_bytes())?;
        let measured = MeasuredCell::measured(&picture, cells);
        let geojson = write_geojson(&name, &measured, left_out, scale, kind);
        write_atomically(&file(".geojson"), geojson.as_bytes())?;
        write_atomically(
            &file(TABLE_END),
            write_csv(&name, &measured, scale).as_bytes(),
        )?;
        say!("{name}: {}", summary(&measured));
        if scale.is_none() {
            say!("{name}: its scale is unknown, so Enlargement may be off");
        }
        Ok(())
    }

    /// The file with the outlines of a field; `None` where they are to be found.
    fn contours(&self, image: &Path) -> Result<Option<PathBuf>> {
        if self.arguments.segmenter.is_some() {
            return Ok(None);
        }
        let name = self.arguments.fields.name(image);
        let folders = match &self.arguments.contours {
            Some(file) if file.is_file() => return Ok(Some(file.clone())),
            Some(folder) => vec![folder.clone()],
            None => {
                let beside = image.parent().unwrap_or(Path::new(""));
                vec![beside.to_path_buf(), beside.join("../contour")]
            }
        };
        let files = folders.iter().flat_map(|folder| {
            [CONTOURS_END, ".geojson"].map(|end| folder.join(format!("{name}{end}")))
        });
        let file = files.into_iter().find(|file| file.is_file());
        let may_be_found = self.arguments.contours.is_none() && Path::new(SEGMENTER).is_file();
        ensure!(
            file.is_some() || may_be_found,
            "it has no {name}{CONTOURS_END} or {name}.geojson; --contours names its outlines, and --segmenter \
             a checkpoint that finds them"
        );
        Ok(file)
    }

    /// The nuclei that a network finds.
    fn found(&self, picture: &RgbImage, scale: Option<FieldScale>) -> Result<Nuclei> {
        let finder = match self.finder.get() {
            Some(finder) => finder,
            None => {
                let path = self.arguments.segmenter.as_deref();
                let path = path.unwrap_or(Path::new(SEGMENTER));
                let device = self.arguments.device.open_one()?;
                let finder = Finder::new(read_checkpoint(path)?, device)
                    .with_context(|| format!("cannot use {}", path.display()))?;
                self.finder.get_or_init(|| finder)
            }
        };
        let enlarged = scale.map(|scale| finder.enlarged(scale.value));
        let found = pollster::block_on(finder.find(picture, enlarged))?;
        Ok(Nuclei {
            cells: nuclei(&found),
            left_out: left_out(&found),
        })
    }
}

/// The nuclei that a file gives, and the objects that it or `<field>_left_out.json` beside it leaves out.
fn given(file: &Path, name: &str, picture: &RgbImage) -> Result<Nuclei> {
    let mut given = read(&read_file(file)?, name).with_context(|| file.display().to_string())?;
    let others = file.with_file_name(format!("{name}{LEFT_OUT_END}"));
    if others.is_file() {
        let contours = read_contours(&read_file(&others)?);
        let contours = contours.with_context(|| others.display().to_string())?;
        given.left_out.extend(contours);
    }
    let given = given.repaired([picture.width(), picture.height()]);
    for line in faults(&given) {
        say!("{name}: {line}");
    }
    Ok(Nuclei {
        cells: given.cells,
        left_out: given.left_out,
    })
}

/// A line for each reason for which outlines were refused or mended.
fn faults(file: &CellFile) -> Vec<String> {
    let counts = count_reasons(&file.refused);
    let line = |(reason, count)| format!("refused {count}, because each {reason}");
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
