//! Fields with the contours of their nuclei, from a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::field::formats::read_contours;
use crate::field::found::Area;
use crate::image::{EXTENSIONS, RgbImage, decode};

/// The end of the name of a field's file of contours.
pub const CONTOURS_END: &str = "_contours.json";
/// An object counts as outlined already where this share of its pixels lies in nuclei to be read.
const COVERED: f32 = 0.3;

/// A field and its outlines.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, without the ending of a file.
    pub name: String,
    /// Its pixels.
    pub picture: RgbImage,
    /// The outlines of the nuclei to be read.
    pub nuclei: Vec<Outline>,
    /// The outlines of objects that are to be left out, where anybody outlined them.
    pub left_out: Option<Vec<Outline>>,
}

/// Points `[x, y]` of a closed line in pixels, at least three; whole numbers are the middles of pixels.
pub type Outline = Vec<[f32; 2]>;

/// Reads every field of `folder`, in the order of their names: `images/<field>.jpg` and
/// `contour/<field>_contours.json`. `left_out` is a folder with the outlines of further objects,
/// `<field>_contours.json` for each field; objects that are outlined in `folder` too are not taken from
/// it.
///
/// # Errors
/// A folder without contours, and any file that is missing or cannot be read.
pub fn read_fields(folder: &Path, left_out: Option<&Path>) -> Result<Vec<Field>> {
    let contours = folder.join("contour");
    let mut names: Vec<String> = std::fs::read_dir(&contours)
        .with_context(|| format!("cannot read {}", contours.display()))?
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some(name.strip_suffix(CONTOURS_END)?.to_string())
        })
        .collect();
    names.sort();
    ensure!(
        !names.is_empty(),
        "{} holds no file <field>{CONTOURS_END}",
        contours.display()
    );
    names
        .into_iter()
        .map(|name| {
            let nuclei = read_outlines(&contours, &name)?;
            let left_out = left_out.map(|folder| -> Result<Vec<Outline>> {
                let mut outlines = read_outlines(folder, &name)?;
                let nuclei: Vec<Area> = nuclei.iter().map(|points| Area::new(points)).collect();
                outlines.retain(|points| !is_covered(points, &nuclei));
                Ok(outlines)
            });
            Ok(Field {
                picture: read_picture(&folder.join("images"), &name)?,
                left_out: left_out.transpose()?,
                nuclei,
                name,
            })
        })
        .collect()
}

fn is_covered(points: &[[f32; 2]], nuclei: &[Area]) -> bool {
    let area = Area::new(points);
    let covered: u32 = nuclei.iter().map(|nucleus| nucleus.shared(&area)).sum();
    covered as f32 >= COVERED * area.pixels() as f32
}

fn read_outlines(folder: &Path, field: &str) -> Result<Vec<Outline>> {
    let path = folder.join(format!("{field}{CONTOURS_END}"));
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let contours =
        read_contours(&bytes).with_context(|| format!("{} is not as expected", path.display()))?;
    let outline = |points: Vec<[f64; 2]>| -> Outline {
        let points = points.into_iter();
        points
            .map(|point| point.map(|value| value as f32))
            .collect()
    };
    let outlines = contours.into_iter().map(|contour| outline(contour.points));
    Ok(outlines
        .filter(|points| Area::new(points).pixels() > 0)
        .collect())
}

fn read_picture(folder: &Path, field: &str) -> Result<RgbImage> {
    let paths: Vec<PathBuf> = EXTENSIONS
        .iter()
        .map(|ending| folder.join(format!("{field}.{ending}")))
        .collect();
    let Some(path) = paths.iter().find(|path| path.is_file()) else {
        bail!("{field} has contours but no image in {}", folder.display());
    };
    let context = || format!("cannot read {}", path.display());
    decode(&std::fs::read(path).with_context(context)?).with_context(context)
}

/// The three parts of a data set in which one fold is left out.
pub struct Parts {
    /// The fields to learn from.
    pub train: Vec<Field>,
    /// The fields to choose the best epoch and the thresholds on; every so many of those that are not
    /// left out.
    pub validation: Vec<Field>,
    /// The fields of the fold that is left out.
    pub left_out: Vec<Field>,
}

/// Cuts fields, in their order, into `folds` runs of neighbours that differ by one in length at most, and
/// leaves out the run number `fold` (from 0), or none. Of the others every `validate_each`-th field is
/// validated on.
pub fn parts(fields: Vec<Field>, folds: usize, fold: Option<usize>, validate_each: usize) -> Parts {
    let count = fields.len();
    let mut parts = Parts {
        train: Vec::new(),
        validation: Vec::new(),
        left_out: Vec::new(),
    };
    let mut kept = 0;
    for (i, field) in fields.into_iter().enumerate() {
        if Some(i * folds / count) == fold {
            parts.left_out.push(field);
            continue;
        }
        match kept % validate_each == validate_each / 2 {
            true => parts.validation.push(field),
            false => parts.train.push(field),
        }
        kept += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: usize) -> Field {
        Field {
            name: format!("{number:02}"),
            picture: RgbImage::new(1, 1),
            nuclei: Vec::new(),
            left_out: None,
        }
    }

    #[test]
    fn every_field_is_left_out_once_beside_its_neighbours() {
        let names = |fields: &[Field]| -> Vec<String> {
            fields.iter().map(|field| field.name.clone()).collect()
        };
        let mut left_out = Vec::new();
        for fold in 0..5 {
            let parts = parts((0..36).map(field).collect(), 5, Some(fold), 8);
            assert!((7..=8).contains(&parts.left_out.len()));
            assert!((3..=4).contains(&parts.validation.len()));
            let all = parts.train.len() + parts.validation.len() + parts.left_out.len();
            assert_eq!(all, 36);
            left_out.extend(names(&parts.left_out));
        }
        let all: Vec<String> = (0..36).map(|number| field(number).name).collect();
        assert_eq!(left_out, all);
    }

    #[test]
    fn objects_that_are_nuclei_to_be_read_are_not_left_out() {
        let square = |left: f32, side: f32| -> Outline {
            vec![
                [left, 0.0],
                [left + side, 0.0],
                [left + side, side],
                [left, side],
            ]
        };
        let nuclei = [Area::new(&square(0.0, 10.0))];
        assert!(is_covered(&square(2.0, 10.0), &nuclei));
        assert!(!is_covered(&square(8.0, 10.0), &nuclei));
    }
}
