//! Measurements of nuclei, taken from contour and pixels without a network.
//!
//! Names and values are those of scikit-image's `regionprops` where it has the measure, on the mask of
//! the contour ([`Mask`]) and on grey levels from 0 to 255 ([`grey level`](grey_level)). Lengths are in
//! pixels of the field, and in micrometres where the field's scale is known.

mod grey;
mod neighbours;
mod shape;

use super::{Contour, MicrometresPerPixel};
use crate::image::{Mask, RgbImage};
use grey::Grey;
use shape::Shape;

pub use grey::grey_level;

/// All measurements of one nucleus, lengths in pixels of the field.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurements {
    /// The centre of mass of the mask `[x, y]`.
    pub centroid: [f64; 2],
    /// Pixels of the mask.
    pub area: f64,
    /// Length of the mask's border (Benkrid and Crookes; neighbourhood of 4).
    pub perimeter: f64,
    /// Diameter of a circle of the same area.
    pub equivalent_diameter_area: f64,
    /// Length of the ellipse of the same second moments.
    pub axis_major_length: f64,
    /// Width of that ellipse.
    pub axis_minor_length: f64,
    /// Length over width; `None` for a mask one pixel wide.
    pub axis_ratio: Option<f64>,
    /// Angle between the field's vertical axis and the long axis, −π/2 to π/2, against the clock.
    pub orientation: f64,
    /// Area over that of the convex hull.
    pub solidity: f64,
    /// 4π area / perimeter²; 1 for a circle, as far as pixels make one. `None` for a single pixel.
    pub circularity: Option<f64>,
    /// Mean grey level.
    pub intensity_mean: f64,
    /// Standard deviation of the grey level.
    pub intensity_std: f64,
    /// Root mean square of the differences between a pixel and the mean of its 3×3 neighbours within the
    /// mask, in grey levels: coarse chromatin has more.
    pub texture: f64,
    /// Distance to the nearest other centroid; `None` where the nucleus is alone.
    pub nearest_neighbour: Option<f64>,
    /// The share of border pixels that have a pixel of another nucleus within two pixels.
    pub touching: f64,
    /// Area over the median area of the field's nuclei.
    pub area_ratio: f64,
}

/// One of the measurements, as tables and files name it.
#[derive(Clone, Copy, Debug)]
pub struct Measurement {
    /// The name: that of `regionprops` where it has the measure.
    pub name: &'static str,
    /// The unit.
    pub unit: Unit,
    value: fn(&Measurements) -> Option<f64>,
}

/// The unit of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A length.
    Length,
    /// A length times a length.
    Area,
    /// An angle in radians.
    Radians,
    /// Levels of grey, 0 to 255.
    GreyLevels,
    /// A number without a unit.
    Ratio,
}

impl Measurement {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 15] = [
        Self::new("area", Unit::Area, |all| Some(all.area)),
        Self::new("perimeter", Unit::Length, |all| Some(all.perimeter)),
        Self::new("equivalent_diameter_area", Unit::Length, |all| {
            Some(all.equivalent_diameter_area)
        }),
        Self::new("axis_major_length", Unit::Length, |all| {
            Some(all.axis_major_length)
        }),
        Self::new("axis_minor_length", Unit::Length, |all| {
            Some(all.axis_minor_length)
        }),
        Self::new("axis_ratio", Unit::Ratio, |all| all.axis_ratio),
        Self::new("orientation", Unit::Radians, |all| Some(all.orientation)),
        Self::new("solidity", Unit::Ratio, |all| Some(all.solidity)),
        Self::new("circularity", Unit::Ratio, |all| all.circularity),
        Self::new("intensity_mean", Unit::GreyLevels, |all| {
            Some(all.intensity_mean)
        }),
        Self::new("intensity_std", Unit::GreyLevels, |all| {
            Some(all.intensity_std)
        }),
        Self::new("texture", Unit::GreyLevels, |all| Some(all.texture)),
        Self::new("nearest_neighbour", Unit::Length, |all| {
            all.nearest_neighbour
        }),
        Self::new("touching", Unit::Ratio, |all| Some(all.touching)),
        Self::new("area_ratio", Unit::Ratio, |all| Some(all.area_ratio)),
    ];

    const fn new(name: &'static str, unit: Unit, value: fn(&Measurements) -> Option<f64>) -> Self {
        Self { name, unit, value }
    }

    /// The value in pixels, square pixels, radians, grey levels or none; `None` where there is no value.
    pub fn of(&self, measurements: &Measurements) -> Option<f64> {
        (self.value)(measurements)
    }

    /// The value in micrometres or square micrometres; `None` for other units too.
    pub fn in_micrometres(
        &self,
        measurements: &Measurements,
        scale: MicrometresPerPixel,
    ) -> Option<f64> {
        let factor = match self.unit {
            Unit::Length => scale.get(),
            Unit::Area => scale.get() * scale.get(),
            _ => return None,
        };
        Some(self.of(measurements)? * factor)
    }
}

