//! Unpacks a tile or strip.

use std::io::Read;

use flate2::read::ZlibDecoder;
use weezl::{BitOrder, LzwStatus};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::directory::{Directory, File};
use super::jpeg2000;
use super::{broken, tag, too_much_memory, truncated, unsupported};
use crate::image::decode::{DecodeError, MAX_PIXELS};

/// How the chunks of a picture are packed.
pub enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    /// Fax, group 4 (ITU-T T.6).
    Fax,
    Jpeg {
        /// Tables that all chunks share: a JPEG without a picture.
        tables: Vec<u8>,
        /// Whether the chunks hold YCbCr, which is turned to RGB as they are unpacked.
        is_ycbcr: bool,
    },
    /// JPEG 2000 (ISO/IEC 15444-1).
    Jpeg2000 {
        /// Whether the chunks hold YCbCr and do not say so, as in some slides of Aperio's.
        is_ycbcr: bool,
    },
}

impl Compression {
    pub fn of(
        file: &mut File<'_>,
        directory: &Directory,
        is_planar: bool,
    ) -> Result<Self, DecodeError> {
        let kind = match file.find(directory, tag::COMPRESSION)?.unwrap_or(1) {
            1 => return Ok(Self::None),
            4 => return Ok(Self::Fax),
            5 => return Ok(Self::Lzw),
            7 => {
                let tables = match directory.get(tag::JPEG_TABLES) {
                    Some(entry) => file.numbers(entry, 0..entry.count)?,
                    None => Vec::new(),
                };
                let photometric = file.find(directory, tag::PHOTOMETRIC)?;
                return Ok(Self::Jpeg {
                    tables: tables.into_iter().map(|byte| byte as u8).collect(),
                    is_ycbcr: photometric == Some(tag::YCBCR) && !is_planar,
                });
            }
            kind @ (33_003 | 33_005 | 34_712) if jpeg2000::IS_READ => {
                let is_ycbcr = kind == 33_003;
                return Ok(Self::Jpeg2000 { is_ycbcr });
            }
            8 | 32_946 => return Ok(Self::Deflate),
            32_773 => return Ok(Self::PackBits),
            2 | 3 => "fax group 3 compression".into(),
            6 => "JPEG compression of the old form".into(),
            33_003 | 33_005 | 34_712 => "JPEG 2000 compression".into(),
            34_925 => "LZMA compression".into(),
            50_000 => "Zstandard compression".into(),
            50_001 => "WebP compression".into(),
            other => format!("compression {other}"),
        };
        Err(unsupported(kind))
    }

    /// Whether it packs bytes alone.
    pub fn is_of_bytes(&self) -> bool {
        matches!(self, Self::Jpeg { .. } | Self::Jpeg2000 { .. })
    }

    /// Whether unpacked chunks hold RGB, though the file says YCbCr.
    pub fn is_of_rgb(&self) -> bool {
        matches!(
            self,
            Self::Jpeg { is_ycbcr: true, .. } | Self::Jpeg2000 { is_ycbcr: false }
        )
    }

    /// Whether unpacked chunks hold YCbCr, though the file says RGB.
    pub fn is_of_ycbcr(&self) -> bool {
        matches!(self, Self::Jpeg2000 { is_ycbcr: true })
    }

