//! From a folder of images and a table of their labels to a data folder.
//!
//! The table is CSV as spreadsheets write it: a line of names, `image` and then the features, and
//! a line an image with its file name and 0 or 1 for each feature. The data folder has the
//! published layout, split by field.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Record;
use super::error::few;
use super::features::fault_of_names;
use super::folds::assign_by_field;
use super::listing::image_in;
use crate::files::write_atomically;
use crate::image::EXTENSIONS;
use crate::nuclei::FeatureSet;

/// The name that the first column must have.
const IMAGE: &str = "image";
/// The signs that may separate columns: spreadsheets of other languages write other signs.
const DELIMITERS: [char; 3] = [',', ';', '\t'];
/// Excel's first character in UTF-8 text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// An import: the table, the images and the split.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The table.
    pub csv: PathBuf,
    /// The folder that the names in the table are of.
    pub images: PathBuf,
    /// The data folder to write; it must not hold anything yet.
    pub output: PathBuf,
    /// The share of the cells to validate on, between 0 and 1.
    pub val_share: f64,
    /// Another number gives another split.
    pub seed: u64,
}

/// Why a table cannot become a data folder.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The table cannot be read at all.
    #[error("cannot read {}: {fault}", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// The fault.
        fault: String,
    },
    /// Lines of the table, or the images that they name, are wrong.
    #[error("{}: {} wrong, so nothing was written: {}", path.display(), lines(faults), few(faults))]
    Rows {
        /// The table.
        path: PathBuf,
        /// The faults, with their lines.
        faults: Vec<String>,
    },
    /// There cannot be two splits.
    #[error("cannot split {cells} cells of {fields} fields with a share of {share} for validation")]
    Split {
        /// How many cells there are.
        cells: usize,
        /// Of how many fields.
        fields: usize,
        /// The share that was asked for.
        share: f64,
    },
    /// The folder to write holds something.
    #[error("{} is not empty; choose another folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Something cannot be written.
    #[error("cannot write {}: {fault}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        fault: String,
    },
}

fn lines(faults: &[String]) -> String {
    match faults.len() {
        1 => "1 line is".into(),
        n => format!("{n} lines are"),
    }
}

/// Writes the data folder: `features.json`, and images and labels of `train` and `val`, no field
/// in both. Nothing is written unless every line and every image can be used.
///
/// # Errors
/// [`ImportError`], with the first few lines that are wrong.
pub fn import(options: &ImportOptions) -> Result<(), ImportError> {
    refuse_full(&options.output)?;
    let (features, records) = read_table(&options.csv, &options.images)?;
    let is_val = split(&records, options)?;
    write(&options.output, &features, &records, &is_val)
}

fn refuse_full(folder: &Path) -> Result<(), ImportError> {
    let is_empty = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !folder.exists(),
    };
    match is_empty {
        true => Ok(()),
        false => Err(ImportError::NotEmpty {
            path: folder.into(),
        }),
    }
}

/// The features that the header names, and a record a line.
fn read_table(path: &Path, images: &Path) -> Result<(FeatureSet, Vec<Record>), ImportError> {
    let wrong = |fault: String| ImportError::Table {
        path: path.into(),
        fault,
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let mut table = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = table.headers().map_err(|error| wrong(error.to_string()))?;
    let mut names = header.iter().map(String::from);
    let first = names.next().unwrap_or_default();
    if !first.eq_ignore_ascii_case(IMAGE) {
        return Err(wrong(format!(
            "its first column is {first:?}; it must be {IMAGE:?}, followed by the features"
        )));
    }
    let names: Vec<String> = names.collect();
    if let Some(fault) = fault_of_names(&names) {
        return Err(wrong(format!("of the columns after {IMAGE:?}, {fault}")));
    }

    let (mut records, mut faults) = (BTreeMap::new(), Vec::new());
    for row in table.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                faults.push(error.to_string());
                continue;
            }
        };
        let line = row.position().map_or(0, csv::Position::line);
        match record(&row, &names, images) {
            Ok(record) => {
                let path = record.path.display().to_string();
                if let Some(other) = records.insert(record.id.clone(), record) {
                    faults.push(format!(
                        "line {line}: {path} has the same id as {}",
                        other.path.display()
                    ));
                }
            }
            Err(fault) => faults.push(format!("line {line}: {fault}")),
        }
    }
    match faults.is_empty() {
        true => Ok((FeatureSet::new(names), records.into_values().collect())),
        false => Err(ImportError::Rows {
            path: path.into(),
            faults,
        }),
    }
}

