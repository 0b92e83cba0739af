//! Files that other programs open.

use std::collections::HashSet;

use karyolens::field::formats::{
    MeasuredCell, ObjectType, read, write_csv, write_geojson, write_study,
};
use karyolens::field::measure::Measurement;
use karyolens::field::{CellFeature, Contour, FieldCell, FieldScale, MicrometresPerPixel, Origin};
use karyolens::image::RgbImage;
use karyolens::nuclei::Feature;
use serde_json::Value;

use crate::support::shared;

/// Three nuclei: one that was read and answered, one that was drawn, one that touches itself.
fn cells() -> Vec<MeasuredCell> {
    let square = vec![[10.0, 20.0], [16.0, 20.0], [16.0, 26.0], [10.0, 26.0]];
    let mut found = FieldCell::new(Contour::new(7, square), Origin::Found);
    found.is_changed = true;
    found.is_confirmed = true;
    found.probability = Some(0.625);
    found.model = Some("0a1b".into());
    found.features = Feature::ALL
        .map(|feature| CellFeature {
            name: feature.name().into(),
            probability: Some(0.125 * f64::from(feature as u8)),
            call: Some(feature as usize > 6),
            answer: (feature == Feature::Inclusion).then_some(true),
        })
        .into();
    let triangle = vec![[30.25, 2.0], [39.5, 3.75], [34.0, 8.123]];
    let drawn = FieldCell::new(Contour::new("7", triangle), Origin::Drawn);
    let pinched = vec![
        [50.0, 10.0],
        [60.0, 10.0],
        [60.0, 20.0],
        [62.0, 20.0],
        [60.0, 20.0],
        [50.0, 20.0],
    ];
    let uuid = "018f2d3e-9b1c-8a77-a1b2-0123456789ab";
    let pinched = FieldCell::new(Contour::new(uuid, pinched), Origin::Given);
    let field = RgbImage::from_fn(80, 60, |x, y| image::Rgb([(x * y) as u8; 3]));
    MeasuredCell::measured(&field, vec![found, drawn, pinched])
}

/// An object that is no nucleus to be read.
fn left_out() -> Vec<Contour> {
    let square = vec![[70.0, 40.0], [75.0, 40.0], [75.0, 45.0], [70.0, 45.0]];
    vec![Contour::new(7, square)]
}

fn written(object_type: ObjectType) -> String {
    let scale = MicrometresPerPixel::new(0.25).map(FieldScale::told);
    write_geojson("field_7", &cells(), &left_out(), scale, object_type)
}

/// Every value of a JSON tree.
fn all(value: &Value) -> Vec<&Value> {
    let inner: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(entries) => entries.values().collect(),
        _ => Vec::new(),
    };
    let mut found = vec![value];
    found.extend(inner.into_iter().flat_map(all));
    found
}

#[test]
fn geojson_keeps_the_rules_of_qupath() {
    for (object_type, name) in [
        (ObjectType::Detection, "detection"),
        (ObjectType::Annotation, "annotation"),
    ] {
        let json: Value = serde_json::from_str(&written(object_type)).unwrap();
        assert!(all(&json).iter().all(|value| !value.is_null()));
        assert_eq!(json["type"], "FeatureCollection");
        let features = json["features"].as_array().unwrap();
        let ids: HashSet<&str> = features
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), 4);
        assert!(ids.contains("018f2d3e-9b1c-8a77-a1b2-0123456789ab"));
        for feature in features {
            assert_eq!(feature["type"], "Feature");
            let groups: Vec<usize> = feature["id"]
                .as_str()
                .unwrap()
                .split('-')
                .map(str::len)
                .collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            assert_eq!(feature["geometry"]["type"], "Polygon");
            let rings = feature["geometry"]["coordinates"].as_array().unwrap();
            let ring = rings[0].as_array().unwrap();
            assert_eq!((rings.len(), ring.first()), (1, ring.last()));
            for value in ring.iter().flat_map(|point| point.as_array().unwrap()) {
                let hundredths = value.as_f64().unwrap() * 100.0;
                assert!((hundredths - hundredths.round()).abs() < 1e-6, "{value}");
            }
            let properties = &feature["properties"];
            assert_eq!(properties["objectType"], name);
            let measurements = properties["measurements"].as_object().unwrap();
            assert!(measurements.values().all(Value::is_number));
            // An object that is left out is not measured.
            let is_nucleus = properties["classification"]["name"] != "Left out";
            assert_eq!(measurements.contains_key("area px^2"), is_nucleus);
            assert_eq!(measurements.contains_key("area µm^2"), is_nucleus);
            let metadata = properties["metadata"].as_object().unwrap();
            assert!(metadata.values().all(Value::is_string));
        }
        let first = &features[0];
        // Half a pixel: the square's corner is the centre of a pixel.
        assert_eq!(
            first["geometry"]["coordinates"][0][0],
            serde_json::json!([10.5, 20.5])
        );
        let classification = &first["properties"]["classification"];
        assert_eq!(classification["name"], "High risk");
        assert_eq!(classification["color"].as_array().unwrap().len(), 3);
        assert_eq!(first["properties"]["measurements"]["area px^2"], 49.0);
        assert_eq!(
            first["properties"]["measurements"]["Glassy probability"],
            0.375
        );
        let metadata = &first["properties"]["metadata"];
        assert_eq!(metadata["karyolens.model"], "0a1b");
        assert_eq!(metadata["karyolens.confirmed"], "true");
        assert_eq!(metadata["karyolens.micrometresPerPixel"], "0.25");
        assert_eq!(metadata["karyolens.scaleEstimated"], "false");
        assert_eq!(metadata["karyolens.corrected"], "[\"Inclusion\"]");
        assert!(features[1]["properties"].get("classification").is_none());
        // Of the contour that touches itself the square remains.
        let ring = features[2]["geometry"]["coordinates"][0]
            .as_array()
            .unwrap();
        assert_eq!(ring.len(), 5, "{ring:?}");
        let properties = &features[3]["properties"];
        assert_eq!(properties["classification"]["name"], "Left out");
        assert_eq!(properties["measurements"], serde_json::json!({}));
    }
}

