//! A drawn nucleus that shows the features it is asked for: what the page's example and the tests
//! use, since no image of the data set may be shipped.
//!
//! Sizes, stains and the white outside follow the study's cell images. Each nucleus absorbs light
//! as a stained one does (Beer–Lambert: colour = white · exp(−optical density)), so where two lie
//! over each other the densities add up. The drawings are schematic: they show what a feature's
//! name means, and say nothing of how often or how plainly real nuclei show it. Each is marked.

mod caption;
mod nucleus;
mod random;

use ::image::{Rgb, RgbImage};

use nucleus::{FADE, Inclusion, Nucleus};
use random::Random;

use super::CellImage;
use crate::nuclei::Feature;

/// Longest radius of a nucleus in pixels: the data's median longest side is 68 px.
const RADIUS: f32 = 34.0;
/// The same where [`Feature::Enlargement`] is asked for.
const ENLARGED_RADIUS: f32 = 48.0;
/// What is drawn stays this far from the centre: inside the middle 128 px that models see.
const REACH: f32 = 63.0;
/// Samples a pixel along each axis, against jagged outlines.
const SAMPLES: u32 = 4;

/// Optical densities of red, green and blue at full stain, after the median
/// colours of 200 of the study's cells.
const STAINS: [[f32; 3]; 5] = [
    [1.15, 1.45, 0.22], // violet
    [0.85, 1.10, 0.10], // pale violet
    [1.85, 1.80, 0.30], // deep blue-violet
    [1.90, 1.25, 0.12], // royal blue
    [0.55, 1.05, 0.14], // magenta
];

/// Draws one nucleus on a white 224×224 canvas, with every feature in `features` to be seen, and
/// SYNTHETIC written below it, outside the middle 128 px.
///
/// The same features and seed give the same image; their order and repetition do not matter.
/// (Between platforms a channel may differ by one level where their `exp` or `sin` round apart.)
pub fn render(features: &[Feature], seed: u64) -> RgbImage {
    let scene = Scene::new(features, &mut Random(seed));
    let mut image = RgbImage::from_pixel(CellImage::SIDE, CellImage::SIDE, Rgb([255; 3]));
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        *pixel = scene.pixel(x, y);
    }
    caption::write(&mut image);
    image
}

/// Everything on one canvas.
struct Scene {
    main: Nucleus,
    /// Lies over the main one: densities add up.
    over: Option<Nucleus>,
    /// Lie beside the main one, and end where it begins.
    beside: Vec<Nucleus>,
}

impl Scene {
    fn new(features: &[Feature], random: &mut Random) -> Self {
        let shows = |feature| features.contains(&feature);
        let stain = STAINS[(random.next() % STAINS.len() as u64) as usize];
        let middle = CellImage::SIDE as f32 / 2.0;
        let has_company = shows(Feature::Crowding) || shows(Feature::Overlapping);

        let mut long = RADIUS * random.between(0.94, 1.04);
        if shows(Feature::Enlargement) {
            long = ENLARGED_RADIUS * random.between(0.96, 1.04);
        }
        if has_company {
            long *= 0.8; // or its neighbours would leave the middle of the canvas
        }
        let flattening = match shows(Feature::Elongation) {
            true => random.between(0.48, 0.55),
            false => random.between(0.84, 0.93),
        };
        if shows(Feature::Elongation) && !has_company {
            long *= 1.15; // drawn out rather than cut down
        }
        let mut main = Nucleus::new([middle; 2], [long, long * flattening], stain, random);
        main.is_glassy = shows(Feature::Glassy);
        if shows(Feature::Wrinkled) {
            let crenation =
                [7.0, 11.0, 16.0].map(|k| (k, random.between(0.015, 0.036), random.angle()));
            main.waves.extend(crenation);
        }
        if shows(Feature::Irregular) {
            main.waves
                .push((2.0, random.between(0.04, 0.08), random.angle()));
            main.waves
                .push((3.0, random.between(0.09, 0.13), random.angle()));
            main.bay = Some((random.angle(), 0.38, random.between(0.32, 0.42)));
        }
        let farthest = long * (1.0 + main.waves.iter().map(|(_, share, _)| share).sum::<f32>());
        if farthest > REACH {
            main.radii = main.radii.map(|radius| radius * REACH / farthest);
        }
        if shows(Feature::Grooves) {
            let side = random.sign();
            main.grooves.push((
                side * random.between(0.1, 0.25),
                side * random.between(0.1, 0.3),
            ));
            main.grooves.push((
                -side * random.between(0.3, 0.45),
                side * random.between(0.0, 0.15),
            ));
        }
        if shows(Feature::Inclusion) {
            let [long, short] = main.radii;
            main.inclusion = Some(Inclusion {
                along: long * random.between(0.1, 0.35) * random.sign(),
                across: short * random.between(-0.15, 0.15),
                radius: short * random.between(0.36, 0.42),
            });
        }

        let over = shows(Feature::Overlapping).then(|| {
            let radius = main.radii[1].max(20.0) * random.between(0.85, 0.95);
            let away = (main.radii[1] + 0.25 * radius).min(REACH - 1.05 * radius);
            Self::companion(&main, radius, away, 0.0, random)
        });
        let mut beside = Vec::new();
        if shows(Feature::Crowding) {
            let sides: &[f32] = if over.is_some() {
                &[2.2, 4.1]
            } else {
                &[0.0, 2.2, 4.1]
            };
            for around in sides {
                let around = around + random.between(-0.25, 0.25);
                beside.push(Self::neighbour(&main, around, random));
            }
        }
        Self { main, over, beside }
    }