/// The one that the header uses most.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let uses = |delimiter: &char| header.matches(*delimiter).count();
    // `max_by_key` takes the last of equals: the comma.
    let most = DELIMITERS.into_iter().rev().max_by_key(uses);
    most.unwrap_or(',') as u8
}

/// One line: its image, which must be one of a cell, and its labels.
fn record(row: &csv::StringRecord, names: &[String], images: &Path) -> Result<Record, String> {
    let name = row.get(0).unwrap_or_default();
    if name.is_empty() {
        return Err("it names no image".into());
    }
    let file = images.join(name);
    let path = match file.is_file() {
        true => Some(file),
        false => image_in(images, name), // the name may come without its extension
    };
    let Some(path) = path else {
        return Err(format!(
            "there is no image {name:?} in {}",
            images.display()
        ));
    };
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let (Some(id), Some(_)) = (stem.map(String::from), extension(&path)) else {
        return Err(format!(
            "{name:?} is no name of an image; it must end in one of {}",
            EXTENSIONS.join(", ")
        ));
    };
    let labels = row
        .iter()
        .skip(1)
        .zip(names)
        .map(|(value, feature)| match value {
            "0" => Ok(false),
            "1" => Ok(true),
            _ => Err(format!("{feature} is {value:?}; it must be 0 or 1")),
        })
        .collect::<Result<_, _>>()?;
    let record = Record { id, path, labels };
    match record.read() {
        Ok(_) => Ok(record),
        Err(error) => Err(error.to_string()),
    }
}

/// The extension of an image as readers look for it: `jpg` for `JPG`.
fn extension(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?;
    EXTENSIONS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(extension))
}

/// Which of `records` are to validate on.
fn split(records: &[Record], options: &ImportOptions) -> Result<Vec<bool>, ImportError> {
    let share = options.val_share;
    let mut fields: Vec<&str> = records.iter().map(Record::field).collect();
    fields.sort();
    fields.dedup();
    let impossible = ImportError::Split {
        cells: records.len(),
        fields: fields.len(),
        share,
    };
    if !(share > 0.0 && share < 1.0) {
        return Err(impossible);
    }
    let parts = assign_by_field(records, &[1.0 - share, share], options.seed);
    let is_val: Vec<bool> = parts.into_iter().map(|part| part == 1).collect();
    match is_val.contains(&true) && is_val.contains(&false) {
        true => Ok(is_val),
        false => Err(impossible),
    }
}

fn write(
    output: &Path,
    features: &FeatureSet,
    records: &[Record],
    is_val: &[bool],
) -> Result<(), ImportError> {
    let failed = |path: &Path, fault: String| ImportError::Write {
        path: path.into(),
        fault,
    };
    let json = |path: PathBuf, text: String| {
        write_atomically(&path, text.as_bytes())
            .map_err(|error| failed(&path, error.root_cause().to_string()))
    };
    let labels = output.join("labels");
    for (split, wanted) in [("train", false), ("val", true)] {
        let images = output.join("images").join(split);
        for folder in [&images, &labels] {
            std::fs::create_dir_all(folder).map_err(|error| failed(folder, error.to_string()))?;
        }
        let mut lines = Vec::new();
        for (record, _) in records
            .iter()
            .zip(is_val)
            .filter(|(_, val)| **val == wanted)
        {
            let extension = extension(&record.path).unwrap_or(EXTENSIONS[0]);
            let to = images.join(format!("{}.{extension}", record.id));
            std::fs::copy(&record.path, &to).map_err(|error| failed(&to, error.to_string()))?;
            let labels: Vec<&str> = record
                .labels
                .iter()
                .map(|shown| if *shown { "1" } else { "0" })
                .collect();
            let id = serde_json::Value::from(record.id.as_str());
            lines.push(format!("  {id}: [{}]", labels.join(", ")));
        }
        json(
            labels.join(format!("{split}.json")),
            format!("{{\n{}\n}}\n", lines.join(",\n")),
        )?;
    }
    let names = serde_json::json!(features.names());
    json(output.join("features.json"), format!("{names:#}\n"))
}
