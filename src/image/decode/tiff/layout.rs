//! How the numbers of one picture lie in the file.

use std::ops::Range;

use super::chunk::Compression;
use super::directory::{Entry, File};
use super::page::Page;
use super::{broken, tag, too_much_memory, unsupported};
use crate::image::decode::{DecodeError, MAX_ALLOCATION};

/// The longest side of a tile, or the height of a strip, that is unpacked for nothing where a picture is smaller.
const MAX_TILE_SIDE: u32 = 16_384;
/// The most channels of a picture.
const MAX_SAMPLES: u64 = 64;
/// The most samples in a row of a chunk: a strip is as wide as a slide.
const MAX_ROW: u64 = 1 << 24;

/// The layout of one picture: its tiles or strips ("chunks"), and the numbers in them ("samples").
pub struct Layout {
    pub width: u32,
    pub height: u32,
    /// Width and height of a chunk in pixels; a strip is as wide as the picture.
    pub chunk: [u32; 2],
    /// Channels of a pixel.
    pub samples: u16,
    /// 1 where the channels of a pixel lie side by side, else the number of channels.
    pub planes: u16,
    /// Bits of a sample, 1 to 16.
    pub bits: u16,
    is_big_endian: bool,
    is_predicted: bool,
    pub compression: Compression,
    offsets: Entry,
    lengths: Entry,
}

impl Layout {
    /// Reads the tags.
    ///
    /// # Errors
    /// [`DecodeError::Unsupported`] for what is not read, [`DecodeError::Broken`] for tags that contradict
    /// each other.
    pub fn of(file: &mut File<'_>, page: &Page) -> Result<Self, DecodeError> {
        let directory = &page.directory;
        let (width, height) = (page.width, page.height);
        let samples = file.find(directory, tag::SAMPLES)?.unwrap_or(1);
        if samples == 0 || samples > MAX_SAMPLES {
            return Err(broken(format!("it has {samples} channels")));
        }
        let bits = match directory.get(tag::BITS) {
            Some(entry) => file.numbers(entry, 0..entry.count.min(samples))?,
            None => vec![1],
        };
        let bits = match bits[..] {
            [first, ..] if bits.iter().all(|&other| other == first) => first,
            _ => return Err(unsupported("channels of different depths")),
        };
        match file.find(directory, tag::SAMPLE_FORMAT)?.unwrap_or(1) {
            1 | 4 => {}
            2 => return Err(unsupported("signed pixels")),
            3 => return Err(unsupported("floating-point pixels")),
            _ => return Err(unsupported("complex pixels")),
        }
        if !(1..=16).contains(&bits) {
            return Err(unsupported(format!("{bits} bits a channel")));
        }
        let is_planar = samples > 1 && file.find(directory, tag::PLANAR)? == Some(2);
        let is_predicted = match file.find(directory, tag::PREDICTOR)?.unwrap_or(1) {
            1 => false,
            2 => true,
            other => return Err(unsupported(format!("predictor {other}"))),
        };
        let side = |number: Option<u64>| match number.map(u32::try_from) {
            Some(Ok(side)) if side > 0 => Ok(side),
            _ => Err(broken("its tiles or strips have no size")),
        };
        let (chunk, offsets, lengths);
        if let Some(tiles) = directory.get(tag::TILE_OFFSETS) {
            let tile_width = side(file.find(directory, tag::TILE_WIDTH)?)?;
            let tile_height = side(file.find(directory, tag::TILE_HEIGHT)?)?;
            if tile_width.max(tile_height) > MAX_TILE_SIDE {
                return Err(broken(format!(
                    "its tiles measure {tile_width} × {tile_height} pixels"
                )));
            }
            chunk = [tile_width, tile_height];
            offsets = Some(tiles);
            lengths = directory.get(tag::TILE_LENGTHS);
        } else {
            let rows = file.find(directory, tag::ROWS_PER_STRIP)?;
            let rows = rows.unwrap_or(height.into()).min(height.into());
            chunk = [width, side(Some(rows))?];
            offsets = directory.get(tag::STRIP_OFFSETS);
            lengths = directory.get(tag::STRIP_LENGTHS);
        }
        let (Some(offsets), Some(lengths)) = (offsets, lengths) else {
            return Err(broken("it does not tell where its pixels are"));
        };
        if u64::from(chunk[0]) * samples > MAX_ROW {
            return Err(broken(format!("its rows are {} pixels long", chunk[0])));
        }
        let compression = Compression::of(file, directory, is_planar)?;
        if bits != 8 && compression.is_of_bytes() {
            return Err(unsupported(format!("{bits} bits a channel in JPEG")));
        }
        Ok(Self {
            width,
            height,
            chunk,
            samples: samples as u16,
            planes: if is_planar { samples as u16 } else { 1 },
            bits: bits as u16,
            is_big_endian: file.is_big_endian(),
            is_predicted,
            compression,
            offsets,
            lengths,
        })
    }

