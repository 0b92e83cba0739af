//! Cells without labels, cut out of fields along the contours of their nuclei.
//!
//! Cells are numbered as their contours are listed: the study's files give some ids twice.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::FIELD_END;
use super::listing::{entries, image_in};
use crate::field::formats::read_contours;
use crate::image::{crop, decode};

/// The end of the name of a field's contour file.
const CONTOURS_END: &str = "_contours.json";

/// Cuts the nuclei out of every field of `fields` that has contours, as `<field>_cell_<n>.png` in
/// `output`, a field's pixels enlarged `scale` times. Returns the number of cells, and the number of
/// contours that surround nothing.
///
/// # Errors
/// A folder without contours, and any file that is missing, cannot be read or written.
pub fn crop_fields(fields: &Path, output: &Path, scale: f32) -> Result<(usize, usize)> {
    let folder = fields.join("contour");
    let contours: Vec<(String, PathBuf)> = entries(&folder)?
        .into_iter()
        .filter_map(|path| {
            let field = path.file_name()?.to_str()?.strip_suffix(CONTOURS_END)?;
            Some((field.to_string(), path))
        })
        .collect();
    if contours.is_empty() {
        bail!("{} holds no file <field>{CONTOURS_END}", folder.display());
    }
    std::fs::create_dir_all(output)
        .with_context(|| format!("cannot write {}", output.display()))?;
    let (mut cut, mut left_out) = (0, 0);
    for (field, path) in contours {
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let contours = read_contours(&bytes)
            .with_context(|| format!("{} is not as expected", path.display()))?;
        let images = fields.join("images");
        let Some(image) = image_in(&images, &field) else {
            bail!("{field} has contours but no image in {}", images.display());
        };
        let context = || format!("cannot read {}", image.display());
        let picture =
            decode(&std::fs::read(&image).with_context(context)?).with_context(context)?;
        for (n, contour) in contours.iter().enumerate() {
            let Some(cell) = crop(&picture, &contour.points, scale) else {
                left_out += 1;
                continue;
            };
            let file = output.join(format!("{field}{FIELD_END}{n}.png"));
            cell.pixels()
                .save(&file)
                .with_context(|| format!("cannot write {}", file.display()))?;
            cut += 1;
        }
    }
    Ok((cut, left_out))
}
