//! The features of a data folder's labels.

use std::path::Path;

use super::DataError;
use super::labels::read_json;
use crate::nuclei::FeatureSet;

/// The names in `features.json` of `folder`, or the nine nuclear features where there is none.
///
/// # Errors
/// [`DataError::Json`] and [`DataError::Features`] for a file that holds no list of different names.
pub fn read_features(folder: &Path) -> Result<FeatureSet, DataError> {
    let path = folder.join("features.json");
    if !path.exists() {
        return Ok(FeatureSet::default());
    }
    let names: Vec<String> = read_json(&path)?;
    match fault_of_names(&names) {
        Some(fault) => Err(DataError::Features { path, fault }),
        None => Ok(FeatureSet::new(names)),
    }
}

/// The fault of a list of names, if it cannot be the list of features.
pub fn fault_of_names(names: &[String]) -> Option<String> {
    if names.is_empty() {
        return Some("it names no feature".into());
    }
    FeatureSet::new(names).fault()
}
