//! The word SYNTHETIC, which every drawing carries.

use ::image::{Rgb, RgbImage};

/// The letters of SYNTHETIC, 5×7 each, a row a number, the leftmost pixel its highest bit.
#[rustfmt::skip] // a table is read by its rows
const LETTERS: [(char, [u8; 7]); 8] = [
    ('S', [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110]),
    ('Y', [0b10001, 0b10001, 0b01010, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('N', [0b10001, 0b11001, 0b10101, 0b10011, 0b10001, 0b10001, 0b10001]),
    ('T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('H', [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    ('E', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111]),
    ('I', [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('C', [0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110]),
];

/// The word itself.
const WORD: &str = "SYNTHETIC";
/// The first row of a cell image's caption.
pub(super) const TOP: u32 = 198;
/// Pixels for one pixel of a letter.
const SCALE: u32 = 2;
/// From one letter to the next, in pixels.
const ADVANCE: u32 = 6 * SCALE;
/// The height of a letter in pixels.
const HEIGHT: u32 = 7 * SCALE;
/// Pale enough to count as the white around a cell (`CellImage::reach`): the mark must not change a
/// model's input. A lossy JPEG of a drawing may ring a little darker.
const PALE: Rgb<u8> = Rgb([242, 242, 255]);
/// The mark of a field stands out from its background.
const DARK: Rgb<u8> = Rgb([60, 60, 90]);

/// Writes the word on a cell image's canvas.
pub(super) fn write(image: &mut RgbImage) {
    let left = (image.width() - WORD.len() as u32 * ADVANCE + SCALE) / 2;
    write_at(image, [left, TOP], PALE);
}

/// Writes the word into the lower left corner of a field. A field that is too small for it has a part.
pub(super) fn write_in_corner(image: &mut RgbImage) {
    let top = image.height().saturating_sub(HEIGHT + 2 * SCALE);
    write_at(image, [2 * SCALE, top], DARK);
}

fn write_at(image: &mut RgbImage, [left, top]: [u32; 2], colour: Rgb<u8>) {
    for (place, letter) in (0..).zip(WORD.chars()) {
        let Some((_, rows)) = LETTERS.iter().find(|(known, _)| *known == letter) else {
            continue;
        };
        for (x, y) in (0..HEIGHT).flat_map(|y| (0..5 * SCALE).map(move |x| (x, y))) {
            let is_ink = rows[(y / SCALE) as usize] >> (4 - x / SCALE) & 1 == 1;
            let pixel = image.get_pixel_mut_checked(left + place * ADVANCE + x, top + y);
            if let Some(pixel) = pixel.filter(|_| is_ink) {
                *pixel = colour;
            }
        }
    }
}
