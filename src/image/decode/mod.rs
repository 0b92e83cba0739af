//! From a file's bytes to upright RGB pixels, or to a sentence that names the fault.
//!
//! The content tells the format, never the name. The size in a header is checked before anything is
//! decoded, so a small file cannot ask for a large memory. Animations give their first picture, files of many
//! pages their largest. Colour profiles are not applied, as in the study's training.
//! [`CellImage`](super::CellImage) decides whether the picture is a cell image.

mod error;
mod format;
mod jpeg;
mod notice;
mod pixels;
mod resolution;
mod tiff;
mod window;

use std::io::Cursor;

use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

pub use self::error::DecodeError;
use self::format::Accepted;
pub use self::notice::Notice;
pub use self::tiff::{Level, Pyramid, Region};
pub use self::window::Window;

/// The endings of image files, in the order in which they are looked for.
pub const EXTENSIONS: [&str; 7] = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"];

/// The longest side that is read at once, in pixels: more than any microscope camera gives, less than a
/// whole-slide scan.
pub const MAX_SIDE: u32 = 16_384;

/// The most pixels that are read at once. At 16 bits with alpha they take 400 MB, which still fits a browser
/// tab.
pub const MAX_PIXELS: u64 = 50_000_000;

/// The memory that a decoder may allocate, in bytes: the largest picture, and room to unpack it.
const MAX_ALLOCATION: u64 = 512 << 20;

/// The formats that are read, as a message names them.
const ACCEPTED: &str = "PNG, JPEG, WebP, TIFF and BMP";

/// A picture, and all that its file tells of it.
#[derive(Clone, Debug)]
pub struct OpenedPicture {
    /// Upright.
    pub pixels: RgbImage,
    /// The length of a pixel's side on the slide, where the file tells it.
    pub micrometres_per_pixel: Option<f64>,
    /// What a person should know.
    pub notices: Vec<Notice>,
}

/// Decodes one PNG, JPEG, WebP, TIFF or BMP file into upright RGB, 8 bits a channel.
///
/// EXIF and TIFF orientation is applied. Transparent pixels are laid on white. Palettes and greys
/// become RGB. 16-bit samples are rounded to 8, or shown by their [`Window`] where they use little of their
/// range. A JPEG may carry other data after its end. [`Pyramid`] reads larger TIFF files in parts.
///
/// # Errors
/// A [`DecodeError`] for anything else; no input makes it panic.
pub fn open(bytes: &[u8]) -> Result<OpenedPicture, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    match Accepted::of(bytes)? {
        Accepted(ImageFormat::Tiff) => open_tiff(bytes),
        format => {
            let (pixels, notice) = open_with_image(bytes, format)?;
            Ok(OpenedPicture {
                pixels,
                micrometres_per_pixel: resolution::of_other_format(bytes),
                notices: notice.into_iter().collect(),
            })
        }
    }
}

/// The pixels of [`open`] alone.
///
/// # Errors
/// As [`open`].
pub fn decode(bytes: &[u8]) -> Result<RgbImage, DecodeError> {
    Ok(open(bytes)?.pixels)
}

/// Micrometres that one pixel of an image file shows; `None` where the file does not tell it, and where it tells
/// the resolution of a screen or a printer.
pub fn micrometres_per_pixel(file: &[u8]) -> Option<f64> {
    match Accepted::of(file).ok()? {
        Accepted(ImageFormat::Tiff) => {
            let pyramid = Pyramid::open(Cursor::new(file)).ok()?;
            pyramid.levels()[0].micrometres_per_pixel
        }
        _ => resolution::of_other_format(file),
    }
}

fn open_tiff(bytes: &[u8]) -> Result<OpenedPicture, DecodeError> {
    let mut pyramid = Pyramid::open(Cursor::new(bytes))?;
    let Level {
        width,
        height,
        micrometres_per_pixel,
    } = pyramid.levels()[0];
    let whole = Region {
        left: 0,
        top: 0,
        width,
        height,
    };
    let mut pixels = pyramid.read(0, whole)?;
    if let Some(orientation) = pyramid.orientation().and_then(Orientation::from_exif) {
        let mut image = DynamicImage::from(pixels);
        image.apply_orientation(orientation);
        pixels = image.into_rgb8();
    }
    Ok(OpenedPicture {
        pixels,
        micrometres_per_pixel,
        notices: pyramid.notices().to_vec(),
    })
}

/// Decodes the formats of the crate `image`.
fn open_with_image(
    bytes: &[u8],
    format: Accepted,
) -> Result<(RgbImage, Option<Notice>), DecodeError> {
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
    check_size(width, height)?;
    if width == 0 || height == 0 {
        return Err(format.broken(format!("its size is {width} × {height} pixels")));
    }
    if is_cut {
        return Err(cut);
    }
    // Without readable metadata the picture stays as it is stored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    if format.0 == ImageFormat::Bmp && pixels::is_invisible(&image) {
        // As browsers show it: programs leave the fourth byte of a pixel at 0.
        image = image.into_rgb8().into();
    }
    image.apply_orientation(orientation);
    Ok(pixels::into_rgb(image))
}

fn check_size(width: u32, height: u32) -> Result<(), DecodeError> {
    let is_too_large = u64::from(width) * u64::from(height) > MAX_PIXELS;
    match width.max(height) > MAX_SIDE || is_too_large {
        true => Err(DecodeError::TooLarge { width, height }),
        false => Ok(()),
    }
}
