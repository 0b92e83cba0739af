//! One nucleus on a white canvas: the picture that every model is trained on and reads.

use ::image::imageops::{self, FilterType};
use ::image::{Rgb, RgbImage};
use thiserror::Error;

use super::kind::{PictureKind, ShowsNothing, has_white_border};

/// A pixel with at least this value in all three channels counts as the white around a cell. JPEGs
/// ring by some levels about white, and about the pale caption of synthetic cells.
const WHITE_FROM: u8 = 232;
/// A labelled picture with a longer side may be a whole field: the study's fields are 1024×768 px, its cell
/// images 224×224.
const FIELD_SIDE: u32 = 500;

/// A cell image: 224×224 pixels, white where there is no cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellImage(RgbImage);

/// The reason why a picture is not a cell image.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NotACell {
    /// It shows many cells, or one that is not on white.
    #[error(
        "this looks like a whole field ({width}×{height} px, no white border), not like one nucleus \
         on white"
    )]
    LooksLikeField {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// It shows no cell.
    #[error(transparent)]
    ShowsNothing(#[from] ShowsNothing),
}

impl CellImage {
    /// The canvas where there is no cell.
    pub const WHITE: Rgb<u8> = Rgb([255; 3]);

    /// Side of the canvas in pixels: that of the study's cell images.
    pub const SIDE: u32 = 224;

    /// Takes a picture that may show anything, as a person brings it.
    ///
    /// # Errors
    /// [`NotACell`] for a field of any size, and for a picture that shows nothing, see [`PictureKind`].
    pub fn recognised(picture: RgbImage) -> Result<Self, NotACell> {
        match PictureKind::of(&picture)? {
            PictureKind::CellImage => Ok(Self::of_any(picture)),
            PictureKind::Field => Err(NotACell::field(&picture)),
        }
    }

    /// Takes a picture that somebody has called one of a cell, such as one with labels.
    ///
    /// # Errors
    /// [`NotACell::LooksLikeField`] for a picture with a side over 500 px whose border is not
    /// mostly white.
    pub fn new(picture: RgbImage) -> Result<Self, NotACell> {
        let (width, height) = picture.dimensions();
        if width.max(height) > FIELD_SIDE && !has_white_border(&picture) {
            return Err(NotACell::field(&picture));
        }
        Ok(Self::of_any(picture))
    }

    /// Takes any picture for one of a cell. A 224×224 picture stays as it is. Any other is centred on a
    /// white canvas; a picture with a side over 224 px is first shrunk until it fits.
    pub fn of_any(picture: RgbImage) -> Self {
        let (width, height) = picture.dimensions();
        if (width, height) == (Self::SIDE, Self::SIDE) {
            return Self(picture);
        }
        let shrink = f64::from(Self::SIDE) / f64::from(width.max(height));
        let picture = if shrink < 1.0 {
            let side = |length: u32| ((f64::from(length) * shrink).round() as u32).max(1);
            imageops::resize(&picture, side(width), side(height), FilterType::Triangle)
        } else {
            picture
        };
        let mut canvas = RgbImage::from_pixel(Self::SIDE, Self::SIDE, Self::WHITE);
        let offset = |length: u32| i64::from((Self::SIDE - length) / 2);
        let (left, top) = (offset(picture.width()), offset(picture.height()));
        imageops::replace(&mut canvas, &picture, left, top);
        Self(canvas)
    }

    /// The pixels of the canvas.
    pub fn pixels(&self) -> &RgbImage {
        &self.0
    }

    /// Side in pixels of the smallest square about the canvas' centre that holds every pixel of
    /// the cell, at most [`CellImage::SIDE`]; 0 for a blank canvas.
    pub fn reach(&self) -> u32 {
        // Twice the distance of a pixel from the centre: a whole number.
        let last = Self::SIDE as i32 - 1;
        let distance = |position: u32| (2 * position as i32 - last).unsigned_abs() + 1;
        self.0
            .enumerate_pixels()
            .filter(|(_, _, pixel)| !is_white(pixel))
            .map(|(x, y, _)| distance(x).max(distance(y)))
            .max()
            .unwrap_or(0)
    }
}

impl NotACell {
    fn field(picture: &RgbImage) -> Self {
        let (width, height) = picture.dimensions();
        NotACell::LooksLikeField { width, height }
    }
}

fn is_white(pixel: &Rgb<u8>) -> bool {
    pixel.0.iter().all(|&value| value >= WHITE_FROM)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn white(width: u32, height: u32) -> RgbImage {
        RgbImage::from_pixel(width, height, Rgb([255; 3]))
    }

    #[test]
    fn a_small_picture_is_centred_and_keeps_its_size() {
        let cell = CellImage::new(RgbImage::from_pixel(60, 40, Rgb([90, 60, 120]))).unwrap();
        assert_eq!(cell.pixels().get_pixel(82, 92), &Rgb([90, 60, 120]));
        assert_eq!(cell.pixels().get_pixel(81, 92), &Rgb([255; 3]));
        assert_eq!(cell.pixels().get_pixel(141, 131), &Rgb([90, 60, 120]));
        assert_eq!(cell.reach(), 60);
    }

    #[test]
    fn a_large_picture_is_shrunk_to_the_canvas() {
        let cell = CellImage::new(RgbImage::from_pixel(448, 100, Rgb([9; 3]))).unwrap();
        assert_eq!(cell.reach(), 224);
        assert_eq!(cell.pixels().get_pixel(0, 112), &Rgb([9; 3]));
        assert_eq!(cell.pixels().get_pixel(0, 80), &Rgb([255; 3]));
    }

    #[test]
    fn a_field_is_told_from_a_large_cell_image() {
        let field = RgbImage::from_pixel(1024, 768, Rgb([200, 180, 210]));
        let refused = CellImage::new(field).unwrap_err();
        assert_eq!(
            refused,
            NotACell::LooksLikeField {
                width: 1024,
                height: 768
            }
        );
        assert!(CellImage::new(white(1024, 768)).is_ok());
    }

    #[test]
    fn a_blank_canvas_reaches_nowhere() {
        assert_eq!(CellImage::new(white(224, 224)).unwrap().reach(), 0);
    }

    #[test]
    fn extreme_shapes_do_not_vanish() {
        assert!(CellImage::new(white(9000, 1)).is_ok());
        assert_eq!(CellImage::new(RgbImage::new(1, 1)).unwrap().reach(), 2);
    }
}
