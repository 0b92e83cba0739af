//! From a file's bytes to upright RGB pixels, or to a sentence that names the fault.
//!
//! The content tells the format, never the name. The size in a header is checked before anything is
//! decoded, so a small file cannot ask for a large memory. Animations and multi-page files give their
//! first picture. Colour profiles are not applied, as in the study's training.
//! [`CellImage`](super::CellImage) decides whether the picture is a cell image.

use std::error::Error;
use std::io::{Cursor, ErrorKind};

use ::image::error::{ImageError, UnsupportedErrorKind};
use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

/// The endings of image files, in the order in which they are looked for.
pub const EXTENSIONS: [&str; 7] = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"];

/// The longest side that is read, in pixels: more than any microscope camera gives, less than a
/// whole-slide scan.
pub const MAX_SIDE: u32 = 16_384;

/// The most pixels that are read. At 16 bits with alpha they take 400 MB, which still fits a browser
/// tab.
pub const MAX_PIXELS: u64 = 50_000_000;

/// The memory that a decoder may allocate, in bytes: the largest picture, and room to unpack it.
const MAX_ALLOCATION: u64 = 512 << 20;

/// The formats that are read, as a message names them.
const ACCEPTED: &str = "PNG, JPEG, WebP, TIFF and BMP";

/// The reason why a file gives no pixels. Each message continues the file's name: "cell.jpg is
/// empty …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("is empty: it holds no bytes; copy it again from its source")]
    Empty,
    /// The content has none of the accepted formats.
    #[error("is not an image: {found}; {ACCEPTED} can be read")]
    NotAnImage {
        /// The likely content of the file.
        found: &'static str,
    },
    /// An image of a format or kind that is not read.
    #[error("cannot be read: {kind} is not supported; save it as an 8-bit RGB PNG")]
    Unsupported {
        /// The format, or the kind of pixels in it.
        kind: String,
    },
    /// The header announces too many pixels; nothing was decoded.
    #[error(
        "is too large: {width} × {height} pixels, where the limit is {MAX_SIDE} a side and \
         {} million in all; crop it or save it smaller",
        MAX_PIXELS / 1_000_000
    )]
    TooLarge {
        /// Announced width in pixels.
        width: u32,
        /// Announced height in pixels.
        height: u32,
    },
    /// The file ends before its last pixel: an interrupted copy or download.
    #[error("is truncated: this {format} ends before its last pixel; copy it again")]
    Truncated {
        /// The file's format.
        format: &'static str,
    },
    /// The content contradicts itself.
    #[error("is a damaged {format}: {reason}")]
    Broken {
        /// The file's format.
        format: &'static str,
        /// The decoder's complaint.
        reason: String,
    },
}

/// Decodes one PNG, JPEG, WebP, TIFF or BMP file into upright RGB, 8 bits a channel.
///
/// EXIF and TIFF orientation is applied. Transparent pixels are laid on white. Palettes and greys
/// become RGB, and 16-bit samples are rounded to 8. A JPEG may carry other data after its end.
///
/// # Errors
/// A [`DecodeError`] for anything else; no input makes it panic.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let format = Accepted::of(bytes)?;
    let is_cut = !format.is_complete(bytes);
    let cut = DecodeError::Truncated {
        format: format.name(),
    };
    let failed = |error| {
        if is_cut {
            cut.clone()
        } else {
            format.error(error)
        }
    };

    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.0);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;

    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(DecodeError::TooLarge { width, height });
    }
    if width == 0 || height == 0 {
        return Err(format.broken(format!("its size is {width} × {height} pixels")));
    }
    if is_cut {
        return Err(cut);
    }
    // Without readable metadata the picture stays as it is stored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    if matches!(
        image,
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_)
    ) {
        // Their range is unknown; a picture in 0..255 would become white.
        return Err(DecodeError::Unsupported {
            kind: "floating-point pixels".into(),
        });
    }
    image.apply_orientation(orientation);
    Ok(on_white(image))
}

/// Lays transparent pixels on white.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let alpha = u32::from(from[3]);
        for channel in 0..3 {
            let sum = u32::from(from[channel]) * alpha + 255 * (255 - alpha);
            to[channel] = ((sum + 127) / 255) as u8; // rounded to nearest
        }
    }
    rgb
}

