//! The directories of a TIFF file: tags with their values, in classic TIFF and BigTIFF, in either byte order.
//!
//! A value is read when it is asked for, and no more of it than that, since the list of a slide's tiles takes
//! megabytes. Nothing is allocated before the file is known to be as long.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use super::{broken, truncated};
use crate::image::decode::DecodeError;

/// The most entries of a directory: real ones have tens.
const MAX_ENTRIES: u64 = 4096;
/// The most bytes of a text that are read; the sizes in OME's XML stand at its beginning.
const MAX_TEXT: u64 = 1 << 20;

/// Bytes that are read in places. A trait object, so that the program holds the reader of TIFF once, not once for
/// files and once for memory.
trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// A TIFF file that is read in places.
pub struct File<'a> {
    reader: Box<dyn Source + 'a>,
    length: u64,
    is_big_endian: bool,
    is_big_tiff: bool,
}

/// The tags of one picture.
pub struct Directory {
    entries: BTreeMap<u16, Entry>,
    /// The place of the next directory in the chain, 0 after the last.
    pub next: u64,
}

/// A tag's values: their type, their number, and their place in the file.
#[derive(Clone, Copy)]
pub struct Entry {
    kind: u16,
    pub count: u64,
    at: u64,
}

impl Entry {
    /// Bytes of one value of a type, `None` for unknown types.
    fn size(kind: u16) -> Option<u64> {
        match kind {
            1 | 2 | 6 | 7 => Some(1),
            3 | 8 => Some(2),
            4 | 9 | 11 | 13 => Some(4),
            5 | 10 | 12 | 16..=18 => Some(8),
            _ => None,
        }
    }
}

impl Directory {
    pub fn get(&self, tag: u16) -> Option<Entry> {
        self.entries.get(&tag).copied()
    }
}

impl<'a> File<'a> {
    /// Reads the header → the file, and the place of its first directory.
    pub fn open(mut reader: impl Read + Seek + 'a) -> Result<(Self, u64), DecodeError> {
        let length = reader.seek(SeekFrom::End(0)).map_err(broken)?;
        let mut file = Self {
            reader: Box::new(reader),
            length,
            is_big_endian: false,
            is_big_tiff: false,
        };
        let header = file.bytes(0, 8)?;
        file.is_big_endian = header.starts_with(b"MM");
        file.is_big_tiff = file.number(&header[2..4]) == 43;
        let first = match file.is_big_tiff {
            false => file.number(&header[4..]),
            true if file.number(&header[4..6]) == 8 => file.number_at(8, 8)?,
            true => return Err(broken("its offsets are not 8 bytes long")),
        };
        Ok((file, first))
    }

    pub fn is_big_endian(&self) -> bool {
        self.is_big_endian
    }

    /// The bytes of a place in the file.
    pub fn bytes(&mut self, at: u64, length: u64) -> Result<Vec<u8>, DecodeError> {
        if at.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(truncated());
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(broken)?];
        let mut read = || {
            self.reader.seek(SeekFrom::Start(at))?;
            self.reader.read_exact(&mut bytes)
        };
        read().map_err(broken)?;
        Ok(bytes)
    }

    /// The directory at a place.
    pub fn directory(&mut self, at: u64) -> Result<Directory, DecodeError> {
        let (count_size, entry_size, value_size) = if self.is_big_tiff {
            (8, 20, 8)
        } else {
            (2, 12, 4)
        };
        let count = self.number_at(at, count_size)?;
        if count > MAX_ENTRIES {
            return Err(broken(format!("it has a directory of {count} tags")));
        }
        let first = at + count_size;
        let bytes = self.bytes(first, count * entry_size + value_size)?;
        let (entries, next) = bytes.split_at((count * entry_size) as usize);
        let places = (first..).step_by(entry_size as usize);
        let entries = entries.chunks_exact(entry_size as usize).zip(places);
        let entries = entries.filter_map(|(bytes, at)| {
            let kind = self.number(&bytes[2..4]) as u16;
            let (count, value) = bytes[4..].split_at(value_size as usize);
            let count = self.number(count);
            let is_inside = Entry::size(kind)?.checked_mul(count)? <= value_size;
            let at = match is_inside {
                true => at + entry_size - value_size,
                false => self.number(value),
            };
            Some((self.number(&bytes[..2]) as u16, Entry { kind, count, at }))
        });
        Ok(Directory {
            entries: entries.collect(),
            next: self.number(next),
        })
    }

    /// Some of the whole numbers of a tag.
    pub fn numbers(&mut self, entry: Entry, range: Range<u64>) -> Result<Vec<u64>, DecodeError> {
        if !matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18) {
            return Err(broken(format!("a tag's type is {}", entry.kind)));
        }
        if range.end > entry.count {
            return Err(broken("a list of numbers in it is too short"));
        }
        let size = Entry::size(entry.kind).unwrap_or(1);
        let at = entry.at.saturating_add(range.start * size);
        let bytes = self.bytes(at, (range.end - range.start) * size)?;
        let values = bytes.chunks_exact(size as usize);
        Ok(values.map(|bytes| self.number(bytes)).collect())
    }

    /// The first number of a tag.
    pub fn find(&mut self, directory: &Directory, tag: u16) -> Result<Option<u64>, DecodeError> {
        match directory.get(tag).filter(|entry| entry.count > 0) {
            Some(entry) => Ok(self.numbers(entry, 0..1)?.first().copied()),
            None => Ok(None),
        }
    }

    /// The text of a tag, up to its first NUL; empty where there is none.
    pub fn text(&mut self, directory: &Directory, tag: u16) -> String {
        let bytes = directory
            .get(tag)
            .filter(|entry| Entry::size(entry.kind) == Some(1))
            .and_then(|entry| self.bytes(entry.at, entry.count.min(MAX_TEXT)).ok())
            .unwrap_or_default();
        let end = bytes.iter().position(|&byte| byte == 0);
        String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
    }

    /// The fraction of a tag.
    pub fn fraction(&mut self, directory: &Directory, tag: u16) -> Option<f64> {
        let entry = directory.get(tag).filter(|entry| entry.kind == 5)?;
        let bytes = self.bytes(entry.at, 8).ok()?;
        let (above, below) = bytes.split_at(4);
        Some(self.number(above) as f64 / self.number(below) as f64)
    }

    fn number_at(&mut self, at: u64, size: u64) -> Result<u64, DecodeError> {
        let bytes = self.bytes(at, size)?;
        Ok(self.number(&bytes))
    }

    fn number(&self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        match self.is_big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        }
    }
}
