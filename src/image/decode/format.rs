//! The formats that are read, told by a file's content, and their decoders' errors in our words.

use std::error::Error;
use std::io::ErrorKind;

use ::image::ImageFormat;
use ::image::error::{ImageError, UnsupportedErrorKind};

use super::{DecodeError, MAX_ALLOCATION, jpeg};

/// One of the formats that are read.
#[derive(Clone, Copy)]
pub struct Accepted(pub ImageFormat);

impl Accepted {
    /// The format of a file.
    pub fn of(bytes: &[u8]) -> Result<Self, DecodeError> {
        use ImageFormat::{Avif, Bmp, Gif, Jpeg, Png, Tiff, WebP};
        let unsupported = |kind: &str| Err(DecodeError::Unsupported { kind: kind.into() });
        if let Some(format) = slide_format(bytes) {
            return Err(DecodeError::SlideFormat { format });
        }
        match ::image::guess_format(bytes) {
            Ok(format @ (Png | Jpeg | WebP | Tiff | Bmp)) => Ok(Self(format)),
            _ if bytes.starts_with(b"II+\0") || bytes.starts_with(b"MM\0+") => Ok(Self(Tiff)),
            Ok(Gif) => unsupported("GIF"),
            Ok(Avif) => unsupported("AVIF"),
            _ if bytes.get(4..8) == Some(b"ftyp") => unsupported("HEIC or video"),
            _ => Err(DecodeError::NotAnImage {
                found: describe(bytes),
            }),
        }
    }

    pub fn name(self) -> &'static str {
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
    pub fn is_complete(self, bytes: &[u8]) -> bool {
        match self.0 {
            ImageFormat::Jpeg => jpeg::is_complete(bytes),
            ImageFormat::WebP => bytes.get(4..8).is_some_and(|size| {
                let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]);
                bytes.len() as u64 >= 8 + u64::from(size) // RIFF: the size of all after these 8 bytes
            }),
            _ => true, // their decoders report it
        }
    }

    pub fn broken(self, reason: String) -> DecodeError {
        DecodeError::Broken {
            format: self.name(),
            reason,
        }
    }

    /// A decoder's error.
    pub fn error(self, error: ImageError) -> DecodeError {
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

/// The formats of slides that no other program's picture has; `tiff` knows those that begin as TIFF does.
fn slide_format(bytes: &[u8]) -> Option<&'static str> {
    let has = |at: usize, text: &[u8]| bytes.get(at..at + text.len()) == Some(text);
    if has(128, b"DICM") {
        Some("DICOM")
    } else if has(0, b"ZISRAWFILE") {
        Some("CZI (Zeiss)")
    } else if has(0, b"SIS\0") || has(0, b"II*\0") && has(8, b"\x18\0IS") {
        Some("VSI (Olympus)")
    } else {
        None
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