/// True where the file holds its own end-of-image marker.
///
/// The decoder fills the missing part of a cut JPEG with grey and reports success, so the segments
/// are walked here (ITU-T T.81, annex B): by their lengths, so that the end of an embedded thumbnail
/// does not count as the picture's, and marker by marker through the compressed data.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    const END: u8 = 0xD9;
    let mut at = 2; // after the start-of-image marker
    while let Some(&[first, marker]) = bytes.get(at..at + 2) {
        at += match (first, marker) {
            (0xFF, END) => return true,
            // Compressed data, a stuffed zero, fill bytes, restart and other bare markers.
            (0xFF, 0x00 | 0x01 | 0xD0..=0xD8) => 2,
            (0..0xFF, _) | (_, 0xFF) => 1,
            _ => match bytes.get(at + 2..at + 4) {
                Some(&[high, low]) => 2 + usize::from(u16::from_be_bytes([high, low])),
                _ => return false,
            },
        };
    }
    false
}

/// One of the formats that are read.
#[derive(Clone, Copy)]
struct Accepted(ImageFormat);

impl Accepted {
    fn of(bytes: &[u8]) -> Result<Self, DecodeError> {
        use ImageFormat::{Avif, Bmp, Gif, Jpeg, Png, Tiff, WebP};
        let unsupported = |kind: &str| Err(DecodeError::Unsupported { kind: kind.into() });
        match ::image::guess_format(bytes) {
            Ok(format @ (Png | Jpeg | WebP | Tiff | Bmp)) => Ok(Self(format)),
            Ok(Gif) => unsupported("GIF"),
            Ok(Avif) => unsupported("AVIF"),
            _ if bytes.get(128..132) == Some(b"DICM") => unsupported("DICOM"),
            _ if bytes.get(4..8) == Some(b"ftyp") => unsupported("HEIC or video"),
            _ if bytes.starts_with(b"II+\0") || bytes.starts_with(b"MM\0+") => {
                unsupported("BigTIFF")
            }
            _ => Err(DecodeError::NotAnImage {
                found: describe(bytes),
            }),
        }
    }

    fn name(self) -> &'static str {
        match self.0 {
            ImageFormat::Png => "PNG",
            ImageFormat::Jpeg => "JPEG",
            ImageFormat::WebP => "WebP",
            ImageFormat::Tiff => "TIFF",
            _ => "BMP",
        }
    }

    /// False where the file ends before its announced end. Only formats whose decoders do not notice
    /// are looked at.
    fn is_complete(self, bytes: &[u8]) -> bool {
        match self.0 {
            ImageFormat::Jpeg => jpeg_is_complete(bytes),
            ImageFormat::WebP => bytes.get(4..8).is_some_and(|size| {
                let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]);
                bytes.len() as u64 >= 8 + u64::from(size) // RIFF: the size of all after these 8 bytes
            }),
            _ => true, // their decoders report it
        }
    }

    fn broken(self, reason: String) -> DecodeError {
        DecodeError::Broken {
            format: self.name(),
            reason,
        }
    }

    fn error(self, error: ImageError) -> DecodeError {
        if ends_early(&error) {
            return DecodeError::Truncated {
                format: self.name(),
            };
        }
        match error {
            ImageError::Unsupported(error) => {
                let feature = match error.kind() {
                    UnsupportedErrorKind::Color(color) => format!("{color:?} pixels"),
                    UnsupportedErrorKind::GenericFeature(feature) => feature.clone(),
                    _ => error.to_string(),
                };
                DecodeError::Unsupported {
                    kind: format!("{} with {feature}", self.name()),
                }
            }
            ImageError::Limits(_) => self.broken(format!(
                "it asks for more than {} MiB of memory",
                MAX_ALLOCATION >> 20
            )),
            // The decoder's own words, without those of the error around it.
            error => self.broken(
                error
                    .source()
                    .map_or_else(|| error.to_string(), |inner| inner.to_string()),
            ),
        }
    }
}

/// True where the root of the error is a lack of bytes.
fn ends_early(error: &ImageError) -> bool {
    let is_end = |io: &std::io::Error| io.kind() == ErrorKind::UnexpectedEof;
    if let ImageError::IoError(io) = error {
        return is_end(io);
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(is_end) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The likely content of a file that is no image.
fn describe(bytes: &[u8]) -> &'static str {
    let start = &bytes[..bytes.len().min(512)];
    let is_text = match std::str::from_utf8(start) {
        Ok(text) => !text.contains('\0'),
        Err(cut) => cut.error_len().is_none() && !start.contains(&0),
    };
    if start.starts_with(b"%PDF") {
        "it is a PDF"
    } else if start.starts_with(b"PK\x03\x04") {
        "it is a ZIP archive or an Office document"
    } else if is_text {
        "it holds text"
    } else {
        "its first bytes are those of no known image format"
    }
}
