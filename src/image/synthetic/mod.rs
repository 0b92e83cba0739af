//! Drawn nuclei that show chosen features, and whole fields of them: the page's examples and the tests use
//! them, since no image of the data set may be shipped.
//!
//! Sizes, stains and the white outside follow the study's cell images. The drawings are schematic: they
//! show the meaning of a feature's name, and say nothing about how often or how plainly real nuclei
//! show it. Each one is marked.
//!
//! `scene` places the nuclei of one cell image, `field` those of a field, `nucleus` shapes and stains one of
//! them, `caption` writes the mark.

mod caption;
mod field;
mod nucleus;
mod random;
mod scene;

use ::image::RgbImage;

use super::CellImage;
use crate::nuclei::Feature;
use random::Random;
use scene::Scene;

pub use field::{FieldPlan, SyntheticField, render_field};

/// Optical densities of red, green and blue at full stain, after the median colours of 200 of the
/// study's cells.
const STAINS: [[f32; 3]; 5] = [
    [1.15, 1.45, 0.22], // violet
    [0.85, 1.10, 0.10], // pale violet
    [1.85, 1.80, 0.30], // deep blue-violet
    [1.90, 1.25, 0.12], // royal blue
    [0.55, 1.05, 0.14], // magenta
];

/// Draws one nucleus on a white 224×224 canvas. It shows every feature in `features`, and the word
/// SYNTHETIC stands below it, outside the middle 128 px.
///
/// The same features and seed give the same image; order and repetition of the features do not
/// matter. (Between platforms a channel may differ by one level, where `exp` or `sin` round
/// differently.)
pub fn render(features: &[Feature], seed: u64) -> RgbImage {
    let scene = Scene::new(features, &mut Random(seed));
    let mut image = RgbImage::from_pixel(CellImage::SIDE, CellImage::SIDE, CellImage::WHITE);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        *pixel = scene.pixel(x, y);
    }
    caption::write(&mut image);
    image
}

#[cfg(test)]
mod tests {
    use ::image::Rgb;

    use super::*;

    const PALE: u8 = 200;

    /// The stained pixels: their count, and their longest spread over their shortest.
    fn shape(image: &RgbImage) -> (usize, f64) {
        let stained = image
            .enumerate_pixels()
            .filter(|(.., pixel)| pixel[1] < PALE);
        let points: Vec<(f64, f64)> = stained.map(|(x, y, _)| (x.into(), y.into())).collect();
        let n = points.len() as f64;
        let (sx, sy) = points
            .iter()
            .fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
        let spread =
            |f: fn(f64, f64) -> f64| points.iter().map(|(x, y)| f(x - sx, y - sy)).sum::<f64>() / n;
        let (xx, yy, xy) = (
            spread(|x, _| x * x),
            spread(|_, y| y * y),
            spread(|x, y| x * y),
        );
        let root = ((xx - yy).powi(2) / 4.0 + xy * xy).sqrt();
        let middle = (xx + yy) / 2.0;
        (points.len(), ((middle + root) / (middle - root)).sqrt())
    }

    #[test]
    fn features_and_seed_decide_the_image() {
        use Feature::{Glassy, Grooves};
        let image = render(&[Grooves, Glassy], 5);
        assert_eq!(image, render(&[Glassy, Grooves, Glassy], 5));
        assert_ne!(image, render(&[Grooves, Glassy], 6));
        assert_eq!(image.dimensions(), (224, 224));
    }

    #[test]
    fn each_feature_changes_the_drawing() {
        let plain = render(&[], 11);
        for feature in Feature::ALL {
            let image = render(&[feature], 11);
            let pixels = plain.pixels().zip(image.pixels());
            let changed = pixels.filter(|(a, b)| a[0].abs_diff(b[0]) > 24).count();
            assert!(changed > 100, "{feature:?}: {changed} pixels");
        }
    }

    #[test]
    fn shapes_follow_the_features() {
        for seed in 0..4 {
            let (area, longer) = shape(&render(&[], seed));
            let (enlarged, _) = shape(&render(&[Feature::Enlargement], seed));
            let (_, elongated) = shape(&render(&[Feature::Elongation], seed));
            assert!(
                enlarged as f64 > 1.7 * area as f64,
                "{enlarged} against {area}"
            );
            assert!(
                longer < 1.3 && elongated > 1.7,
                "{elongated} against {longer}"
            );
        }
    }

    #[test]
    fn a_model_sees_all_of_the_nucleus_and_nothing_of_the_mark() {
        use Feature::{Crowding, Elongation, Enlargement, Irregular};
        let mut asked: Vec<&[Feature]> = Feature::ALL.chunks(1).collect();
        asked.push(&Feature::ALL);
        asked.push(&[Elongation, Enlargement, Irregular]);
        asked.push(&[Elongation, Enlargement, Crowding]);
        for (seed, features) in (0..).zip(asked.iter().cycle()).take(3 * asked.len()) {
            let cell = CellImage::new(render(features, seed)).unwrap();
            assert!(
                cell.reach() <= 128,
                "{features:?}, seed {seed}: {}",
                cell.reach()
            );
        }
    }

    #[test]
    fn every_drawing_is_marked_below_the_middle() {
        let image = render(&[], 0);
        let marked = |y: u32| {
            (0..224)
                .filter(|&x| image.get_pixel(x, y) != &Rgb([255; 3]))
                .count()
        };
        assert_eq!(
            marked(caption::TOP),
            2 * (4 + 2 + 2 + 5 + 2 + 5 + 5 + 3 + 3)
        );
        assert!(
            (176..caption::TOP)
                .chain(caption::TOP + 14..224)
                .all(|y| marked(y) == 0)
        );
    }
}
