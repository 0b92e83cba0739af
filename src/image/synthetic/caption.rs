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

/// The caption's first row.
pub(super) const TOP: u32 = 198;
/// Pixels of the canvas for one pixel of a letter.
const SCALE: u32 = 2;
/// Pale enough to count as the white around a cell (`CellImage::reach`): the mark must not change a
/// model's input. A lossy JPEG of a drawing may ring a little darker.
const COLOUR: Rgb<u8> = Rgb([242, 242, 255]);

/// Writes the word on a cell image's canvas.
pub(super) fn write(image: &mut RgbImage) {
    const WORD: &str = "SYNTHETIC";
    let advance = 6 * SCALE;
    let left = (image.width() - WORD.len() as u32 * advance + SCALE) / 2;
    for (place, letter) in WORD.chars().enumerate() {
        let Some((_, rows)) = LETTERS.iter().find(|(known, _)| *known == letter) else {
            continue;
        };
        for (x, y) in (0..7 * SCALE).flat_map(|y| (0..5 * SCALE).map(move |x| (x, y))) {
            if rows[(y / SCALE) as usize] >> (4 - x / SCALE) & 1 == 1 {
                image.put_pixel(left + place as u32 * advance + x, TOP + y, COLOUR);
            }
        }
    }
}