    /// A nucleus whose centre is `away` pixels from the main one's, `around` radians from the
    /// main one's short axis.
    fn companion(
        main: &Nucleus,
        radius: f32,
        away: f32,
        around: f32,
        random: &mut Random,
    ) -> Nucleus {
        let (sin, cos) = main.turn;
        let direction = cos.atan2(-sin) + around; // the short axis points to (−sin, cos)
        let centre = [
            main.centre[0] + away * direction.cos(),
            main.centre[1] + away * direction.sin(),
        ];
        let stain = main.stain.map(|full| full * random.between(0.78, 0.95));
        Nucleus::new(
            centre,
            [radius, radius * random.between(0.82, 0.92)],
            stain,
            random,
        )
    }

    /// A nucleus that just touches the main one, as large as the canvas' middle allows.
    fn neighbour(main: &Nucleus, around: f32, random: &mut Random) -> Nucleus {
        let (sin, cos) = main.turn;
        let direction = cos.atan2(-sin) + around;
        let at = |away: f32| {
            [
                main.centre[0] + away * direction.cos(),
                main.centre[1] + away * direction.sin(),
            ]
        };
        let edge = (1..=REACH as u32)
            .rev()
            .map(|away| away as f32)
            .find(|&away| main.depth(at(away)) > 0.0);
        let edge = edge.unwrap_or(main.radii[1]);
        let radius = ((REACH - edge) / 1.95).min(22.0);
        Self::companion(main, radius, edge + 0.88 * radius, around, random)
    }

    fn pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let middle = CellImage::SIDE as f32 / 2.0;
        if (x as f32 - middle).hypot(y as f32 - middle) > REACH * 1.2 {
            return Rgb([255; 3]);
        }
        let mut sum = [0.0; 3];
        for sample in 0..SAMPLES * SAMPLES {
            let offset = |i: u32| (i as f32 + 0.5) / SAMPLES as f32;
            let point = [
                x as f32 + offset(sample % SAMPLES),
                y as f32 + offset(sample / SAMPLES),
            ];
            let density = self.density(point);
            (0..3).for_each(|c| sum[c] += (-density[c]).exp());
        }
        Rgb(sum.map(|light| (255.0 * light / (SAMPLES * SAMPLES) as f32).round() as u8))
    }

    fn density(&self, point: [f32; 2]) -> [f32; 3] {
        let mut sum = [0.0; 3];
        let mut add = |nucleus: &Nucleus| {
            let depth = nucleus.depth(point);
            if depth > -FADE {
                let density = nucleus.density(point, depth);
                (0..3).for_each(|c| sum[c] += density[c]);
            }
            depth > 0.0
        };
        let inside = add(&self.main);
        if let Some(over) = &self.over {
            add(over);
        }
        if !inside {
            let _ = self.beside.iter().any(add); // the first that holds the point hides the rest
        }
        sum
    }
}

#[cfg(test)]
mod tests {
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
