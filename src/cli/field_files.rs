//! The files that belong to a field: `<field>_contours.json` and its like.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::image::EXTENSIONS;

/// The end of the name of the file with a field's nuclei.
pub(super) const CONTOURS_END: &str = "_contours.json";
/// The end of the name of the file with a field's objects that nobody reads.
pub(super) const LEFT_OUT_END: &str = "_left_out.json";

/// The name of a field: that of its image file without the ending.
pub(super) fn field_name(image: &Path) -> String {
    let stem = image.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The path of `<field><end>` in the folder of an image file.
pub(super) fn beside(image: &Path, end: &str) -> PathBuf {
    image.with_file_name(field_name(image) + end)
}

/// The contour files of a folder, by field.
///
/// # Errors
/// A folder that cannot be read, or holds none.
pub(super) fn contour_files(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let context = || format!("cannot read {}", folder.display());
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(field) = name.and_then(|name| name.strip_suffix(CONTOURS_END)) {
            files.insert(field.to_string(), path);
        }
    }
    if files.is_empty() {
        bail!("{} holds no file <field>{CONTOURS_END}", folder.display());
    }
    Ok(files)
}

/// The image of a field in a folder, whatever its format.
pub(super) fn image_of(folder: &Path, field: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.find(|path| path.is_file() && path.file_stem().is_some_and(|stem| stem == field))
}

/// The images that paths name: files as they are, and the images in folders, by name.
///
/// # Errors
/// A folder that cannot be read, or holds none.
pub(super) fn fields_in(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut fields = Vec::new();
    for path in paths {
        if !path.is_dir() {
            fields.push(path.clone());
            continue;
        }
        let context = || format!("cannot read {}", path.display());
        let entries = std::fs::read_dir(path).with_context(context)?;
        let mut images = Vec::new();
        for entry in entries {
            let file = entry.with_context(context)?.path();
            let end = file.extension().and_then(|end| end.to_str());
            if end.is_some_and(|end| {
                EXTENSIONS
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(end))
            }) {
                images.push(file);
            }
        }
        if images.is_empty() {
            bail!("{} holds no image", path.display());
        }
        images.sort();
        fields.extend(images);
    }
    Ok(fields)
}
