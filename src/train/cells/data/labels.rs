//! Label files.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::listing::image_in;
use super::{DataError, Record};

/// A labelled cell before it is checked.
pub struct Labelled {
    pub id: String,
    pub labels: Vec<u8>,
    /// The split that it was published in; none in a flat folder.
    pub home: Option<String>,
}

impl Labelled {
    /// The record of a cell whose image lies in one of `folders`.
    ///
    /// # Errors
    /// [`DataError::Labels`] where the labels are not `features` values of 0 or 1, and
    /// [`DataError::NoImage`].
    pub fn record(self, folders: &[PathBuf], features: usize) -> Result<Record, DataError> {
        let Self { id, labels, .. } = self;
        if labels.len() != features || labels.iter().any(|&label| label > 1) {
            return Err(DataError::Labels {
                id,
                labels,
                features,
            });
        }
        let image = folders.iter().find_map(|folder| image_in(folder, &id));
        match image {
            Some(path) => Ok(Record {
                id,
                path,
                labels: labels.into_iter().map(|label| label == 1).collect(),
            }),
            None => Err(DataError::NoImage {
                path: folders
                    .first()
                    .map_or_else(PathBuf::new, |folder| folder.join(&id)),
                id,
            }),
        }
    }
}

/// The cells of one file of labels, by id.
pub fn read_labels(
    path: &Path,
    home: Option<&str>,
) -> Result<Vec<Result<Labelled, DataError>>, DataError> {
    let Entries(mut entries) = read_json::<Entries<Vec<u8>>>(path)?;
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    let same_id = entries.chunk_by(|(a, _), (b, _)| a == b);
    Ok(same_id
        .map(|same| match same {
            [(id, labels)] => Ok(Labelled {
                id: id.clone(),
                labels: labels.clone(),
                home: home.map(Into::into),
            }),
            _ => Err(DataError::Twice {
                id: same[0].0.clone(),
                path: path.into(),
            }),
        })
        .collect())
}

/// A JSON object's entries as they stand in the file: of two entries with the same name, a map would
/// keep the last one silently.
struct Entries<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Collect<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object {\"<id>\": [0, 1, …]}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Collect(PhantomData))
    }
}

/// The contents of a JSON file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, DataError> {
    let text = std::fs::read(path).map_err(|error| DataError::File {
        path: path.into(),
        error,
    })?;
    serde_json::from_slice(&text).map_err(|error| DataError::Json {
        path: path.into(),
        error,
    })
}