    /// The first `length` bytes of a chunk that is unpacked.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] where it holds fewer, [`DecodeError::Broken`] where it cannot be unpacked.
    pub fn unpack(
        &self,
        packed: Vec<u8>,
        size: [u32; 2],
        samples: u16,
        length: usize,
    ) -> Result<Vec<u8>, DecodeError> {
        let mut bytes = match self {
            Self::None => packed,
            Self::Lzw => lzw(&packed, length)?,
            Self::Deflate => {
                let mut bytes = Vec::new();
                let mut unpacked = ZlibDecoder::new(&packed[..]).take(length as u64);
                unpacked.read_to_end(&mut bytes).map_err(broken)?;
                bytes
            }
            Self::PackBits => pack_bits(&packed, length),
            Self::Fax => fax(packed, size[0], length)?,
            Self::Jpeg2000 { .. } => jpeg2000::unpack(&packed, size, samples)?,
            Self::Jpeg { tables, is_ycbcr } => jpeg(&packed, tables, *is_ycbcr, size, samples)?,
        };
        if bytes.len() < length {
            return Err(truncated());
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// LZW with TIFF's early change of the length of codes.
fn lzw(packed: &[u8], length: usize) -> Result<Vec<u8>, DecodeError> {
    let configuration = weezl::decode::Configuration::with_tiff_size_switch(BitOrder::Msb, 8);
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let (mut bytes, mut read, mut written) = (vec![0; length], 0, 0);
    while written < length {
        let step = decoder.decode_bytes(&packed[read..], &mut bytes[written..]);
        read += step.consumed_in;
        written += step.consumed_out;
        match step.status.map_err(broken)? {
            LzwStatus::Ok if step.consumed_in + step.consumed_out > 0 => {}
            _ => break,
        }
    }
    bytes.truncate(written);
    Ok(bytes)
}

/// Runs of bytes (TIFF 6.0, section 9).
fn pack_bits(packed: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(&head) = packed.get(at)
        && bytes.len() < length
    {
        at += 1;
        match head as i8 {
            -128 => {}
            head @ ..0 => {
                let Some(&byte) = packed.get(at) else { break };
                bytes.resize(bytes.len() + 1 + usize::from(head.unsigned_abs()), byte);
                at += 1;
            }
            head => {
                let end = packed.len().min(at + 1 + head as usize);
                bytes.extend(&packed[at..end]);
                at = end;
            }
        }
    }
    bytes
}

/// Lines of black (1) and white (0) bits, each from a new byte on.
fn fax(packed: Vec<u8>, width: u32, length: usize) -> Result<Vec<u8>, DecodeError> {
    let lines = length.div_ceil(width.div_ceil(8) as usize);
    let lines = u16::try_from(lines).map_err(broken)?;
    let width = u16::try_from(width).map_err(broken)?;
    let mut bytes = Vec::new();
    let add_line = |transitions: &[u16]| {
        let mut bits = fax::decoder::pels(transitions, width).peekable();
        while bits.peek().is_some() {
            let byte = (0..8).fold(0, |byte, _| {
                (byte << 1) | u8::from(bits.next() == Some(fax::Color::Black))
            });
            bytes.push(byte);
        }
    };
    fax::decoder::decode_g4(packed.into_iter(), width, Some(lines), add_line)
        .ok_or_else(|| broken("its fax lines cannot be unpacked"))?;
    Ok(bytes)
}

/// A JPEG of the size of the chunk, or less high. No other size is unpacked, so a small file cannot ask for a large
/// memory.
fn jpeg(
    packed: &[u8],
    tables: &[u8],
    is_ycbcr: bool,
    [width, height]: [u32; 2],
    samples: u16,
) -> Result<Vec<u8>, DecodeError> {
    // The tables' end and the picture's start are left out between them.
    let tables = tables.strip_suffix(b"\xFF\xD9").unwrap_or(tables);
    let file = match tables {
        [] => packed.to_vec(),
        tables => [tables, packed.get(2..).unwrap_or_default()].concat(),
    };
    let options = DecoderOptions::default()
        .set_max_width(width as usize)
        .set_max_height(height as usize);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(broken)?;
    let stored = decoder.input_colorspace().unwrap_or(ColorSpace::YCbCr);
    let wanted = if is_ycbcr { ColorSpace::RGB } else { stored };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let (jpeg_width, jpeg_height) = decoder.dimensions().unwrap_or_default();
    if jpeg_width as u64 * jpeg_height as u64 > MAX_PIXELS {
        return Err(too_much_memory());
    }
    if jpeg_width != width as usize || wanted.num_components() != usize::from(samples) {
        return Err(broken("a JPEG in it has another size than its tile"));
    }
    decoder.decode().map_err(broken)
}
