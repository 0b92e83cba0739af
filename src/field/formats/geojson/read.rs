//! The reader.

use super::super::json::Json;
use super::super::points::contour;
use super::super::{CellFile, Reason, Refused};
use super::{HALF, LEFT_OUT, OUTLINE_PROBABILITY, key, probability_of};
use crate::field::{CellFeature, Contour, FieldCell, Origin};

/// An annotation that surrounds this many objects is a region.
const REGION: usize = 2;

/// The features of a GeoJSON file in any form: a collection, a list of features, one feature, or a bare
/// geometry. `None` for other JSON.
pub fn features(json: &Json) -> Option<Vec<&Json>> {
    let type_of = |value: &Json| value.get("type").and_then(Json::text).map(String::from);
    match json {
        Json::List(items) => {
            let is_feature = |item| type_of(item).as_deref() == Some("Feature");
            items.iter().any(is_feature).then(|| items.iter().collect())
        }
        json => match type_of(json)?.as_str() {
            "FeatureCollection" => Some(json.get("features")?.items()?.iter().collect()),
            "Feature" | "Polygon" | "MultiPolygon" | "GeometryCollection" => Some(vec![json]),
            _ => None,
        },
    }
}

/// Reads the outlines of features and of their children.
///
/// A cell's nucleus goes before its membrane. Each part of a `MultiPolygon` is a cell, and holes are
/// filled. Objects of the class [`LEFT_OUT`] are no nuclei to be read. An annotation that surrounds two objects or more is a region, not a nucleus.
pub fn read(features: &[&Json]) -> CellFile {
    let mut file = CellFile::default();
    let mut is_annotation = Vec::new();
    let mut open: Vec<&Json> = features.iter().rev().copied().collect();
    let mut place = 0;
    while let Some(feature) = open.pop() {
        let properties = feature.get("properties").unwrap_or(&Json::Null);
        let first_of = |keys: [&str; 2]| keys.iter().find_map(|key| properties.get(key));
        let children = first_of(["childObjects", "children"]).and_then(Json::items);
        open.extend(children.unwrap_or_default().iter().rev());
        let kind = first_of(["objectType", "object_type"]).and_then(Json::text);
        if matches!(kind, Some("root" | "tile" | "tmaCore" | "tma_core")) {
            continue;
        }
        let cell = cell(feature, properties, place);
        let class = properties
            .get("classification")
            .and_then(|class| class.get("name"))
            .and_then(Json::text);
        place += 1;
        for outline in outlines(geometry(feature), &cell.contour.id) {
            match outline {
                Ok(contour) if class == Some(LEFT_OUT) => file.left_out.push(contour),
                Ok(contour) => {
                    let cell = cell.clone();
                    file.cells.push(FieldCell { contour, ..cell });
                    is_annotation.push(matches!(kind, None | Some("annotation" | "unknown")));
                }
                Err(refused) => file.refused.push(refused),
            }
        }
    }
    leave_regions_out(&mut file, &is_annotation);
    file
}

/// The geometry of a feature's nucleus; a bare geometry is its own.
fn geometry(feature: &Json) -> &Json {
    let nucleus = feature.get("nucleusGeometry");
    nucleus
        .filter(|nucleus| nucleus.get("coordinates").is_some())
        .or_else(|| feature.get("geometry"))
        .unwrap_or(feature)
}

/// The outer rings of a geometry, in pixels of the field.
fn outlines(geometry: &Json, id: &str) -> Vec<Result<Contour, Refused>> {
    let coordinates = || geometry.get("coordinates").and_then(Json::items);
    let polygons: Vec<&Json> = match geometry.get("type").and_then(Json::text) {
        Some("Polygon") => geometry.get("coordinates").into_iter().collect(),
        Some("MultiPolygon") => coordinates().unwrap_or_default().iter().collect(),
        Some("GeometryCollection") => {
            let parts = geometry.get("geometries").and_then(Json::items);
            let parts = parts.unwrap_or_default().iter();
            // One level: a collection in a collection is told as no outline.
            return parts
                .filter(|part| part.get("geometries").is_none())
                .flat_map(|part| outlines(part, id))
                .collect();
        }
        _ => Vec::new(),
    };
    let no_outline = || Refused {
        id: id.into(),
        reason: Reason::NoOutline,
    };
    if polygons.is_empty() {
        return vec![Err(no_outline())];
    }
    let outline = |polygon: &Json| {
        let ring = polygon.items().and_then(|rings| rings.first());
        let mut contour = contour(id.into(), ring.ok_or_else(no_outline)?)?;
        for value in contour.points.iter_mut().flatten() {
            *value -= HALF;
        }
        Ok(contour)
    };
    polygons.into_iter().map(outline).collect()
}

