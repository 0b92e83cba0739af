//! A field, one cell, or nothing: told from the pixels alone.

use ::image::imageops::{self, FilterType};
use ::image::{GrayImage, Luma, RgbImage};
use thiserror::Error;

/// A pixel with at least this value in all three channels is of a white canvas. JPEGs ring by some
/// levels about white. The palest photographs of the study have a background of 230 to 245.
const WHITE_FROM: u8 = 250;
/// A pixel with at least this value in all three channels shows no stain.
const PALE_FROM: u8 = 232;
/// Objects on white from which a picture is a field whose background is overexposed. One cell
/// with its neighbours is one object, at times with some debris.
const FIELD_OBJECTS: usize = 12;
/// Side in pixels of the small copy in which objects are counted.
const COUNTING_SIDE: u32 = 256;
/// Pixels of that copy that make an object.
const OBJECT_SIZE: usize = 4;
/// The brightest channel of a black picture. A JPEG of black may ring by some levels.
const BLACK_UP_TO: u8 = 8;
/// The brightest channel of a picture that was taken without light: camera noise.
const DARK_UP_TO: u8 = 40;
/// The spread of a channel in a picture of a single colour: noise.
const ONE_COLOUR: u8 = 16;
/// The share of pixels that may differ from all others, such as dust and hot pixels.
const STRAY: f64 = 1e-4;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// One nucleus on a white canvas.
    CellImage,
    /// A photograph of many nuclei: a picture without a white border, whatever its size, or one with
    /// many objects.
    Field,
}

/// Why a picture shows nothing that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ShowsNothing {
    /// Nothing but white, or the pale background of a slide.
    #[error("the picture is blank: it shows nothing but white or a pale background")]
    Blank,
    /// All pixels are black.
    #[error("the picture is black")]
    Black,
    /// All pixels are close to black.
    #[error("the picture is nearly black, as if it was taken without light")]
    NearlyBlack,
    /// All pixels have one colour.
    #[error("the picture has a single colour: it shows no cell")]
    SingleColour,
}

impl PictureKind {
    /// The kind of a picture.
    ///
    /// # Errors
    /// [`ShowsNothing`] for a picture without a cell.
    pub fn of(picture: &RgbImage) -> Result<Self, ShowsNothing> {
        let mut histograms = [[0u32; 256]; 3];
        let (mut brightest, mut palest) = ([0u32; 256], [0u32; 256]);
        for pixel in picture.pixels() {
            let [red, green, blue] = pixel.0;
            for (histogram, value) in histograms.iter_mut().zip(pixel.0) {
                histogram[usize::from(value)] += 1;
            }
            brightest[usize::from(red.max(green).max(blue))] += 1;
            palest[usize::from(red.min(green).min(blue))] += 1;
        }
        let stray = (picture.pixels().len() as f64 * STRAY) as u32;
        let [_, lightest] = range(&brightest, stray);
        if lightest <= BLACK_UP_TO {
            return Err(ShowsNothing::Black);
        }
        if lightest <= DARK_UP_TO {
            return Err(ShowsNothing::NearlyBlack);
        }
        if range(&palest, stray)[0] >= PALE_FROM {
            return Err(ShowsNothing::Blank);
        }
        let mut ranges = histograms.iter().map(|histogram| range(histogram, stray));
        if ranges.all(|[low, high]| high - low <= ONE_COLOUR) {
            return Err(ShowsNothing::SingleColour);
        }
        match has_white_border(picture) && objects(picture) < FIELD_OBJECTS {
            true => Ok(PictureKind::CellImage),
            false => Ok(PictureKind::Field),
        }
    }
}

/// The least and the largest value of a histogram, but for `stray` pixels on either side.
fn range(histogram: &[u32; 256], stray: u32) -> [u8; 2] {
    let mut below = 0;
    let is_stray = |value: &usize| {
        below += histogram[*value];
        below <= stray
    };
    let least = (0..=255).take_while(is_stray).count();
    let mut above = 0;
    let is_stray = |value: &usize| {
        above += histogram[*value];
        above <= stray
    };
    let below_largest = (0..=255).rev().take_while(is_stray).count();
    [least.min(255) as u8, 255 - below_largest.min(255) as u8]
}

/// Whether more than half of the outermost pixels are white.
pub(super) fn has_white_border(picture: &RgbImage) -> bool {
    let (width, height) = picture.dimensions();
    let border = || {
        let rows = (0..width).flat_map(|x| [(x, 0), (x, height - 1)]);
        let columns = (0..height).flat_map(|y| [(0, y), (width - 1, y)]);
        rows.chain(columns)
    };
    let is_white =
        |&(x, y): &(u32, u32)| picture.get_pixel(x, y).0.iter().min() >= Some(&WHITE_FROM);
    2 * border().filter(is_white).count() > border().count()
}

