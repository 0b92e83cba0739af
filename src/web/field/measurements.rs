//! Measurements of a field's nuclei.
//!
//! Outlines come in and values go out in flat arrays; `pkg/worker.js` makes columns of them.

use wasm_bindgen::prelude::*;

use super::pieces::Pieces;
use crate::field::Contour;
use crate::field::measure::{Measurement, Unit, measure};

/// The names of the measurements.
#[wasm_bindgen]
pub fn measurement_names() -> Vec<String> {
    Measurement::ALL.map(|one| one.name.into()).into()
}

/// The units of the measurements.
#[wasm_bindgen]
pub fn measurement_units() -> Vec<String> {
    let unit = |one: Measurement| match one.unit {
        Unit::Length => "length".into(),
        Unit::Area => "area".into(),
        Unit::Radians => "radians".into(),
        Unit::GreyLevels => "grey levels".into(),
        Unit::Ratio => "ratio".into(),
    };
    Measurement::ALL.map(unit).into()
}

/// The field's size, its pieces ([`Pieces`]), x and y of the points of all outlines, and the number of points of each → for each
/// measurement its value for each outline, in pixels; NaN where there is none.
#[wasm_bindgen]
pub fn measure_nuclei(
    width: u32,
    height: u32,
    rgba: &[u8],
    places: &[u32],
    points: &[f64],
    lengths: &[u32],
) -> Result<Vec<f64>, JsError> {
    let (mut rest, _) = points.as_chunks();
    let mut contours = Vec::with_capacity(lengths.len());
    for &length in lengths {
        let Some((outline, after)) = rest.split_at_checked(length as usize) else {
            return Err(JsError::new("an outline has more points than there are"));
        };
        contours.push(Contour::new("", outline.to_vec()));
        rest = after;
    }
    let measured = measure(&Pieces::new([width, height], rgba, places)?, &contours);
    let values = Measurement::ALL.iter().flat_map(|one| {
        let value = |all: &Option<_>| all.as_ref().and_then(|all| one.of(all));
        measured
            .iter()
            .map(move |all| value(all).unwrap_or(f64::NAN))
    });
    Ok(values.collect())
}