    /// Samples of a pixel in one plane.
    fn samples_of_plane(&self) -> u16 {
        self.samples / self.planes
    }

    /// Bytes of a row of one chunk and plane.
    pub fn row_bytes(&self) -> u64 {
        let samples = u64::from(self.chunk[0]) * u64::from(self.samples_of_plane());
        (samples * u64::from(self.bits)).div_ceil(8)
    }

    /// Some rows of the chunk at a place, as bytes of [`row_bytes`](Self::row_bytes) each.
    pub fn rows(
        &self,
        file: &mut File<'_>,
        [column, row]: [u32; 2],
        plane: u16,
        rows: Range<u32>,
    ) -> Result<Vec<u8>, DecodeError> {
        let across = u64::from(self.width.div_ceil(self.chunk[0]));
        let down = u64::from(self.height.div_ceil(self.chunk[1]));
        let index = (u64::from(plane) * down + u64::from(row)) * across + u64::from(column);
        let offset = file.numbers(self.offsets, index..index + 1)?[0];
        let length = file.numbers(self.lengths, index..index + 1)?[0];
        let before = u64::from(rows.start) * self.row_bytes();
        let end = u64::from(rows.end) * self.row_bytes();
        if length > MAX_ALLOCATION {
            return Err(too_much_memory());
        }
        if matches!(self.compression, Compression::None) {
            return file.bytes(offset.saturating_add(before), end - before);
        }
        let packed = file.bytes(offset, length)?;
        let samples = self.samples_of_plane();
        let mut bytes = self
            .compression
            .unpack(packed, self.chunk, samples, end as usize)?;
        bytes.drain(..before as usize);
        Ok(bytes)
    }

    /// The samples in the bytes of a row, into every `step`th place from the first on.
    pub fn samples(&self, bytes: &[u8], into: &mut [u16], step: usize) {
        let places = into.iter_mut().step_by(step);
        match (self.bits, self.is_big_endian) {
            (8, _) => {
                for (place, &byte) in places.zip(bytes) {
                    *place = byte.into();
                }
            }
            (16, is_big_endian) => {
                for (place, bytes) in places.zip(bytes.chunks_exact(2)) {
                    let bytes = [bytes[0], bytes[1]];
                    *place = match is_big_endian {
                        true => u16::from_be_bytes(bytes),
                        false => u16::from_le_bytes(bytes),
                    };
                }
            }
            // Packed from the high bit on, whatever the byte order.
            (bits, _) => {
                for (index, place) in places.enumerate() {
                    let first = index * usize::from(bits);
                    let word = (0..3).fold(0u32, |word, next| {
                        let byte = bytes.get(first / 8 + next).copied().unwrap_or(0);
                        (word << 8) | u32::from(byte)
                    });
                    let right = 24 - first % 8 - usize::from(bits);
                    *place = ((word >> right) & ((1 << bits) - 1)) as u16;
                }
            }
        }
        if self.is_predicted {
            let back = usize::from(self.samples_of_plane()) * step;
            let mask = u16::MAX >> (16 - self.bits);
            for place in (back..into.len()).step_by(step) {
                into[place] = into[place].wrapping_add(into[place - back]) & mask;
            }
        }
    }
}
