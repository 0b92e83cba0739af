//! The reasons why a file gives no pixels.

use super::{ACCEPTED, MAX_PIXELS, MAX_SIDE};

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
    /// A slide in the form of one maker's scanner, or of a hospital's archive.
    #[error(
        "has the format {format}, which is not supported; export the part that you need as PNG or JPEG, or \
         the whole slide as pyramidal TIFF, with the scanner's own program or QuPath"
    )]
    SlideFormat {
        /// The format's name.
        format: &'static str,
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
    /// A region that does not lie within the picture.
    #[error("has no such region: it measures {width} × {height} pixels")]
    Outside {
        /// The picture's width in pixels.
        width: u32,
        /// The picture's height in pixels.
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
