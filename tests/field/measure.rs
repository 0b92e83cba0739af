//! Measurements against scikit-image's: `tests/golden/measurements.py` made the values.

use std::collections::BTreeMap;

use karyolens::field::measure::{Measurement, Unit, measure};
use karyolens::field::{Contour, MicrometresPerPixel};
use karyolens::image::{RgbImage, decode};
use serde::Deserialize;

/// The largest difference, absolute for values below 1 and relative above.
const TOLERANCE: f64 = 1e-3;

#[derive(Deserialize)]
struct Golden {
    points: Vec<[f64; 2]>,
    values: BTreeMap<String, f64>,
}

#[test]
fn measurements_are_those_of_scikit_image() {
    let golden: Vec<Golden> =
        serde_json::from_str(include_str!("../golden/measurements.json")).unwrap();
    let field = decode(include_bytes!("../golden/crops/field.png")).unwrap();
    let contour = |(id, golden): (usize, &Golden)| Contour::new(id, golden.points.clone());
    let contours: Vec<Contour> = golden.iter().enumerate().map(contour).collect();
    for (number, (ours, theirs)) in measure(&field, &contours).iter().zip(&golden).enumerate() {
        let ours = ours.as_ref().unwrap();
        for measurement in Measurement::ALL {
            let name = measurement.name;
            let Some(theirs) = theirs.values.get(name) else {
                continue;
            };
            let ours = measurement.of(ours).unwrap();
            let apart = (ours - theirs).abs() / theirs.abs().max(1.0);
            assert!(apart < TOLERANCE, "{number}, {name}: {ours}, not {theirs}");
        }
    }
    let names: Vec<&str> = Measurement::ALL.map(|measurement| measurement.name).into();
    for name in golden[0].values.keys() {
        assert!(names.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn lengths_and_areas_have_micrometres() {
    let square = vec![[2.0, 2.0], [11.0, 2.0], [11.0, 11.0], [2.0, 11.0]];
    let outside = vec![[50.0, 2.0], [60.0, 2.0], [60.0, 9.0]];
    let contours = [Contour::new(0, square), Contour::new(1, outside)];
    let measured = measure(&RgbImage::new(20, 20), &contours);
    assert_eq!(measured[1], None);
    let measured = measured[0].as_ref().unwrap();
    assert_eq!((measured.area, measured.area_ratio), (100.0, 1.0));
    assert_eq!(measured.nearest_neighbour, None);
    let scale = MicrometresPerPixel::new(0.5).unwrap();
    for measurement in Measurement::ALL {
        let (pixels, micrometres) = (
            measurement.of(measured),
            measurement.in_micrometres(measured, scale),
        );
        let expected = match measurement.unit {
            Unit::Area => pixels.map(|value| value / 4.0),
            Unit::Length => pixels.map(|value| value / 2.0),
            _ => None,
        };
        assert_eq!(micrometres, expected, "{}", measurement.name);
    }
}
