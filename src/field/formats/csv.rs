//! A field's nuclei as CSV (RFC 4180), one row a nucleus.

use super::MeasuredCell;
use crate::field::measure::{Measurement, Unit};
use crate::field::{CellFeature, FieldScale};

/// The nuclei of a field as a table: `field`, `cell`, `origin`, `changed`, `model`, `x`, `y`, the measurements,
/// four columns a feature (`Grooves_probability`, `Grooves_model`, `Grooves_human`, `Grooves_present`), `risk_score`,
/// `risk_level`, `confirmed`, `outline_probability`, `micrometres_per_pixel`, `scale_estimated`. Names of measurements end with `_px`, `_px2`, `_um` or `_um2`; without a scale the columns of
/// micrometres are empty. The list of features is that of the first nucleus that has one.
pub fn write_csv(field: &str, cells: &[MeasuredCell], scale: Option<FieldScale>) -> String {
    let mut features = cells.iter().map(|measured| &measured.cell.features);
    let names: Vec<&str> = features
        .find(|features| !features.is_empty())
        .map(|features| features.iter().map(|one| one.name.as_str()).collect())
        .unwrap_or_default();
    let mut rows = vec![header(&names)];
    rows.extend(cells.iter().map(|cell| row(field, cell, &names, scale)));
    let line = |row: Vec<String>| {
        let values: Vec<String> = row.iter().map(|value| quoted(value)).collect();
        values.join(",") + "\r\n"
    };
    rows.into_iter().map(line).collect()
}

fn header(features: &[&str]) -> Vec<String> {
    let first = ["field", "cell", "origin", "changed", "model", "x", "y"];
    let mut header: Vec<String> = first.map(String::from).into();
    for measurement in Measurement::ALL {
        let name = measurement.name;
        match measurement.unit {
            Unit::Length => header.extend([format!("{name}_px"), format!("{name}_um")]),
            Unit::Area => header.extend([format!("{name}_px2"), format!("{name}_um2")]),
            Unit::Radians | Unit::GreyLevels | Unit::Ratio => header.push(name.into()),
        }
    }
    for name in features {
        let parts = ["probability", "model", "human", "present"];
        header.extend(parts.map(|part| format!("{name}_{part}")));
    }
    let last = [
        "risk_score",
        "risk_level",
        "confirmed",
        "outline_probability",
        "micrometres_per_pixel",
        "scale_estimated",
    ];
    header.extend(last.map(String::from));
    header
}

fn row(
    field: &str,
    MeasuredCell { cell, measurements }: &MeasuredCell,
    features: &[&str],
    scale: Option<FieldScale>,
) -> Vec<String> {
    let text = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let mut row = vec![
        field.into(),
        cell.contour.id.clone(),
        cell.origin.name().into(),
        cell.is_changed.to_string(),
        cell.model.clone().unwrap_or_default(),
    ];
    let centroid = measurements.as_ref().map(|all| all.centroid);
    row.extend([0, 1].map(|axis| text(centroid.map(|centroid| centroid[axis]))));
    for measurement in Measurement::ALL {
        let values = measurements.as_ref();
        row.push(text(values.and_then(|values| measurement.of(values))));
        if matches!(measurement.unit, Unit::Length | Unit::Area) {
            let value = values.zip(scale);
            row.push(text(value.and_then(|(all, scale)| {
                measurement.in_micrometres(all, scale.value)
            })));
        }
    }
    for name in features {
        let truth = |value: Option<bool>| value.map(|value| value.to_string()).unwrap_or_default();
        let feature = cell.features.iter().find(|feature| feature.name == *name);
        row.push(text(feature.and_then(|one| one.probability)));
        row.push(truth(feature.and_then(|one| one.call)));
        row.push(truth(feature.and_then(|one| one.answer)));
        row.push(truth(feature.map(CellFeature::is_present)));
    }
    let risk = cell.risk();
    row.push(text(risk.map(|risk| risk.score)));
    row.push(
        risk.map(|risk| format!("{:?}", risk.level))
            .unwrap_or_default(),
    );
    row.push(cell.is_confirmed.to_string());
    row.push(text(cell.probability));
    row.push(text(scale.map(|scale| scale.value.get())));
    row.push(
        scale
            .map(|scale| scale.is_estimated.to_string())
            .unwrap_or_default(),
    );
    row
}

/// A value as a spreadsheet takes it. A text that it would take for a formula begins with an apostrophe.
fn quoted(value: &str) -> String {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let value = match is_formula && value.parse::<f64>().is_err() {
        true => format!("'{value}"),
        false => value.into(),
    };
    match value.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value,
    }
}
