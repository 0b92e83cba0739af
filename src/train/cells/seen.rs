//! The cells that a network was trained on, told by its checkpoint.
//!
//! A network repeats the labels of its training cells, so nothing that is learnt from it can be
//! measured on them. A checkpoint therefore keeps a fingerprint of each cell whose label went into its
//! weights: its own training cells, and the cells of the network that it started from and of its
//! teachers. It knows them wherever the data folder lies today, and whatever its splits have become.
//!
//! Checkpoints of older versions have no such list. Their settings name a data folder and a split: where
//! that folder is at hand, the list is made from it.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde_json::Value;

use super::config::TrainConfig;
use super::data::{DataError, Record};
use crate::checkpoint::Checkpoint;

/// Bytes of a fingerprint. The study's 2,444 training cells take 16 kB, and one comparison with its
/// 523 validation cells errs with a chance of one in a million.
const BYTES: usize = 5;

/// Ends a list that is not complete.
const MORE: char = '?';

/// The settings that decide which labels went into a network.
const SETTINGS: [&str; 8] = [
    "data",
    "split",
    "splits",
    "train_split",
    "hold_out",
    "init",
    "teachers",
    "answers",
];

/// A hash of a cell's id and of the bytes of its picture: another picture under the same id is another
/// cell, and so is the same picture under another id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of one cell.
    ///
    /// # Errors
    /// [`DataError::File`] where its picture cannot be read.
    pub fn of(record: &Record) -> Result<Self, DataError> {
        let picture = record.bytes()?;
        let id = record.id.bytes().chain([0]); // No id holds a 0.
        Ok(Self::hash(id.chain(picture)))
    }

    /// FNV-1a of 64 bits (Fowler, Noll and Vo), folded to the bytes that are kept. The standard
    /// library's hash may change from version to version.
    fn hash(bytes: impl Iterator<Item = u8>) -> Self {
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let bits = 8 * BYTES as u32;
        Self((hash >> bits) ^ (hash & ((1 << bits) - 1)))
    }
}

impl fmt::Display for Fingerprint {
    /// In hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$x}", self.0, width = 2 * BYTES)
    }
}

/// A set of cells, by their fingerprints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenCells(BTreeSet<Fingerprint>);

impl SeenCells {
    /// The cells of `records`.
    ///
    /// # Errors
    /// [`DataError::File`] for the first picture that cannot be read.
    pub fn of(records: &[Record]) -> Result<Self, DataError> {
        let fingerprints = records.iter().map(Fingerprint::of);
        Ok(Self(fingerprints.collect::<Result<_, _>>()?))
    }

    /// Whether a cell is among them.
    pub fn contains(&self, cell: Fingerprint) -> bool {
        self.0.contains(&cell)
    }

    /// Adds the cells of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// As text: the fingerprints in rising order, each as 5 bytes, in base64.
    pub fn encode(&self) -> String {
        let bytes = self
            .0
            .iter()
            .flat_map(|cell| cell.0.to_le_bytes().into_iter().take(BYTES));
        BASE64_STANDARD_NO_PAD.encode(bytes.collect::<Vec<u8>>())
    }

    /// The set that [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// Text of another form.
    pub fn decode(text: &str) -> Result<Self> {
        let bytes = BASE64_STANDARD_NO_PAD.decode(text)?;
        let (cells, rest) = bytes.as_chunks::<BYTES>();
        ensure!(rest.is_empty(), "it is cut short");
        let number = |cell: &[u8; BYTES]| cell.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
        Ok(Self(
            cells.iter().map(|cell| Fingerprint(number(cell))).collect(),
        ))
    }
}

/// The training cells of a network, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The known cells.
    pub cells: SeenCells,
    /// The networks that do not tell all of their cells: they, or networks that they learnt from, are
    /// files of an older version.
    pub untold: BTreeSet<String>,
}

impl Seen {
    /// The cells of `records`.
    ///
    /// # Errors
    /// [`DataError::File`] for the first picture that cannot be read.
    pub fn of(records: &[Record]) -> Result<Self, DataError> {
        Ok(Self {
            cells: SeenCells::of(records)?,
            untold: BTreeSet::new(),
        })
    }

    /// The cells that the checkpoint called `name` tells. A network that was imported from another
    /// library has seen no labelled cell. For a network of an older version they are the training cells
    /// that its settings name.
    ///
    /// # Errors
    /// A checkpoint whose list of cells cannot be read.
    pub fn by(name: &str, checkpoint: &Checkpoint) -> Result<Self> {
        let settings = &checkpoint.card.provenance.settings;
        match &checkpoint.trained_on {
            Some(text) => {
                let context = || format!("the training cells of {name} cannot be read");
                Self::decode(text, name).with_context(context)
            }
            None if settings.is_null() => Ok(Self::default()),
            None => Self::by_settings(name, checkpoint),
        }
    }

