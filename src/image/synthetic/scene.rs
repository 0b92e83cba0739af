//! The nuclei on one canvas: their places and sizes, and the colour of each pixel.
//!
//! Each nucleus absorbs light as a stained one does (Beer–Lambert: colour = white · exp(−optical
//! density)), so where two lie over each other their densities add up.

use ::image::Rgb;

use super::STAINS;
use super::nucleus::{FADE, Inclusion, Nucleus};
use super::random::Random;
use crate::image::CellImage;
use crate::nuclei::Feature;

/// Longest radius of a nucleus in pixels: the data's median longest side is 68 px.
const RADIUS: f32 = 34.0;
/// The longest radius with [`Feature::Enlargement`].
const ENLARGED_RADIUS: f32 = 48.0;
/// The drawing stays within this distance of the centre: inside the middle 128 px that models see.
const REACH: f32 = 63.0;
/// Samples a pixel along each axis, against jagged outlines.
const SAMPLES: u32 = 4;

/// Everything on one canvas.
pub(super) struct Scene {
    main: Nucleus,
    /// Lies over the main one: densities add up.
    over: Option<Nucleus>,
    /// Lie beside the main one, and end where it begins.
    beside: Vec<Nucleus>,
}

impl Scene {
    pub(super) fn new(features: &[Feature], random: &mut Random) -> Self {
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

    /// The colour of a pixel of the canvas.
    pub(super) fn pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let middle = CellImage::SIDE as f32 / 2.0;
        if (x as f32 - middle).hypot(y as f32 - middle) > REACH * 1.2 {
            return CellImage::WHITE;
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

    /// The optical density of everything that lies at a point.
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
            let _ = self.beside.iter().any(add); // the first one at the point hides the others
        }
        sum
    }
}
