//! Whether a JPEG is whole.

/// True where the file holds its own end-of-image marker.
///
/// The decoder fills the missing part of a cut JPEG with grey and reports success, so the segments
/// are walked here (ITU-T T.81, annex B): by their lengths, so that the end of an embedded thumbnail
/// does not count as the picture's, and marker by marker through the compressed data.
pub fn is_complete(bytes: &[u8]) -> bool {
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