#[test]
fn an_export_opens_as_it_was() {
    let opened = read(written(ObjectType::Detection).as_bytes(), "field_7").unwrap();
    let mut before: Vec<FieldCell> = cells().into_iter().map(|measured| measured.cell).collect();
    before[1].contour.points[2][1] = 8.12;
    assert_eq!(opened.cells[..2], before[..2]);
    assert_eq!(opened.left_out, left_out());
    assert_eq!(opened.refused, []);
    // A second export is the same file.
    let field = RgbImage::from_fn(80, 60, |x, y| image::Rgb([(x * y) as u8; 3]));
    let again = MeasuredCell::measured(&field, opened.cells);
    let scale = MicrometresPerPixel::new(0.25).map(FieldScale::told);
    let left_out = opened.left_out;
    let geometry = |text: &str| -> Vec<Value> {
        let json: Value = serde_json::from_str(text).unwrap();
        let features = json["features"].as_array().unwrap();
        features.iter().map(|one| one["geometry"].clone()).collect()
    };
    let second = write_geojson("field_7", &again, &left_out, scale, ObjectType::Detection);
    assert_eq!(geometry(&second), geometry(&written(ObjectType::Detection)));
}

#[test]
fn the_study_s_form_opens_as_it_was() {
    let before: Vec<FieldCell> = cells().into_iter().map(|measured| measured.cell).collect();
    let opened = read(write_study("field_7", &before).as_bytes(), "field_7").unwrap();
    assert_eq!(opened.cells, before);
}

#[test]
fn an_object_that_qupath_gives_another_class_is_a_nucleus() {
    let text = written(ObjectType::Detection).replace("Left out", "Tumor");
    let opened = read(text.as_bytes(), "field_7").unwrap();
    assert_eq!(opened.left_out, []);
    assert_eq!(opened.cells.last().unwrap().contour, left_out()[0]);
}

#[test]
fn left_out_objects_of_no_use_are_refused() {
    let mut file = read(written(ObjectType::Detection).as_bytes(), "").unwrap();
    file.left_out.push(Contour::new("x", vec![[900.0; 2]; 5]));
    let file = file.repaired([80, 60]);
    assert_eq!(file.left_out, left_out());
    assert_eq!(file.refused.len(), 1);
}

#[test]
fn csv_has_a_row_a_nucleus() {
    let scale = MicrometresPerPixel::new(0.5).map(|value| FieldScale {
        value,
        is_estimated: true,
    });
    let table = write_csv("=field, 7", &cells(), scale);
    let mut csv = csv::Reader::from_reader(table.as_bytes());
    let header = csv.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    let value = |row: usize, name: &str| {
        let column = header.iter().position(|column| column == name);
        rows[row][column.unwrap_or_else(|| panic!("no column {name}"))].to_string()
    };
    assert_eq!(value(0, "field"), "'=field, 7");
    assert_eq!(
        (value(0, "area_px2"), value(0, "area_um2")),
        ("49".into(), "12.25".into())
    );
    assert_eq!((value(0, "x"), value(0, "y")), ("13".into(), "23".into()));
    assert_eq!(value(0, "Inclusion_model"), "false");
    assert_eq!(value(0, "Inclusion_human"), "true");
    assert_eq!(value(0, "Inclusion_present"), "true");
    assert_eq!(value(0, "risk_level"), "High");
    assert_eq!(value(1, "risk_level"), "");
    assert_eq!(value(0, "confirmed"), "true");
    assert_eq!(value(0, "outline_probability"), "0.625");
    assert_eq!(value(1, "outline_probability"), "");
    assert_eq!(value(1, "micrometres_per_pixel"), "0.5");
    assert_eq!(value(1, "scale_estimated"), "true");
    for measurement in Measurement::ALL {
        assert!(
            header
                .iter()
                .any(|column| column.starts_with(measurement.name))
        );
    }
    let without = write_csv("f", &cells(), None);
    assert_eq!(without.lines().count(), 4);
}

#[test]
fn the_study_s_contours_survive_an_export() {
    let Some(folder) = shared(
        "the_study_s_contours_survive_an_export",
        "thyroid/fields/contour",
    ) else {
        return;
    };
    let file = folder.join("B5_141_contours.json");
    let cells = read(&std::fs::read(file).unwrap(), "")
        .unwrap()
        .repaired([1024, 768])
        .cells;
    let measured = cells.iter().map(|cell| MeasuredCell {
        cell: cell.clone(),
        measurements: None,
    });
    let measured: Vec<MeasuredCell> = measured.collect();
    let text = write_geojson("B5_141", &measured, &[], None, ObjectType::Detection);
    let opened = read(text.as_bytes(), "").unwrap().cells;
    assert_eq!(opened.len(), cells.len());
    let same = opened
        .iter()
        .zip(&cells)
        .filter(|(a, b)| a.contour == b.contour);
    // A contour that touches itself is cut there.
    assert!(same.count() * 100 >= cells.len() * 97);
}
