//! The writer.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::super::MeasuredCell;
use super::super::json::{Entries, json};
use super::ring::ring;
use super::uuid::{is_uuid, uuid};
use super::{LEFT_OUT, OUTLINE_PROBABILITY, key, probability_of};
use crate::field::measure::{Measurement, Unit};
use crate::field::{Contour, FieldScale};
use crate::nuclei::RiskLevel;

/// The kind of object that QuPath makes of a nucleus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectType {
    /// Many, light, not to be edited: the usual kind for nuclei.
    #[default]
    Detection,
    /// A shape that a person can edit in QuPath.
    Annotation,
}

#[derive(Serialize)]
struct Collection<'a> {
    r#type: &'static str,
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    id: String,
    geometry: Polygon,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Polygon {
    r#type: &'static str,
    coordinates: [Vec<[f64; 2]>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    object_type: ObjectType,
    #[serde(skip_serializing_if = "Option::is_none")]
    classification: Option<Classification>,
    measurements: Entries<String, f64>,
    metadata: Entries<&'a str, String>,
}

#[derive(Serialize)]
struct Classification {
    name: &'static str,
    color: [u8; 3],
}

/// The nuclei of a field as QuPath opens them: classified by risk where they have one, with probabilities
/// and measurements as numbers, and with all that this crate needs to open the file as it was. Objects that
/// are `left_out` have a class of their own, and nothing else.
///
/// Rings are valid and rounded to hundredths of a pixel. A contour that touches itself is cut at that
/// place, and one of which nothing remains is left away.
pub fn write_geojson(
    field: &str,
    cells: &[MeasuredCell],
    left_out: &[Contour],
    scale: Option<FieldScale>,
    object_type: ObjectType,
) -> String {
    let (mut counts, mut known) = (HashMap::new(), HashSet::new());
    let mut id_of = |id: &str| {
        let count: &mut usize = counts.entry(id.to_string()).or_default();
        *count += 1;
        match is_uuid(id) && known.insert(id.to_lowercase()) {
            true => id.to_string(),
            false => uuid(field, id, *count),
        }
    };
    let mut feature = |contour: &Contour, properties| {
        Some(Feature {
            r#type: "Feature",
            geometry: Polygon {
                r#type: "Polygon",
                coordinates: [ring(&contour.points)?],
            },
            id: id_of(&contour.id),
            properties,
        })
    };
    let mut features = Vec::new();
    for measured in cells {
        let properties = Properties {
            object_type,
            classification: measured.cell.risk().map(|risk| classification(risk.level)),
            measurements: Entries(measurements(measured, scale)),
            metadata: Entries(metadata(measured, scale)),
        };
        features.extend(feature(&measured.cell.contour, properties));
    }
    for contour in left_out {
        let properties = Properties {
            object_type,
            classification: Some(Classification {
                name: LEFT_OUT,
                color: [128, 128, 128],
            }),
            measurements: Entries(Vec::new()),
            metadata: Entries(vec![(key::ID, contour.id.clone())]),
        };
        features.extend(feature(contour, properties));
    }
    json(&Collection {
        r#type: "FeatureCollection",
        features,
    })
}

/// Colours that people with any colour vision tell apart, also on a stained slide (Okabe and Ito 2008).
fn classification(level: RiskLevel) -> Classification {
    let (name, color) = match level {
        RiskLevel::Low => ("Low risk", [0, 158, 115]),
        RiskLevel::Medium => ("Medium risk", [240, 228, 66]),
        RiskLevel::High => ("High risk", [213, 94, 0]),
    };
    Classification { name, color }
}

fn measurements(
    MeasuredCell { cell, measurements }: &MeasuredCell,
    scale: Option<FieldScale>,
) -> Vec<(String, f64)> {
    let mut listed = Vec::new();
    listed.extend(
        cell.probability
            .map(|value| (OUTLINE_PROBABILITY.into(), value)),
    );
    for feature in &cell.features {
        listed.extend(
            feature
                .probability
                .map(|value| (probability_of(&feature.name), value)),
        );
    }
    listed.extend(cell.risk().map(|risk| ("risk score".into(), risk.score)));
    for measurement in Measurement::ALL {
        let Some(values) = measurements else {
            continue;
        };
        let name = |unit: &str| format!("{}{unit}", measurement.name);
        let [pixels, micrometres] = match measurement.unit {
            Unit::Length => [" px", " µm"],
            Unit::Area => [" px^2", " µm^2"],
            Unit::Radians | Unit::GreyLevels | Unit::Ratio => ["", ""],
        };
        listed.extend(measurement.of(values).map(|value| (name(pixels), value)));
        let value = scale.and_then(|scale| measurement.in_micrometres(values, scale.value));
        listed.extend(value.map(|value| (name(micrometres), value)));
    }
    listed.retain(|(_, value)| value.is_finite());
    listed
}

fn metadata(
    MeasuredCell { cell, .. }: &MeasuredCell,
    scale: Option<FieldScale>,
) -> Vec<(&'static str, String)> {
    let mut listed = vec![
        (key::ID, cell.contour.id.clone()),
        (key::ORIGIN, cell.origin.name().into()),
        (key::CHANGED, cell.is_changed.to_string()),
        (key::CONFIRMED, cell.is_confirmed.to_string()),
    ];
    if let Some(scale) = scale {
        listed.push((key::SCALE, scale.value.get().to_string()));
        listed.push((key::SCALE_ESTIMATED, scale.is_estimated.to_string()));
    }
    listed.extend(cell.model.clone().map(|model| (key::MODEL, model)));
    let features = || cell.features.iter();
    if cell.features.is_empty() {
        return listed;
    }
    let names = |names: Vec<&str>| json(&names);
    listed.push((
        key::FEATURES,
        names(features().map(|one| one.name.as_str()).collect()),
    ));
    if features().any(|one| one.call.is_some()) {
        let called = features().filter(|one| one.call == Some(true));
        listed.push((
            key::CALLED,
            names(called.map(|one| one.name.as_str()).collect()),
        ));
    }
    let answers = features().filter_map(|one| Some((one.name.as_str(), one.answer?)));
    let answers: Vec<(&str, bool)> = answers.collect();
    if !answers.is_empty() {
        let corrected = features().filter(|one| one.is_corrected());
        listed.push((key::ANSWERS, json(&Entries(answers))));
        listed.push((
            key::CORRECTED,
            names(corrected.map(|one| one.name.as_str()).collect()),
        ));
    }
    listed
}
