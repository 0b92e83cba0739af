//! One nucleus cut out of a field along its contour.

use std::ops::Range;

use ::image::RgbImage;

use super::CellImage;
use super::mask::Mask;
use super::resample::resample;

/// Pixels left around the contour's box, as the study's viewer leaves them.
const MARGIN: u32 = 1;

/// The nucleus that a contour surrounds in `field`, as a cell image: white outside the contour,
/// enlarged `scale` times and centred. A nucleus that would not fit the canvas is enlarged less. The pixels
/// are those that OpenCV gives, but for two levels: `INTER_CUBIC` up, `INTER_AREA` down.
///
/// `contour` is a closed line of points `[x, y]` in pixels of the field; whole numbers are the
/// centres of pixels. Points are rounded to them.
///
/// `None` where the contour surrounds nothing of the field: fewer than three points, a point that is
/// not finite, or all points outside.
pub fn crop(field: &RgbImage, contour: &[[f64; 2]], scale: f32) -> Option<CellImage> {
    let mask = Mask::new(contour, [field.width(), field.height()])?;
    let padded = |range: Range<u32>, side: u32| {
        range.start.saturating_sub(MARGIN)..(range.end + MARGIN).min(side)
    };
    let columns = padded(mask.columns(), field.width());
    let rows = padded(mask.rows(), field.height());
    let (left, top) = (columns.start, rows.start);
    let (width, height) = (columns.len() as u32, rows.len() as u32);
    let nucleus = RgbImage::from_fn(width, height, |x, y| match mask.covers(left + x, top + y) {
        true => *field.get_pixel(left + x, top + y),
        false => CellImage::WHITE,
    });
    let fitting = CellImage::SIDE as f32 / width.max(height) as f32;
    let scale = scale.min(fitting);
    // A half to the even number, as OpenCV and Python round.
    let side = |length: u32| {
        let length = f64::from(length) * f64::from(scale);
        (length.round_ties_even() as u32).clamp(1, CellImage::SIDE)
    };
    let enlarged = resample(&nucleus, side(width), side(height));
    Some(CellImage::of_any(enlarged))
}

#[cfg(test)]
mod tests {
    use ::image::Rgb;

    use super::*;

    /// A dark disc of radius 10 about (40, 30) on pink.
    fn field() -> RgbImage {
        RgbImage::from_fn(100, 80, |x, y| {
            let (dx, dy) = (x as f32 - 40.0, y as f32 - 30.0);
            match dx.hypot(dy) <= 10.0 {
                true => Rgb([80, 40, 110]),
                false => Rgb([230, 190, 220]),
            }
        })
    }

    fn circle(radius: f64) -> Vec<[f64; 2]> {
        let angle = |i: usize| i as f64 / 40.0 * std::f64::consts::TAU;
        (0..40)
            .map(|i| {
                [
                    40.0 + radius * angle(i).cos(),
                    30.0 + radius * angle(i).sin(),
                ]
            })
            .collect()
    }

    #[test]
    fn a_nucleus_is_enlarged_on_white() {
        let cell = crop(&field(), &circle(10.0), 2.2).unwrap();
        // 2 · 10 px and the pixel between, times 2.2, as far as blending leaves it dark.
        assert!((44..=50).contains(&cell.reach()), "{}", cell.reach());
        assert_eq!(cell.pixels().get_pixel(112, 112), &Rgb([80, 40, 110]));
        assert_eq!(cell.pixels().get_pixel(112, 80), &Rgb([255; 3]));
        let larger = crop(&field(), &circle(14.0), 2.2).unwrap();
        assert_eq!(larger.pixels().get_pixel(112, 85), &Rgb([230, 190, 220]));
    }

    #[test]
    fn a_large_nucleus_is_shrunk_to_fit_and_ends_with_the_field() {
        let square = [[0.0, 0.0], [300.0, 0.0], [300.0, 300.0], [0.0, 300.0]];
        let cell = crop(&field(), &square, 2.24).unwrap();
        assert_eq!(cell.reach(), CellImage::SIDE);
    }

    #[test]
    fn contours_that_surround_nothing_give_nothing() {
        for contour in [
            vec![],
            vec![[1.0, 1.0], [5.0, 5.0]],
            vec![[200.0, 1.0], [220.0, 1.0], [210.0, 9.0]],
            vec![[f64::NAN, 1.0], [5.0, 5.0], [1.0, 5.0]],
        ] {
            assert_eq!(crop(&field(), &contour, 2.2), None, "{contour:?}");
        }
    }
}
