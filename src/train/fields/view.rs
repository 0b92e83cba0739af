//! A varied view of a field: a square part of it, turned, mirrored and scaled, with its outlines exactly
//! so.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::data::{Field, Outline};
use crate::train::run::settings::{SettingError, below_one, within};

/// How far views vary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Views {
    /// The smallest scale, above 0.
    pub smallest: f32,
    /// The largest scale, at most 8. On a logarithmic axis the chance rises from either end to the
    /// middle, in a straight line.
    pub largest: f32,
    /// Whether views are turned by any angle and mirrored.
    pub turned: bool,
    /// The share of the views that nuclei of another view of their field are pasted into, from 0 to
    /// below 1.
    pub pasted: f32,
}

impl Default for Views {
    fn default() -> Self {
        Self {
            smallest: 0.5,
            largest: 1.8,
            turned: true,
            pasted: 0.0,
        }
    }
}

impl Views {
    /// Refuses settings that no run can use.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        within("views.largest", self.largest, 0.01, 8.0)?;
        within("views.smallest", self.smallest, 0.01, self.largest.into())?;
        below_one("views.pasted", self.pasted)
    }

    /// A view of `side` pixels about any point of a field of this width and height.
    pub fn draw(&self, [width, height]: [u32; 2], side: usize, random: &mut impl Rng) -> View {
        let mut between = |low: f32, high: f32| low + (high - low) * random.random::<f32>();
        let [smallest, largest] = [self.smallest, self.largest].map(f32::ln);
        let scale = (between(smallest, largest) + between(smallest, largest)) / 2.0;
        let scale = scale.exp();
        let angle = match self.turned {
            true => between(0.0, std::f32::consts::TAU),
            false => 0.0,
        };
        // Where the field is larger than the view, the view lies within it, but for its corners.
        let half = side as f32 / 2.0 / scale;
        let mut middle = |length: u32| {
            let last = length as f32 - 1.0;
            let inset = half.min(last / 2.0);
            between(inset, last - inset)
        };
        let middle = [middle(width), middle(height)];
        let mirror = if self.turned && random.random_bool(0.5) {
            -1.0
        } else {
            1.0
        };
        View {
            side,
            middle,
            scale,
            angle,
            mirror,
        }
    }
}

/// A square part of a field.
#[derive(Clone, Debug)]
pub struct View {
    /// Its side in its own pixels.
    pub side: usize,
    /// The point of the field at its middle.
    middle: [f32; 2],
    /// Its pixels for one of the field.
    scale: f32,
    /// In radians.
    angle: f32,
    /// −1 where it is mirrored, else 1.
    mirror: f32,
}

