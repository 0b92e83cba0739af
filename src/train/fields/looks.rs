//! Variations of a picture's looks that leave its outlines true: stain and light, and the losses of
//! focus, scale and file format.

use ::image::codecs::jpeg::JpegEncoder;
use ::image::{ExtendedColorType, RgbImage};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::image::decode;
use crate::train::run::settings::{SettingError, below_one, within};

/// How far the looks of a picture vary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Looks {
    /// The largest turn of the hue either way, in degrees, from 0 to 180.
    pub hue: f32,
    /// The largest relative change of saturation, contrast and of each channel's optical density
    /// either way, from 0 to below 1.
    pub jitter: f32,
    /// The largest standard deviation of a Gaussian blur, in pixels, from 0 to 10.
    pub blur: f32,
    /// The smallest scale at which pixels are lost: a picture is shrunk so far and enlarged again.
    pub shrink: f32,
    /// The lowest quality of a JPEG, from 1 to 100; 100 leaves out that step.
    pub jpeg: u8,
    /// The share of the pictures that lose pixels, and of those that become a JPEG, from 0 to below 1.
    pub share: f32,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            hue: 25.0,
            jitter: 0.25,
            blur: 1.8,
            shrink: 0.5,
            jpeg: 30,
            share: 0.3,
        }
    }
}

impl Looks {
    /// Refuses settings that no run can use.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        within("looks.hue", self.hue, 0.0, 180.0)?;
        below_one("looks.jitter", self.jitter)?;
        within("looks.blur", self.blur, 0.0, 10.0)?;
        within("looks.shrink", self.shrink, 0.1, 1.0)?;
        within("looks.jpeg", f32::from(self.jpeg), 1.0, 100.0)?;
        below_one("looks.share", self.share)
    }

    /// Varies a square picture, `[red, green, blue]` from 0 to 255, row by row.
    pub fn vary(&self, pixels: &mut Vec<[f32; 3]>, side: usize, random: &mut impl Rng) {
        self.stain(pixels, random);
        let share = f64::from(self.share);
        let mut chance = || random.random_bool(share).then(|| random.random::<f32>());
        let (blur, shrink, jpeg) = (chance(), chance(), chance());
        if let Some(amount) = blur {
            *pixels = blurred(pixels, side, self.blur * amount);
        }
        if let Some(amount) = shrink {
            let scale = 1.0 - (1.0 - self.shrink) * amount;
            let small = ((side as f32 * scale).round() as usize).max(1);
            *pixels = resized(&resized(pixels, side, small), small, side);
        }
        if let Some(amount) = jpeg.filter(|_| self.jpeg < 100) {
            let quality = f32::from(self.jpeg) + (95.0 - f32::from(self.jpeg)).max(0.0) * amount;
            *pixels = through_jpeg(pixels, side, quality as u8);
        }
    }

    /// Turns the hue, changes saturation and contrast, and how much each channel's light is absorbed.
    fn stain(&self, pixels: &mut [[f32; 3]], random: &mut impl Rng) {
        let mut either_way = |most: f32| most * (2.0 * random.random::<f32>() - 1.0);
        let (sin, cos) = either_way(self.hue).to_radians().sin_cos();
        let saturation = 1.0 + either_way(self.jitter);
        let contrast = 1.0 + either_way(0.6 * self.jitter);
        let shift = 255.0 * either_way(0.3 * self.jitter);
        let density: [f32; 3] = std::array::from_fn(|_| 1.0 + either_way(0.8 * self.jitter));
        for pixel in pixels {
            let [r, g, b] = *pixel;
            // NTSC's luma and the two axes of its chroma.
            let y = 0.299 * r + 0.587 * g + 0.114 * b;
            let i = saturation * (0.596 * r - 0.274 * g - 0.322 * b);
            let q = saturation * (0.211 * r - 0.523 * g + 0.312 * b);
            let (i, q) = (i * cos - q * sin, i * sin + q * cos);
            let y = (y - 180.0) * contrast + 180.0 + shift;
            let turned = [
                y + 0.956 * i + 0.621 * q,
                y - 0.272 * i - 0.647 * q,
                y - 1.106 * i + 1.703 * q,
            ];
            *pixel = std::array::from_fn(|channel| {
                let light = (turned[channel] / 255.0).clamp(0.0, 1.0);
                // Beer and Lambert: light^d is d times the density.
                255.0 * light.powf(density[channel])
            });
        }
    }
}

/// Blurred by a Gaussian of this standard deviation; the border is repeated.
fn blurred(pixels: &[[f32; 3]], side: usize, deviation: f32) -> Vec<[f32; 3]> {
    let reach = (2.5 * deviation).ceil() as i32;
    if deviation < 0.2 {
        return pixels.to_vec();
    }
    let weights: Vec<f32> = (-reach..=reach)
        .map(|at| (-0.5 * (at as f32 / deviation).powi(2)).exp())
        .collect();
    let sum: f32 = weights.iter().sum();
    // Each pass blurs along rows and turns the picture over.
    let pass = |pixels: &[[f32; 3]]| {
        let mut turned = vec![[0.0; 3]; pixels.len()];
        for (y, row) in pixels.chunks_exact(side).enumerate() {
            for x in 0..side {
                let mut mean = [0.0; 3];
                for (weight, at) in weights.iter().zip(x as i32 - reach..) {
                    let pixel = row[at.clamp(0, side as i32 - 1) as usize];
                    for (mean, value) in mean.iter_mut().zip(pixel) {
                        *mean += weight * value;
                    }
                }
                turned[x * side + y] = mean.map(|value| value / sum);
            }
        }
        turned
    };
    pass(&pass(pixels))
}

/// Linear between pixels; used for scales from one half on.
fn resized(pixels: &[[f32; 3]], from: usize, to: usize) -> Vec<[f32; 3]> {
    let ratio = from as f32 / to as f32;
    let position = |at: usize| {
        let place = ((at as f32 + 0.5) * ratio - 0.5).clamp(0.0, (from - 1) as f32);
        let first = place as usize;
        (first, (first + 1).min(from - 1), place - first as f32)
    };
    let columns: Vec<_> = (0..to).map(position).collect();
    let mut out = Vec::with_capacity(to * to);
    for row in 0..to {
        let (top, bottom, down) = position(row);
        for &(left, right, along) in &columns {
            out.push(std::array::from_fn(|channel| {
                let at = |x: usize, y: usize| pixels[y * from + x][channel];
                let above = at(left, top) + (at(right, top) - at(left, top)) * along;
                let below = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * along;
                above + (below - above) * down
            }));
        }
    }
    out
}

/// Written as a JPEG of this quality and read again.
fn through_jpeg(pixels: &[[f32; 3]], side: usize, quality: u8) -> Vec<[f32; 3]> {
    let bytes: Vec<u8> = pixels
        .iter()
        .flatten()
        .map(|value| (value + 0.5) as u8)
        .collect();
    let mut file = Vec::new();
    let sides = side as u32;
    let written = JpegEncoder::new_with_quality(&mut file, quality).encode(
        &bytes,
        sides,
        sides,
        ExtendedColorType::Rgb8,
    );
    let read: Option<RgbImage> = written.ok().and_then(|()| decode(&file).ok());
    match read {
        Some(read) => read.pixels().map(|pixel| pixel.0.map(f32::from)).collect(),
        None => pixels.to_vec(),
    }
}
