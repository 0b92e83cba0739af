//! From pixels to a network's input: a cell image is cropped and resized, a field is read in tiles,
//! and the colours of both are normalised.

use ::image::RgbImage;
use ::image::imageops::{self, FilterType};
use serde::{Deserialize, Serialize};

use super::CellImage;

/// Mean of ImageNet's training pixels, red, green, blue: pretrained weights expect it.
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of ImageNet's training pixels.
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The way from a cell image to the input of a network, as the model card records it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Side of the centre crop in pixels of the 224×224 canvas. Where a cell reaches outside, the crop
    /// grows until it holds the cell, so the cell is shrunk.
    pub crop: u32,
    /// Side of the input in pixels.
    pub side: u32,
    /// The way the crop is resized to the input.
    pub filter: ResizeFilter,
    /// Subtracted from the channels, which run from 0 to 1.
    pub mean: [f32; 3],
    /// The channels are divided by this.
    pub std: [f32; 3],
    /// Pixels of a cell image for one pixel of the field, in the data that the model was trained on.
    pub cell_scale: f32,
}

/// How a field becomes the inputs of a network that reads it tile by tile, as the model card records
/// it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TileSpec {
    /// Side of a tile in pixels of the input.
    pub side: u32,
    /// Pixels of the input for one pixel of a field, in the data the model was trained on.
    pub scale: f32,
    /// Micrometres that one pixel of the input shows, where the microscope's scale is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micrometres_per_pixel: Option<f32>,
    /// Subtracted from the channels, which run from 0 to 1.
    pub mean: [f32; 3],
    /// The channels are divided by this.
    pub std: [f32; 3],
}

/// A way to resample pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResizeFilter {
    /// Linear between neighbours; wider when it shrinks, so that every pixel counts.
    Bilinear,
}

impl InputSpec {
    /// The default centre crop: it holds 98.9 % of the study's cells whole.
    pub const CROP: u32 = 128;
    /// The published cell images enlarge a field's pixels about this many times.
    pub const CELL_SCALE: f32 = 2.2;

    /// The defaults of this crate for an input of `side` pixels: a 128 px crop, bilinear,
    /// ImageNet's mean and standard deviation.
    pub fn new(side: u32) -> Self {
        Self {
            crop: Self::CROP,
            side,
            filter: ResizeFilter::Bilinear,
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
            cell_scale: Self::CELL_SCALE,
        }
    }

    /// The whole canvas at `side` pixels: the usual input of a network that another library trained.
    pub fn whole_canvas(side: u32) -> Self {
        Self {
            crop: CellImage::SIDE,
            ..Self::new(side)
        }
    }

    /// The count of numbers in one input: 3 × side × side.
    pub fn numbers(&self) -> usize {
        3 * (self.side as usize).pow(2)
    }

    /// The first fault in the values, if any; a card may come from anywhere.
    pub fn fault(&self) -> Option<String> {
        let canvas = CellImage::SIDE;
        if !(1..=canvas).contains(&self.crop) {
            return Some(format!(
                "a centre crop of {} px; it must be 1 to {canvas}",
                self.crop
            ));
        }
        if self.side == 0 {
            return Some("an input side of 0 px".into());
        }
        fault_of_length("a cell scale", self.cell_scale)
            .or_else(|| fault_of_colours(&self.mean, &self.std))
    }

    /// The square of the canvas that becomes the input of `cell`: its left edge, which is also its
    /// upper edge, and its side, in pixels.
    pub fn window(&self, cell: &CellImage) -> (u32, u32) {
        let side = self.crop.max(cell.reach());
        ((CellImage::SIDE - side) / 2, side)
    }

    /// That square of the canvas, not resized.
    pub fn cropped(&self, cell: &CellImage) -> RgbImage {
        let (edge, side) = self.window(cell);
        imageops::crop_imm(cell.pixels(), edge, edge, side, side).to_image()
    }

    /// That square of the canvas, resized to the input's side.
    pub fn resized(&self, cell: &CellImage) -> RgbImage {
        let ResizeFilter::Bilinear = self.filter;
        let crop = self.cropped(cell);
        imageops::resize(&crop, self.side, self.side, FilterType::Triangle)
    }

    /// Appends the input of `cell` to `batch`: [`numbers`](Self::numbers) of them, `[channel, row,
    /// column]`.
    pub fn append(&self, cell: &CellImage, batch: &mut Vec<f32>) {
        let picture = self.resized(cell);
        for channel in 0..3 {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            batch.extend(
                picture
                    .pixels()
                    .map(|p| (f32::from(p[channel]) / 255.0 - mean) / std),
            );
        }
    }
}

impl TileSpec {
    /// The first thing that is wrong with the values, if any; a card may come from anywhere.
    pub fn fault(&self) -> Option<String> {
        if self.side == 0 {
            return Some("a tile with a side of 0 px".into());
        }
        let size = self.micrometres_per_pixel;
        fault_of_length("a scale", self.scale)
            .or_else(|| size.and_then(|size| fault_of_length("micrometres per pixel", size)))
            .or_else(|| fault_of_colours(&self.mean, &self.std))
    }
}

fn fault_of_length(name: &str, value: f32) -> Option<String> {
    (!value.is_finite() || value <= 0.0).then(|| format!("{name} of {value}; it must be above 0"))
}

fn fault_of_colours(mean: &[f32; 3], std: &[f32; 3]) -> Option<String> {
    if mean.iter().any(|value| !value.is_finite()) {
        return Some(format!("a mean of {mean:?}; it must be finite"));
    }
    std.iter()
        .any(|value| !value.is_finite() || *value <= 0.0)
        .then(|| format!("a standard deviation of {std:?}; it must be above 0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::Rgb;

    fn canvas_with_square(half: u32) -> CellImage {
        let range = 112 - half..112 + half;
        CellImage::new(RgbImage::from_fn(224, 224, |x, y| {
            match range.contains(&x) && range.contains(&y) {
                true => Rgb([0; 3]),
                false => Rgb([255; 3]),
            }
        }))
        .unwrap()
    }

    fn dark_share(spec: &InputSpec, cell: &CellImage) -> f64 {
        let mut input = Vec::new();
        spec.append(cell, &mut input);
        assert_eq!(input.len(), spec.numbers());
        input.iter().filter(|&&value| value < 0.0).count() as f64 / input.len() as f64
    }

    #[test]
    fn white_is_normalised_as_imagenet_white() {
        let mut input = Vec::new();
        InputSpec::new(32).append(&canvas_with_square(0), &mut input);
        let white = [0, 1, 2].map(|c| (1.0 - IMAGENET_MEAN[c]) / IMAGENET_STD[c]);
        for (channel, white) in white.into_iter().enumerate() {
            assert!(
                input[channel * 1024..][..1024]
                    .iter()
                    .all(|v| (v - white).abs() < 1e-6)
            );
        }
    }

    #[test]
    fn a_cell_inside_the_crop_keeps_its_scale() {
        let share = dark_share(&InputSpec::new(64), &canvas_with_square(32));
        assert!((share - 0.25).abs() < 0.02, "{share}");
    }

    #[test]
    fn a_cell_outside_the_crop_is_shrunk_to_fit() {
        let share = dark_share(&InputSpec::new(64), &canvas_with_square(100));
        assert!(
            share > 0.98,
            "the square's 200 px must fill the input, got {share}"
        );
        let share = dark_share(&InputSpec::whole_canvas(64), &canvas_with_square(100));
        assert!((share - (200.0f64 / 224.0).powi(2)).abs() < 0.02, "{share}");
    }
}
