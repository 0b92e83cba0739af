//! The contents of a folder.

use std::path::{Path, PathBuf};

use super::DataError;
use crate::image::EXTENSIONS;

/// The images that a folder holds, by name.
pub fn images_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut images = entries(folder)?;
    images.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| {
            EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
    });
    Ok(images)
}

/// The contents of a folder, by name.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let failed = |error| DataError::File {
        path: folder.into(),
        error,
    };
    let mut paths = std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// The image `<name>.jpg`, or with another extension, of a folder.
pub fn image_in(folder: &Path, name: &str) -> Option<PathBuf> {
    // Not `with_extension`: an id may contain a dot.
    EXTENSIONS
        .iter()
        .map(|extension| folder.join(format!("{name}.{extension}")))
        .find(|path| path.is_file())
}
