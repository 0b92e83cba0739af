//! JPEG 2000 in the tiles of some slides (ISO/IEC 15444-1). Natively alone: its decoder would add 70 kB to what
//! each visitor of the page fetches, of whom hardly one has such a slide.

use crate::image::decode::DecodeError;

/// Whether this program reads it.
pub const IS_READ: bool = cfg!(not(target_family = "wasm"));

/// A JPEG 2000 of the size of the tile, or less high. No other size is unpacked, so a small file cannot ask for
/// a large memory.
#[cfg(not(target_family = "wasm"))]
pub fn unpack(
    packed: &[u8],
    [width, height]: [u32; 2],
    samples: u16,
) -> Result<Vec<u8>, DecodeError> {
    use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

    use super::broken;

    let image = Image::new(packed, &DecodeSettings::default()).map_err(broken)?;
    if image.width() != width || image.height() > height {
        return Err(broken("a JPEG 2000 in it has another size than its tile"));
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(broken)?;
    if decoded.components().len() != usize::from(samples) {
        return Err(broken("a JPEG 2000 in it has other channels than its tile"));
    }
    Ok(decoded.data_u8())
}

#[cfg(target_family = "wasm")]
pub fn unpack(_: &[u8], _: [u32; 2], _: u16) -> Result<Vec<u8>, DecodeError> {
    Err(super::unsupported("JPEG 2000 compression"))
}