/// Objects that are not pale, counted in a small copy.
fn objects(picture: &RgbImage) -> usize {
    let (width, height) = picture.dimensions();
    let shrink = (f64::from(COUNTING_SIDE) / f64::from(width.max(height))).min(1.0);
    let side = |length: u32| ((f64::from(length) * shrink) as u32).max(1);
    let small = imageops::resize(picture, side(width), side(height), FilterType::Triangle);
    let is_stained = |pixel: &::image::Rgb<u8>| pixel.0.iter().min() < Some(&PALE_FROM);
    let mut stained = GrayImage::from_fn(small.width(), small.height(), |x, y| {
        Luma([u8::from(is_stained(small.get_pixel(x, y)))])
    });
    let mut count = 0;
    for (x, y) in (0..small.height()).flat_map(|y| (0..small.width()).map(move |x| (x, y))) {
        let (mut open, mut size) = (vec![(x, y)], 0);
        while let Some((x, y)) = open.pop() {
            let Some(pixel) = stained
                .get_pixel_mut_checked(x, y)
                .filter(|pixel| pixel[0] == 1)
            else {
                continue;
            };
            pixel[0] = 0;
            size += 1;
            let (left, up) = (x.wrapping_sub(1), y.wrapping_sub(1));
            open.extend([(left, y), (x + 1, y), (x, up), (x, y + 1)]);
        }
        count += usize::from(size >= OBJECT_SIZE);
    }
    count
}

#[cfg(test)]
mod tests {
    use ::image::Rgb;

    use super::*;

    /// A picture of one colour with dark discs about some points.
    fn discs(size: [u32; 2], ground: [u8; 3], discs: &[[f32; 2]], radius: f32) -> RgbImage {
        RgbImage::from_fn(size[0], size[1], |x, y| {
            let is_inside = |[cx, cy]: &[f32; 2]| (x as f32 - cx).hypot(y as f32 - cy) <= radius;
            match discs.iter().any(is_inside) {
                true => Rgb([90, 50, 120]),
                false => Rgb(ground),
            }
        })
    }

    fn plain(colour: [u8; 3]) -> Result<PictureKind, ShowsNothing> {
        PictureKind::of(&RgbImage::from_pixel(300, 200, Rgb(colour)))
    }

    #[test]
    fn a_cell_on_white_is_a_cell_image_at_any_size() {
        for side in [40, 224, 900] {
            let middle = [side as f32 / 2.0; 2];
            let cell = discs([side, side], [255; 3], &[middle], side as f32 / 4.0);
            assert_eq!(PictureKind::of(&cell), Ok(PictureKind::CellImage), "{side}");
        }
    }

    #[test]
    fn a_picture_without_a_white_border_is_a_field_at_any_size() {
        for ground in [[205, 170, 190], [246, 244, 247], [229; 3], [0; 3]] {
            for side in [40, 224, 900] {
                let middle = [side as f32 / 2.0; 2];
                let tile = discs([side, side], ground, &[middle], side as f32 / 4.0);
                assert_eq!(PictureKind::of(&tile), Ok(PictureKind::Field), "{ground:?}");
            }
        }
    }

    #[test]
    fn many_cells_on_white_are_a_field() {
        let places: Vec<[f32; 2]> = (0..30)
            .map(|i| [60.0 + 100.0 * (i % 6) as f32, 60.0 + 100.0 * (i / 6) as f32])
            .collect();
        let field = discs([700, 600], [255; 3], &places, 12.0);
        assert_eq!(PictureKind::of(&field), Ok(PictureKind::Field));
    }

    #[test]
    fn a_picture_that_shows_nothing_is_told_why() {
        assert_eq!(plain([255; 3]), Err(ShowsNothing::Blank));
        assert_eq!(plain([242, 242, 255]), Err(ShowsNothing::Blank));
        assert_eq!(plain([0; 3]), Err(ShowsNothing::Black));
        assert_eq!(plain([200, 150, 180]), Err(ShowsNothing::SingleColour));
        let noise = RgbImage::from_fn(300, 200, |x, y| Rgb([(x * 7 + y * 13) as u8 % 30; 3]));
        assert_eq!(PictureKind::of(&noise), Err(ShowsNothing::NearlyBlack));
        assert_eq!(
            PictureKind::of(&RgbImage::new(1, 1)),
            Err(ShowsNothing::Black)
        );
    }
}