/// All that a feature tells but its outline.
fn cell(feature: &Json, properties: &Json, place: usize) -> FieldCell {
    let metadata = |key: &str| properties.get("metadata")?.get(key)?.text();
    let id = metadata(key::ID).map(String::from);
    let id = id
        .or_else(|| feature.get("id").and_then(Json::name))
        .unwrap_or_else(|| place.to_string());
    let listed = |key: &str| metadata(key).and_then(|text| Json::read(text.as_bytes()).ok());
    let names = |key: &str| -> Vec<String> {
        let list = listed(key);
        let items = list.as_ref().and_then(Json::items).unwrap_or_default();
        items.iter().filter_map(Json::name).collect()
    };
    let called = metadata(key::CALLED).map(|_| names(key::CALLED));
    let answers = listed(key::ANSWERS);
    let feature = |name: String| CellFeature {
        probability: measurement(properties, &probability_of(&name)),
        call: called.as_ref().map(|called| called.contains(&name)),
        answer: answers.as_ref().and_then(|list| list.get(&name)?.truth()),
        name,
    };
    FieldCell {
        contour: Contour::new(id, Vec::new()),
        origin: metadata(key::ORIGIN)
            .and_then(Origin::named)
            .unwrap_or_default(),
        is_changed: metadata(key::CHANGED) == Some("true"),
        is_confirmed: metadata(key::CONFIRMED) == Some("true"),
        probability: measurement(properties, OUTLINE_PROBABILITY),
        features: names(key::FEATURES).into_iter().map(feature).collect(),
        model: metadata(key::MODEL).map(String::from),
    }
}

/// A measurement by its name, from an object or from the list of QuPath before 0.4.
fn measurement(properties: &Json, name: &str) -> Option<f64> {
    match properties.get("measurements")? {
        Json::List(items) => {
            let is_it = |item: &&Json| item.get("name").and_then(Json::text) == Some(name);
            items.iter().find(is_it)?.get("value")?.number()
        }
        measurements => measurements.get(name)?.number(),
    }
}

fn leave_regions_out(file: &mut CellFile, is_annotation: &[bool]) {
    let bounds: Vec<[[f64; 2]; 2]> = file
        .cells
        .iter()
        .map(|cell| {
            let points = || cell.contour.points.iter();
            let least = |axis: usize| points().map(|p| p[axis]).fold(f64::MAX, f64::min);
            let most = |axis: usize| points().map(|p| p[axis]).fold(f64::MIN, f64::max);
            [[least(0), least(1)], [most(0), most(1)]]
        })
        .collect();
    let surrounds = |a: usize, b: usize| {
        let ([low, high], [inner_low, inner_high]) = (bounds[a], bounds[b]);
        a != b && (0..2).all(|axis| low[axis] < inner_low[axis] && inner_high[axis] < high[axis])
    };
    let is_region = |a: usize| {
        let inner = (0..bounds.len()).filter(|&b| surrounds(a, b));
        is_annotation[a] && inner.take(REGION).count() == REGION
    };
    let regions: Vec<bool> = (0..bounds.len()).map(is_region).collect();
    let mut is_region = regions.iter();
    let refused = &mut file.refused;
    file.cells.retain(|cell| {
        let is_region = *is_region.next().unwrap_or(&false);
        if is_region {
            let id = cell.contour.id.clone();
            refused.push(Refused {
                id,
                reason: Reason::Region,
            });
        }
        !is_region
    });
}
