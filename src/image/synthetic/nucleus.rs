//! One drawn nucleus: its outline, and the light that it absorbs at each point.

use super::random::{Random, grain};

/// The stain fades over this many pixels on either side of the outline: the study's crops are enlarged
/// about 2.2 times, so no real edge is sharper.
pub(super) const FADE: f32 = 1.3;

/// A smooth bump: 1 at 0, falling to .6 at `width`.
fn bump(distance: f32, width: f32) -> f32 {
    (-0.5 * (distance / width).powi(2)).exp()
}

/// 0 below `low`, 1 above `high`, smooth between.
fn step(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A round hole with a sharp rim; `along` and `across` are pixels from the nucleus' centre on its axes.
pub(super) struct Inclusion {
    pub(super) along: f32,
    pub(super) across: f32,
    pub(super) radius: f32,
}

/// One nucleus, placed, turned and stained.
pub(super) struct Nucleus {
    pub(super) centre: [f32; 2],
    /// Half the length along the long axis and across it.
    pub(super) radii: [f32; 2],
    /// Sine and cosine of the long axis' angle.
    pub(super) turn: (f32, f32),
    /// Waves on the ellipse's outline: (waves around, height as a share of the radius, phase).
    pub(super) waves: Vec<(f32, f32, f32)>,
    /// A bay in the outline: (angle, width in radians, depth as a share of the radius).
    pub(super) bay: Option<(f32, f32, f32)>,
    /// Longitudinal lines: (offset across, bend), as shares of the radii.
    pub(super) grooves: Vec<(f32, f32)>,
    pub(super) inclusion: Option<Inclusion>,
    pub(super) is_glassy: bool,
    pub(super) stain: [f32; 3],
    grain_seed: u64,
}

impl Nucleus {
    pub(super) fn new(
        centre: [f32; 2],
        radii: [f32; 2],
        stain: [f32; 3],
        random: &mut Random,
    ) -> Self {
        let waves =
            [2.0, 3.0, 5.0].map(|waves| (waves, random.between(0.008, 0.02), random.angle()));
        Self {
            centre,
            radii,
            turn: random.angle().sin_cos(),
            waves: waves.to_vec(),
            bay: None,
            grooves: Vec::new(),
            inclusion: None,
            is_glassy: false,
            stain,
            grain_seed: random.next(),
        }
    }

    /// Pixels from the centre, along the long axis and across it.
    fn along_across(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let (sin, cos) = self.turn;
        [dx * cos + dy * sin, dy * cos - dx * sin]
    }

    /// The outline's radius at an angle, on the unit circle from which the ellipse is stretched.
    fn outline(&self, angle: f32) -> f32 {
        let waves = self
            .waves
            .iter()
            .map(|(k, share, phase)| share * (k * angle + phase).sin());
        let bay = self.bay.map_or(0.0, |(at, width, depth)| {
            let apart = (angle - at).sin().atan2((angle - at).cos());
            depth * bump(apart, width)
        });
        1.0 + waves.sum::<f32>() - bay
    }

    /// Points on the outline, all around.
    pub(super) fn corners(&self, count: usize) -> Vec<[f32; 2]> {
        let (sin, cos) = self.turn;
        let corner = |i: usize| {
            let angle = i as f32 / count as f32 * std::f32::consts::TAU;
            let radius = self.outline(angle);
            let along = radius * angle.cos() * self.radii[0];
            let across = radius * angle.sin() * self.radii[1];
            let [x, y] = self.centre;
            [
                x + along * cos - across * sin,
                y + along * sin + across * cos,
            ]
        };
        (0..count).map(corner).collect()
    }

    /// The depth of a point below the outline, about in pixels; negative outside.
    pub(super) fn depth(&self, point: [f32; 2]) -> f32 {
        let [along, across] = self.along_across(point);
        let (u, v) = (along / self.radii[0], across / self.radii[1]);
        let distance = u.hypot(v);
        (self.outline(v.atan2(u)) - distance) * self.radii[0].min(self.radii[1])
    }

    /// Optical density at a point inside, `depth` pixels from the outline.
    pub(super) fn density(&self, point: [f32; 2], depth: f32) -> [f32; 3] {
        let [along, across] = self.along_across(point);
        let [long, short] = self.radii;
        let coarse = grain(point[0] / 5.0, point[1] / 5.0, self.grain_seed);
        let fine = grain(point[0] / 2.5, point[1] / 2.5, !self.grain_seed);
        let mut chromatin = 0.26 * coarse + 0.12 * fine;
        // The membrane: a thin dark line inside the outline.
        let membrane = 0.3 * bump(depth - 3.0, 1.5);
        let mut body = 0.92;
        if self.is_glassy {
            let centre = step(3.0, 0.45 * short, depth);
            chromatin *= 1.0 - 0.85 * centre;
            body -= 0.6 * centre;
        }
        let mut amount = body + chromatin + membrane;
        for (offset, bend) in &self.grooves {
            let u = along / long;
            let line = short * (offset + bend * (u * u - 0.3));
            let scale = (short / 28.0).clamp(0.5, 1.2); // narrow nuclei have fine lines
            let ends = 1.0 - step(0.72, 0.9, u.abs());
            // A dark line with light along either side, as a fold has.
            let dark = 0.75 * bump(across - line, 1.2 * scale);
            let light = 0.28 * bump((across - line).abs() - 3.6 * scale, 1.3 * scale);
            amount += ends * (dark - light);
        }
        if let Some(hole) = &self.inclusion {
            let from_rim = (along - hole.along).hypot(across - hole.across) - hole.radius;
            let inside = step(0.5, -0.5, from_rim);
            amount += (0.22 + 0.1 * chromatin - amount) * inside;
            amount += 0.75 * bump(from_rim, 1.0);
        }
        self.stain
            .map(|full| full * amount.max(0.05) * step(-FADE, FADE, depth))
    }
}