    /// The training cells that the settings of a checkpoint name, where they are at hand.
    fn by_settings(name: &str, checkpoint: &Checkpoint) -> Result<Self> {
        let context = || format!("the training cells of {name} are not known");
        let task = checkpoint.card.classification().with_context(context)?;
        let config = settings_of_cells(&checkpoint.card.provenance.settings);
        let cells = config.as_ref().and_then(|config| {
            let records = config.training_cells(&task.features).ok()?;
            SeenCells::of(&records).ok()
        });
        let is_whole = cells.is_some() && config.is_some_and(|c| !c.has_ancestors());
        let untold = (!is_whole).then(|| name.into());
        Ok(Self {
            cells: cells.unwrap_or_default(),
            untold: untold.into_iter().collect(),
        })
    }

    /// Whether not one training cell is known, although there were some.
    pub fn is_unknown(&self) -> bool {
        self.cells.0.is_empty() && !self.untold.is_empty()
    }

    /// Adds the cells of another network.
    pub fn extend(&mut self, other: &Self) {
        self.cells.extend(&other.cells);
        self.untold.extend(other.untold.iter().cloned());
    }

    /// As a checkpoint keeps it.
    pub fn encode(&self) -> String {
        let mut text = self.cells.encode();
        text.extend((!self.untold.is_empty()).then_some(MORE));
        text
    }

    /// The cells that [`encode`](Self::encode) wrote in the checkpoint called `name`.
    ///
    /// # Errors
    /// Text of another form.
    pub fn decode(text: &str, name: &str) -> Result<Self> {
        Ok(match text.strip_suffix(MORE) {
            None => Self {
                cells: SeenCells::decode(text)?,
                untold: BTreeSet::new(),
            },
            Some(text) => Self {
                cells: SeenCells::decode(text)?,
                untold: BTreeSet::from([name.into()]),
            },
        })
    }

    /// Refuses to start from or learn from the network `name` where it has seen cells of `val`. Warns
    /// of each network that does not tell.
    ///
    /// # Errors
    /// The number of cells that it has seen.
    pub fn refuse_validated(
        &self,
        name: &str,
        val: &[Record],
        warn: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let mut both = 0;
        for record in val {
            both += usize::from(self.cells.contains(Fingerprint::of(record)?));
        }
        if both > 0 {
            bail!(
                "{name} was trained on {both} of the {} cells that this run validates on, so its \
                 figures would say nothing; keep to one split and fold",
                val.len()
            );
        }
        for name in &self.untold {
            warn(&format!(
                "{name} does not tell all the cells that it was trained on: it, or a network before \
                 it, is of an older version, and not all of its data is at hand. If cells that this \
                 run validates on were among them, the figures of this run will be too good"
            ));
        }
        Ok(())
    }
}

/// The [`SETTINGS`] of a model card; `None` where it names no data folder.
fn settings_of_cells(settings: &Value) -> Option<TrainConfig> {
    let mut settings = settings.as_object()?.clone();
    settings.retain(|name, _| SETTINGS.contains(&name.as_str()));
    settings.get("data")?;
    serde_json::from_value(Value::Object(settings)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(numbers: &[u64]) -> SeenCells {
        SeenCells(numbers.iter().copied().map(Fingerprint).collect())
    }

    #[test]
    fn cells_are_read_as_they_are_written() {
        let some = cells(&[0, 7, 0xff_ffff_ffff]);
        let text = some.encode();
        assert_eq!(SeenCells::decode(&text).expect("cells"), some);
        assert_eq!(SeenCells::decode("").expect("no cell"), cells(&[]));
        let seen = Seen {
            cells: some,
            untold: BTreeSet::from(["old".into()]),
        };
        assert_eq!(Seen::decode(&seen.encode(), "old").expect("cells"), seen);
        for wrong in ["?", &text[1..]] {
            assert!(SeenCells::decode(wrong).is_err(), "{wrong}");
        }
    }

    /// The values of "a" and "foobar" in the authors' own tests of FNV-1a, folded to 40 bits.
    #[test]
    fn the_hash_is_fnv_1a() {
        for (text, hash) in [
            ("a", 0xaf63_dc4c_8601_ec8cu64),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            let folded = (hash >> 40) ^ (hash & 0xff_ffff_ffff);
            assert_eq!(
                Fingerprint::hash(text.bytes()),
                Fingerprint(folded),
                "{text}"
            );
        }
    }
}
