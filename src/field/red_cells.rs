//! Red cells as a ruler, where nothing else tells the scale of a field.
//!
//! A red cell of a smear is a disc about as large in every person. The network that finds nuclei leaves red
//! cells out, beside leucocytes, smudges and clumps: red cells are the round ones, and they are the most.

use super::{Contour, FieldScale, MicrometresPerPixel, area};

/// The diameter of a red cell in a smear, in micrometres.
const DIAMETER: f64 = 7.0;
/// The circularity, 4π area / perimeter², from which an outline is round: an ellipse whose axes differ by a
/// fifth has it.
const ROUND: f64 = 0.985;
/// So many round objects are enough.
const ENOUGH: usize = 12;
/// Diameters within this share of the median are those of one kind of cell.
const SPREAD: f64 = 0.2;
/// At least this share of the round objects must be of one kind. On the study's 36 fields this accepts 24: at
/// the usual magnification 20 of 21 scales come within a fifth of that of the scale bar.
const ALIKE: f64 = 0.6;

/// The red cells of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RedCells {
    /// How many were measured.
    pub count: usize,
    /// The median of their diameters, in pixels.
    pub diameter: f64,
}

impl RedCells {
    /// The red cells among a field's left-out objects. `None` where the round ones are too few, or differ too
    /// much in size to be of one kind.
    pub fn among(left_out: &[Contour]) -> Option<Self> {
        let round = left_out
            .iter()
            .filter_map(|contour| round_diameter(&contour.points));
        let mut diameters: Vec<f64> = round.collect();
        let all = diameters.len();
        for _ in 0..2 {
            let median = median(&mut diameters)?;
            diameters.retain(|diameter| (diameter / median - 1.0).abs() <= SPREAD);
        }
        let count = diameters.len();
        let is_enough = count >= ENOUGH && count as f64 >= ALIKE * all as f64;
        let diameter = median(&mut diameters)?;
        is_enough.then_some(Self { count, diameter })
    }

    /// The scale of the field, if these cells are of the usual size.
    pub fn scale(self) -> Option<FieldScale> {
        let value = MicrometresPerPixel::of_length(DIAMETER, self.diameter)?;
        Some(FieldScale {
            value,
            is_estimated: true,
        })
    }
}

/// The diameter of the circle of an outline's area; `None` where the outline is not round.
fn round_diameter(points: &[[f64; 2]]) -> Option<f64> {
    let next = points.iter().cycle().skip(1);
    let sides = points.iter().zip(next);
    let perimeter: f64 = sides.map(|([x, y], [u, v])| (u - x).hypot(v - y)).sum();
    let area = area(points);
    let circularity = 4.0 * std::f64::consts::PI * area / perimeter.powi(2);
    (circularity >= ROUND).then(|| (4.0 * area / std::f64::consts::PI).sqrt())
}

/// The upper median; `None` without values.
fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ellipse with these axes.
    fn ellipse(width: f64, height: f64) -> Contour {
        let point = |corner: usize| {
            let (sine, cosine) = (corner as f64 * std::f64::consts::TAU / 64.0).sin_cos();
            [100.0 + width / 2.0 * cosine, 100.0 + height / 2.0 * sine]
        };
        Contour::new(0, (0..64).map(point).collect())
    }

    fn circles(diameters: impl IntoIterator<Item = f64>) -> Vec<Contour> {
        let circle = |diameter| ellipse(diameter, diameter);
        diameters.into_iter().map(circle).collect()
    }

    #[test]
    fn the_round_objects_of_one_size_are_the_ruler() {
        let mut seen = circles((0..15).map(|i| 27.0 + f64::from(i % 3)));
        seen.extend((0..40).map(|_| ellipse(20.0, 60.0)));
        seen.extend(circles([5.0, 90.0]));
        let cells = RedCells::among(&seen).unwrap();
        assert_eq!(cells.count, 15);
        assert!((cells.diameter - 28.0).abs() < 0.1, "{cells:?}");
        let scale = cells.scale().unwrap();
        assert!(scale.is_estimated);
        assert!((scale.value.get() - 0.25).abs() < 1e-3);
    }

    #[test]
    fn too_few_and_too_different_objects_are_refused() {
        assert_eq!(RedCells::among(&[]), None);
        assert_eq!(RedCells::among(&circles([28.0; 11])), None);
        assert!(RedCells::among(&circles([28.0; 12])).is_some());
        let scattered = (1..60).map(|i| 4.0 * f64::from(i));
        assert_eq!(RedCells::among(&circles(scattered)), None);
        let broken = Contour::new(0, vec![[f64::NAN; 2]; 3]);
        assert_eq!(RedCells::among(&vec![broken; 20]), None);
    }
}
