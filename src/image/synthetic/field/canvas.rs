//! The light that comes through a drawn field.

use ::image::{Rgb, RgbImage};

use super::super::nucleus::Nucleus;
use super::super::random::{Random, grain};
use super::FieldPlan;
use crate::image::InputSpec;

/// Samples a pixel along each axis, against jagged outlines.
const SAMPLES: usize = 2;
/// Optical density of a slide without cells.
const BACKGROUND: [f32; 3] = [0.05, 0.11, 0.04];
/// Optical density of the cytoplasm around a nucleus, as a share of its stain.
const CYTOPLASM: f32 = 0.16;

/// Optical densities, [`SAMPLES`]² for each pixel of the field. Where things lie over each other
/// their densities add up (Beer–Lambert).
pub(super) struct Canvas {
    plan: FieldPlan,
    densities: Vec<[f32; 3]>,
}

impl Canvas {
    /// Pixels of a cell image for one sample.
    const STEP: f32 = InputSpec::CELL_SCALE / SAMPLES as f32;

    pub(super) fn new(plan: FieldPlan) -> Self {
        let samples = plan.width as usize * plan.height as usize * SAMPLES * SAMPLES;
        let densities = vec![BACKGROUND; samples];
        Self { plan, densities }
    }

    /// The size in pixels of a cell image.
    pub(super) fn size(&self) -> [f32; 2] {
        [self.plan.width, self.plan.height].map(|side| side as f32 * InputSpec::CELL_SCALE)
    }

    /// Points of a cell image as centres of the field's pixels.
    pub(super) fn in_field(&self, points: &[[f32; 2]]) -> Vec<[f64; 2]> {
        let place = |value: f32| {
            let pixels = f64::from(value) / f64::from(InputSpec::CELL_SCALE) - 0.5;
            (pixels * 100.0).round() / 100.0
        };
        points.iter().map(|point| point.map(place)).collect()
    }

    /// Adds the density that `density` gives for points within `reach` of `centre`.
    fn add(&mut self, centre: [f32; 2], reach: f32, mut density: impl FnMut([f32; 2]) -> [f32; 3]) {
        let row = self.plan.width as usize * SAMPLES;
        let range = |axis: usize, side: usize| {
            let sample = |value: f32| (value / Self::STEP).max(0.0) as usize;
            let end = sample(centre[axis] + reach) + 1;
            sample(centre[axis] - reach).min(side)..end.min(side)
        };
        let columns = range(0, row);
        for y in range(1, self.plan.height as usize * SAMPLES) {
            for x in columns.clone() {
                let point = [x, y].map(|at| (at as f32 + 0.5) * Self::STEP);
                let added = density(point);
                let sum = &mut self.densities[y * row + x];
                (0..3).for_each(|channel| sum[channel] += added[channel]);
            }
        }
    }

    pub(super) fn nucleus(&mut self, nucleus: &Nucleus) {
        let reach = 1.3 * nucleus.radii[0];
        self.add(nucleus.centre, reach, |point| {
            nucleus.density(point, nucleus.depth(point))
        });
    }

    pub(super) fn cytoplasm(&mut self, nucleus: &Nucleus, random: &mut Random) {
        let radius = nucleus.radii[0] * random.between(1.3, 1.9);
        let centre = nucleus.centre.map(|at| at + random.between(-8.0, 8.0));
        let seed = random.next();
        self.add(centre, radius, |[x, y]| {
            let inside = 1.0 - (x - centre[0]).hypot(y - centre[1]) / radius;
            let amount = CYTOPLASM * inside.clamp(0.0, 0.4) * (2.0 + grain(x / 9.0, y / 9.0, seed));
            nucleus.stain.map(|full| full * amount)
        });
    }

    /// A disc, paler in its middle.
    pub(super) fn red_cell(&mut self, centre: [f32; 2], radius: f32, stain: [f32; 3]) {
        self.add(centre, radius, |[x, y]| {
            let away = (x - centre[0]).hypot(y - centre[1]) / radius;
            let edge = ((1.0 - away) * radius / 2.0).clamp(0.0, 1.0);
            let pallor = 0.45 * (1.0 - away / 0.6).max(0.0);
            stain.map(|full| full * edge * (1.0 - pallor))
        });
    }

    pub(super) fn smudge(&mut self, smudge: &Nucleus, random: &mut Random) {
        let seed = random.next();
        self.add(smudge.centre, 1.5 * smudge.radii[0], |point| {
            let amount = (smudge.depth(point) / 12.0).clamp(0.0, 1.0);
            let torn = 1.0 + 0.6 * grain(point[0] / 8.0, point[1] / 8.0, seed);
            smudge.stain.map(|full| full * amount * torn)
        });
    }

    /// The photograph: uneven light, and the noise of a camera.
    pub(super) fn picture(&self, random: &mut Random) -> RgbImage {
        let seed = random.next();
        let row = self.plan.width as usize * SAMPLES;
        RgbImage::from_fn(self.plan.width, self.plan.height, |x, y| {
            let mut light = [0.0; 3];
            for sample in 0..SAMPLES * SAMPLES {
                let (column, line) = (
                    x as usize * SAMPLES + sample % SAMPLES,
                    y as usize * SAMPLES + sample / SAMPLES,
                );
                let density = self.densities[line * row + column];
                (0..3).for_each(|channel| light[channel] += (-density[channel]).exp());
            }
            let uneven = 250.0 + 5.0 * grain(x as f32 / 200.0, y as f32 / 200.0, seed);
            let noise = random.between(-2.0, 2.0);
            let level = |light: f32| uneven * light / (SAMPLES * SAMPLES) as f32 + noise;
            Rgb(light.map(|light| level(light).round().clamp(0.0, 255.0) as u8))
        })
    }
}
