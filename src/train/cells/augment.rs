//! Small changes to a cell image that leave its labels true: flips, rotation, colour jitter.
//!
//! A nucleus has no up or down, so flips go both ways and rotation may be full. White stays
//! white: corners that a rotation opens are filled with white, and colour jitter acts on the
//! cell alone.

use image::{Rgb, RgbImage};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::image::CellImage;
use crate::train::run::settings::{SettingError, below_one, within};

/// How images are varied, and how far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Flips left-right and up-down, each with probability 1/2.
    pub flips: bool,
    /// The largest rotation either way, in degrees, from 0 to 180.
    pub rotation: f32,
    /// The largest change of brightness, contrast and saturation either way, from 0 to below 1.
    pub jitter: f32,
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            flips: true,
            rotation: 180.0,
            jitter: 0.2,
        }
    }
}

impl Augment {
    /// Refuses settings that no run can use.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        within("augment.rotation", self.rotation, 0.0, 180.0)?;
        below_one("augment.jitter", self.jitter)
    }

    /// A varied copy of `cell`.
    pub fn apply(&self, cell: &CellImage, random: &mut impl Rng) -> CellImage {
        let mut flip = || {
            if self.flips && random.random_bool(0.5) {
                -1.0
            } else {
                1.0
            }
        };
        let flips = [flip(), flip()];
        let angle = self.rotation * (2.0 * random.random::<f32>() - 1.0);
        let mut factor = || 1.0 + self.jitter * (2.0 * random.random::<f32>() - 1.0);
        let [brightness, contrast, saturation] = [factor(), factor(), factor()];
        let mut pixels = turn(cell, angle.to_radians(), flips);
        if self.jitter > 0.0 {
            jitter(&mut pixels, brightness, contrast, saturation);
        }
        CellImage::new(pixels).expect("a canvas is a cell image")
    }
}

/// Flips, then rotates about the canvas' centre, reading between pixels linearly.
fn turn(cell: &CellImage, angle: f32, [flip_x, flip_y]: [f32; 2]) -> RgbImage {
    let side = CellImage::SIDE;
    let mut turned = RgbImage::from_pixel(side, side, CellImage::WHITE);
    // Nothing of the cell leaves the circle about its square: the rest stays white.
    let half = (cell.reach() as f32 / 2.0 * std::f32::consts::SQRT_2).ceil();
    let centre = side as f32 / 2.0;
    let range = (centre - half).max(0.0) as u32..((centre + half) as u32).min(side);
    let (sin, cos) = angle.sin_cos();
    for y in range.clone() {
        for x in range.clone() {
            let (dx, dy) = (x as f32 + 0.5 - centre, y as f32 + 0.5 - centre);
            let from_x = flip_x * (cos * dx + sin * dy) + centre - 0.5;
            let from_y = flip_y * (cos * dy - sin * dx) + centre - 0.5;
            turned.put_pixel(x, y, between(cell.pixels(), from_x, from_y));
        }
    }
    turned
}

/// The colour at a point between pixels; white outside.
fn between(pixels: &RgbImage, x: f32, y: f32) -> Rgb<u8> {
    // Not f32::floor: without SSE 4.1, which x86-64 does not promise, that is a call.
    let floor = |value: f32| value as i32 - i32::from(value < 0.0);
    let (left, top) = (floor(x), floor(y));
    let (right_share, bottom_share) = (x - left as f32, y - top as f32);
    let (width, height) = (pixels.width() as i32, pixels.height() as i32);
    let at = |x: i32, y: i32| match (0..width).contains(&x) && (0..height).contains(&y) {
        true => {
            let start = 3 * (y * width + x) as usize;
            [0, 1, 2].map(|channel| f32::from(pixels.as_raw()[start + channel]))
        }
        false => [255.0; 3],
    };
    let line = |y: i32| {
        let (left, right) = (at(left, y), at(left + 1, y));
        [0, 1, 2].map(|c| left[c] + (right[c] - left[c]) * right_share)
    };
    let (above, below) = (line(top), line(top + 1));
    Rgb([0, 1, 2].map(|c| nearest(above[c] + (below[c] - above[c]) * bottom_share)))
}

/// The nearest whole value from 0 to 255.
fn nearest(value: f32) -> u8 {
    // The conversion cuts off, and stops at the ends.
    (value + 0.5) as u8
}

/// torchvision's ColorJitter, in the fixed order brightness, contrast, saturation, with the
/// contrast taken about the cell's own mean grey; pixels blend back to white as they near it.
fn jitter(pixels: &mut RgbImage, brightness: f32, contrast: f32, saturation: f32) {
    let grey = |p: [f32; 3]| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
    // How much of a pixel is cell: 0 at white, 1 from a tenth of the range below it.
    let cover = |p: &Rgb<u8>| {
        let darkest = p.0.iter().min().copied().unwrap_or(255);
        (f32::from(255 - darkest) / 25.5).min(1.0)
    };
    let (mut sum, mut weight) = (0.0, f32::MIN_POSITIVE);
    for pixel in pixels.pixels().filter(|pixel| **pixel != CellImage::WHITE) {
        let cover = cover(pixel);
        sum += cover * brightness * grey(pixel.0.map(f32::from));
        weight += cover;
    }
    let mean = sum / weight;
    for pixel in pixels
        .pixels_mut()
        .filter(|pixel| **pixel != CellImage::WHITE)
    {
        let cover = cover(pixel);
        let original = pixel.0.map(f32::from);
        let changed = original.map(|value| mean + (value * brightness - mean) * contrast);
        let level = grey(changed);
        for channel in 0..3 {
            let value = level + (changed[channel] - level) * saturation;
            let value = original[channel] + cover * (value - original[channel]);
            pixel.0[channel] = nearest(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::run::random;

    /// A dark bar right of the centre.
    fn bar() -> CellImage {
        CellImage::new(RgbImage::from_fn(224, 224, |x, y| {
            match (112..152).contains(&x) && (100..124).contains(&y) {
                true => Rgb([90, 60, 120]),
                false => Rgb([255; 3]),
            }
        }))
        .unwrap()
    }

    fn is_dark(cell: &RgbImage, x: u32, y: u32) -> bool {
        cell.get_pixel(x, y)[1] < 100
    }

    #[test]
    fn a_quarter_turn_moves_the_bar_below_the_centre() {
        let turned = turn(&bar(), 90f32.to_radians(), [1.0, 1.0]);
        assert!(is_dark(&turned, 112, 140) && !is_dark(&turned, 140, 112));
    }

    #[test]
    fn a_flip_moves_the_bar_left_of_the_centre() {
        let turned = turn(&bar(), 0.0, [-1.0, 1.0]);
        assert!(is_dark(&turned, 80, 112) && !is_dark(&turned, 140, 112));
        assert_eq!(turn(&bar(), 0.0, [1.0, 1.0]), *bar().pixels());
    }

    #[test]
    fn white_stays_white_and_a_seed_repeats() {
        let augment = Augment::default();
        for seed in 0..20 {
            let varied = augment.apply(&bar(), &mut random(seed, &[]));
            assert_eq!(varied, augment.apply(&bar(), &mut random(seed, &[])));
            assert_eq!(varied.pixels().get_pixel(3, 3), &Rgb([255; 3]));
            assert!(varied.reach() > 0);
        }
    }

    #[test]
    fn nothing_is_varied_where_nothing_is_asked() {
        let none = Augment {
            flips: false,
            rotation: 0.0,
            jitter: 0.0,
        };
        assert_eq!(none.apply(&bar(), &mut random(5, &[])), bar());
    }
}