/// A field's pixels, as far as they are measured: those within each contour.
pub trait Pixels {
    /// Width and height of the field.
    fn size(&self) -> [u32; 2];

    /// The colour at column `x` and row `y` of the field, a place within a contour: the one of this number, from 0.
    fn colour(&self, contour: usize, x: u32, y: u32) -> [u8; 3];
}

impl Pixels for RgbImage {
    fn size(&self) -> [u32; 2] {
        [self.width(), self.height()]
    }

    fn colour(&self, _: usize, x: u32, y: u32) -> [u8; 3] {
        self.get_pixel(x, y).0
    }
}

/// Measures the nuclei of a field; `None` for contours that surround nothing of it.
pub fn measure(field: &impl Pixels, contours: &[Contour]) -> Vec<Option<Measurements>> {
    let size = field.size();
    let masks: Vec<Option<Mask>> = contours
        .iter()
        .map(|contour| Mask::new(&contour.points, size))
        .collect();
    let shapes: Vec<Option<Shape>> = masks
        .iter()
        .map(|mask| mask.as_ref().map(Shape::new))
        .collect();
    let centroids: Vec<[f64; 2]> = shapes
        .iter()
        .flatten()
        .map(|shape| shape.centroid)
        .collect();
    let nearest = neighbours::nearest(&centroids);
    let median = median(shapes.iter().flatten().map(|shape| shape.area).collect());
    let mut nearest = nearest.into_iter();
    let one = |((place, mask), shape): ((usize, &Option<Mask>), Option<Shape>)| {
        let (mask, shape) = (mask.as_ref()?, shape?);
        let grey = Grey::new(mask, |x, y| grey_level(field.colour(place, x, y)));
        Some(Measurements {
            centroid: shape.centroid,
            area: shape.area,
            perimeter: shape.perimeter,
            equivalent_diameter_area: 2.0 * (shape.area / std::f64::consts::PI).sqrt(),
            axis_major_length: shape.axes[0],
            axis_minor_length: shape.axes[1],
            axis_ratio: (shape.axes[1] > 0.0).then(|| shape.axes[0] / shape.axes[1]),
            orientation: shape.orientation,
            solidity: shape.area / shape.convex_area,
            circularity: (shape.perimeter > 0.0)
                .then(|| 4.0 * std::f64::consts::PI * shape.area / shape.perimeter.powi(2)),
            intensity_mean: grey.mean,
            intensity_std: grey.deviation,
            texture: grey.texture,
            nearest_neighbour: nearest.next().flatten(),
            touching: neighbours::touching(&masks, place),
            area_ratio: shape.area / median,
        })
    };
    masks.iter().enumerate().zip(shapes).map(one).collect()
}

/// The middle value, of an even count the mean of the middle two; 1 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 1.0,
        count if count % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}