impl View {
    /// The pixels, `[red, green, blue]` from 0 to 255, row by row; `outside` where they lie outside the
    /// field.
    pub fn pixels(&self, field: &Field, outside: [f32; 3]) -> Vec<[f32; 3]> {
        let (width, height) = field.picture.dimensions();
        let (width, height) = (width as i32, height as i32);
        let values = field.picture.as_raw();
        let at = |x: i32, y: i32| {
            let start = 3 * (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize;
            [values[start], values[start + 1], values[start + 2]].map(f32::from)
        };
        // Shrinking, a pixel is the mean of several points.
        let points = if self.scale < 0.75 { 2 } else { 1 };
        let share = 1.0 / (points * points) as f32;
        let mut pixels = Vec::with_capacity(self.side * self.side);
        for row in 0..self.side {
            for column in 0..self.side {
                if !self.is_inside(field, [column as f32, row as f32]) {
                    pixels.push(outside);
                    continue;
                }
                let mut sum = [0.0f32; 3];
                for i in 0..points * points {
                    let within = |n: usize| (n as f32 + 0.5) / points as f32 - 0.5;
                    let point = [
                        column as f32 + within(i % points),
                        row as f32 + within(i / points),
                    ];
                    let [x, y] = self.to_field(point);
                    let (left, top) = (x.floor(), y.floor());
                    let (right_share, bottom_share) = (x - left, y - top);
                    let (left, top) = (left as i32, top as i32);
                    let corners = [
                        at(left, top),
                        at(left + 1, top),
                        at(left, top + 1),
                        at(left + 1, top + 1),
                    ];
                    for (channel, sum) in sum.iter_mut().enumerate() {
                        let [a, b, c, d] = corners.map(|corner| corner[channel]);
                        let (above, below) = (a + (b - a) * right_share, c + (d - c) * right_share);
                        *sum += above + (below - above) * bottom_share;
                    }
                }
                pixels.push(sum.map(|value| value * share));
            }
        }
        pixels
    }

    /// Whether a point of the view lies in the field.
    pub fn is_inside(&self, field: &Field, point: [f32; 2]) -> bool {
        let [x, y] = self.to_field(point);
        let (width, height) = field.picture.dimensions();
        let within = |value: f32, length: u32| value >= -0.5 && value < length as f32 - 0.5;
        within(x, width) && within(y, height)
    }

    /// The outlines that may reach into the view, in its pixels.
    pub fn outlines(&self, outlines: &[Outline]) -> Vec<Outline> {
        let seen = |outline: &Outline| {
            let side = self.side as f32;
            (0..2).all(|axis| {
                outline.iter().any(|point| point[axis] > -0.5)
                    && outline.iter().any(|point| point[axis] < side - 0.5)
            })
        };
        outlines
            .iter()
            .map(|outline| outline.iter().map(|&point| self.of_field(point)).collect())
            .filter(seen)
            .collect()
    }

    fn to_field(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let half = (self.side as f32 - 1.0) / 2.0;
        let (dx, dy) = (
            self.mirror * (x - half) / self.scale,
            (y - half) / self.scale,
        );
        let (sin, cos) = self.angle.sin_cos();
        [
            self.middle[0] + cos * dx - sin * dy,
            self.middle[1] + sin * dx + cos * dy,
        ]
    }

    fn of_field(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let half = (self.side as f32 - 1.0) / 2.0;
        let (dx, dy) = (x - self.middle[0], y - self.middle[1]);
        let (sin, cos) = self.angle.sin_cos();
        [
            half + self.scale * self.mirror * (cos * dx + sin * dy),
            half + self.scale * (cos * dy - sin * dx),
        ]
    }
}

#[cfg(test)]
mod tests {
    use ::image::{Rgb, RgbImage};

    use super::*;
    use crate::field::found::Area;
    use crate::train::run::random;

    /// A dark disc of radius 9 about (40, 52) on white, 120 × 90 pixels.
    fn field() -> Field {
        let picture = RgbImage::from_fn(120, 90, |x, y| {
            match (x as f32 - 40.0).hypot(y as f32 - 52.0) <= 9.0 {
                true => Rgb([0; 3]),
                false => Rgb([255; 3]),
            }
        });
        let angle = |i: usize| i as f32 / 64.0 * std::f32::consts::TAU;
        let point = |i: usize| [40.0 + 9.0 * angle(i).cos(), 52.0 + 9.0 * angle(i).sin()];
        Field {
            name: "disc".into(),
            picture,
            nuclei: vec![(0..64).map(point).collect()],
            left_out: None,
        }
    }

    #[test]
    fn outlines_go_with_the_pixels() {
        let field = field();
        let mut seen = 0;
        for seed in 0..40 {
            let view = Views::default().draw([120, 90], 96, &mut random(seed, &[]));
            let pixels = view.pixels(&field, [255.0; 3]);
            let Some(outline) = view.outlines(&field.nuclei).pop() else {
                continue;
            };
            if outline
                .iter()
                .flatten()
                .any(|value| !(0.0..95.0).contains(value))
            {
                continue;
            }
            seen += 1;
            let (mut dark, mut sum) = (0.0, [0.0; 2]);
            for (i, pixel) in pixels.iter().enumerate() {
                let weight = 1.0 - pixel[0] / 255.0;
                dark += weight;
                sum[0] += weight * (i % 96) as f32;
                sum[1] += weight * (i / 96) as f32;
            }
            for (axis, sum) in sum.iter().enumerate() {
                let middle = outline.iter().map(|point| point[axis]).sum::<f32>() / 64.0;
                assert!((sum / dark - middle).abs() < 0.2, "{} {middle}", sum / dark);
            }
            let area = Area::new(&outline).pixels() as f32;
            assert!((dark / area - 1.0).abs() < 0.1, "{dark} {area}");
        }
        assert!(seen > 10, "{seen}");
    }
}
