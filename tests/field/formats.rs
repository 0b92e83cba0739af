//! Files of contours in all their forms.

use karyolens::field::formats::{CellFile, FormatError, read, write_contours, write_study};
use karyolens::field::{CellFeature, Contour, FieldCell, Origin, Reason, count_reasons};
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use crate::support::shared;

const SIZE: [u32; 2] = [100, 80];
/// The square of the tests: its corners are centres of pixels.
const SQUARE: [[f64; 2]; 4] = [[10.0, 20.0], [16.0, 20.0], [16.0, 26.0], [10.0, 26.0]];

fn opened(json: &str) -> CellFile {
    read(json.as_bytes(), "images/field_7.JPG").unwrap()
}

/// Names and points of a file's outlines.
fn outlines(file: &CellFile) -> Vec<(String, Vec<[f64; 2]>)> {
    let outline = |cell: &FieldCell| (cell.contour.id.clone(), cell.contour.points.clone());
    file.cells.iter().map(outline).collect()
}

/// The file holds the square alone, by this name.
#[track_caller]
fn assert_square(json: &str, id: &str) {
    let file = opened(json);
    assert_eq!(outlines(&file), [(id.into(), SQUARE.to_vec())], "{json}");
    assert_eq!(file.refused, [], "{json}");
}

#[test]
fn every_form_of_the_study_is_read() {
    let points = "[[10, 20], [16.0, 20], [16, 26], [10, 26]]";
    for (json, id) in [
        (r#"[{"id": 3, "points": POINTS}]"#, "3"),
        (r#"[{"id": "3", "points": POINTS}]"#, "3"),
        (r#"[{"contour": POINTS}]"#, "0"),
        ("[POINTS]", "0"),
        (r#"{"5": {"points": POINTS}}"#, "5"),
        (r#"{"5": POINTS}"#, "5"),
        (r#"{"cell_5": {"contour": POINTS, "score": 1}}"#, "5"),
        (r#"{"id": 9, "points": POINTS}"#, "9"),
        (
            r#"{"image": "field_7.jpg", "contours": [{"id": 4, "points": POINTS}]}"#,
            "4",
        ),
        (
            r#"{"field_7.jpg": {"cell_2": {"contour": POINTS, "features_binary": [0]}}}"#,
            "2",
        ),
        (
            r#"{"field_8": {"cell_1": {"contour": [[0, 0], [1, 0], [1, 1]]}},
             "field_7": {"cell_2": {"contour": POINTS}}}"#,
            "2",
        ),
    ] {
        assert_square(&json.replace("POINTS", points), id);
    }
    // The same points in other forms, some of them closed.
    for points in [
        "[[10, 20], [16, 20], [16, 26], [10, 26], [10, 20]]",
        "[[[10, 20]], [[16, 20]], [[16, 26]], [[10, 26]]]",
        "[[[10, 20], [16, 20], [16, 26], [10, 26]]]",
        "[10, 20, 16, 20, 16, 26, 10, 26]",
        r#"[{"x": 10, "y": 20}, {"x": 16, "y": 20}, {"x": 16, "y": 26}, {"x": 10, "y": 26}]"#,
    ] {
        assert_square(&format!(r#"[{{"id": 3, "points": {points}}}]"#), "3");
    }
    assert_eq!(opened("[]"), CellFile::default());
}

#[test]
fn the_viewer_s_file_brings_its_features() {
    let file = opened(
        r#"{"field_7": {"cell_4": {"contour": [[1, 1], [5, 1], [5, 5]],
            "features_binary": [1, 0, 0, 0, 0, 0, 1, 0, 0]}}}"#,
    );
    let features = &file.cells[0].features;
    let present = features.iter().filter(|feature| feature.is_present());
    let names: Vec<&str> = present.map(|feature| feature.name.as_str()).collect();
    assert_eq!(names, ["Elongation", "Enlargement"]);
    assert_eq!(file.cells[0].risk().unwrap().score, 4.0);
}

#[test]
fn every_form_of_qupath_is_read() {
    let polygon = r#"{"type": "Polygon", "coordinates":
        [[[10.5, 20.5], [16.5, 20.5], [16.5, 26.5], [10.5, 26.5], [10.5, 20.5]]]}"#;
    let other = r#"{"type": "Polygon", "coordinates": [[[0, 0], [40, 0], [40, 40], [0, 0]]]}"#;
    let feature = r#"{"type": "Feature", "id": "a", "geometry": NUCLEUS, "properties": {}}"#;
    for json in [
        feature.into(),
        format!("[{feature}]"),
        format!(r#"{{"type": "FeatureCollection", "features": [{feature}]}}"#),
        format!("\u{feff}{feature}"),
        r#"{"type": "Feature", "id": "a", "geometry": OTHER, "nucleusGeometry": NUCLEUS,
            "properties": {"objectType": "cell"}}"#
            .into(),
        r#"{"type": "Feature", "id": "a", "geometry":
            {"type": "GeometryCollection", "geometries": [NUCLEUS]}, "properties": {}}"#
            .into(),
        r#"{"type": "Feature", "id": "a", "geometry": NUCLEUS, "properties": {"measurements":
            {"Area": NaN}, "metadata": {"x": "1"}, "metadata": {"y": "2"}}}"#
            .into(),
        // A core of a tissue array, with the nucleus as its child.
        r#"{"type": "Feature", "id": "c", "geometry": OTHER, "properties": {"objectType":
            "tmaCore", "childObjects": [{"type": "Feature", "id": "a", "geometry": NUCLEUS}]}}"#
            .into(),
    ] {
        assert_square(
            &json.replace("NUCLEUS", polygon).replace("OTHER", other),
            "a",
        );
    }
}

#[test]
fn metadata_that_stands_twice_is_read_twice() {
    let file = opened(
        r#"{"type": "Feature", "geometry": {"type": "Polygon", "coordinates":
            [[[1, 1], [5, 1], [5, 5], [1, 1]]]}, "properties": {
            "metadata": {"karyolens.origin": "found", "karyolens.id": "12",
                "karyolens.features": "[\"Grooves\"]", "karyolens.answers": "{\"Grooves\": true}"},
            "measurements": [{"name": "Grooves probability", "value": 0.25}],
            "metadata": {"karyolens.changed": "true"}}}"#,
    );
    let cell = &file.cells[0];
    assert_eq!((cell.origin, cell.is_changed), (Origin::Found, true));
    assert_eq!(cell.contour.id, "12");
    let grooves = CellFeature {
        name: "Grooves".into(),
        probability: Some(0.25),
        call: None,
        answer: Some(true),
    };
    assert_eq!(cell.features, [grooves]);
}

#[test]
fn parts_are_cells_holes_are_filled_and_a_region_is_none() {
    let file = opened(
        r#"[{"type": "Feature", "id": "two", "geometry": {"type": "MultiPolygon", "coordinates": [
                [[[1, 1], [9, 1], [9, 9], [1, 9], [1, 1]], [[3, 3], [5, 3], [5, 5], [3, 3]]],
                [[[20, 1], [29, 1], [29, 9], [20, 1]]]]},
                "properties": {"objectType": "detection"}},
            {"type": "Feature", "id": "all", "geometry": {"type": "Polygon", "coordinates":
                [[[0, 0], [90, 0], [90, 70], [0, 70], [0, 0]]]},
                "properties": {"objectType": "annotation"}},
            {"type": "Feature", "id": "p", "geometry": {"type": "Point", "coordinates": [4, 4]}}]"#,
    );
    assert_eq!(file.cells.len(), 2);
    assert_eq!(file.cells[0].contour.points.len(), 4);
    let told: Vec<String> = file
        .refused
        .iter()
        .map(|one| format!("{} {}", one.id, one.reason))
        .collect();
    assert_eq!(
        told,
        [
            "p is no closed outline",
            "all surrounds other outlines: a region, not a nucleus"
        ]
    );
}

#[test]
fn outlines_of_no_use_are_left_out_and_counted() {
    let file = opened(
        r#"[{"points": [[1, 1], [9, 1], [9, 9], [1, 9]]},
            {"points": [[1, 1], [1, 1], [9, 1], [9, 9], [1, 9], [1, 1]]},
            {"points": [[9, 9], [9, 1], [1, 1], [1, 9]]},
            {"points": [[1, 1], [2, 2]]},
            {"points": []},
            {"points": [[1, 1], [4, 4], [9, 9], [2, 2]]},
            {"points": [[200, 1], [210, 1], [205, 9]]},
            {"points": [[1, 1], [null, 2], [3, 3]]},
            {"points": [[1, 1], ["a", 2], [3, 3]]},
            {"points": "nowhere"},
            {"points": [[-1e300, -1e300], [1e300, -1e300], [1e300, 1e300], [-1e300, 1e300]]},
            {"points": [[90, 70], [120, 70], [120, 90], [90, 90]]}]"#,
    )
    .repaired(SIZE);
    assert_eq!(file.cells.len(), 2);
    let counts: Vec<(Reason, usize)> = count_reasons(&file.refused).into_iter().collect();
    assert_eq!(
        counts,
        [
            (Reason::NoOutline, 1),
            (Reason::NotANumber, 2),
            (Reason::TooFar, 1),
            (Reason::TooFewPoints, 2),
            (Reason::NoArea, 1),
            (Reason::Outside, 1),
            (Reason::Duplicate, 2),
        ]
    );
}

#[test]
fn a_crossed_outline_keeps_its_larger_piece_and_a_pinched_one_all() {
    let file = opened(
        r#"{"crossed": [[10, 10], [30, 30], [30, 10], [10, 18]],
            "pinched": [[40, 10], [60, 10], [60, 20], [50, 20], [50, 21], [50, 20], [40, 20]]}"#,
    )
    .repaired(SIZE);
    assert_eq!(file.mended, ["crossed"]);
    let areas: Vec<f64> = outlines(&file)
        .iter()
        .map(|(_, points)| karyolens::field::area(points))
        .collect();
    // The lines cross at 150/7: there the upper triangle has its tip.
    let tip = 110.0 / 7.0;
    assert!(
        (areas[0] - 20.0 * (30.0 - tip) / 2.0).abs() < 0.01,
        "{areas:?}"
    );
    assert_eq!(file.cells[1].contour.points.len(), 7);
}

#[test]
fn files_that_hold_no_outlines_say_so() {
    let error = |json: &str| read(json.as_bytes(), "field_7").unwrap_err();
    assert!(matches!(error("no json"), FormatError::NotJson(_)));
    for json in [
        "3",
        "{}",
        r#"{"a": 1}"#,
        r#""text""#,
        r#"[1, 2]"#,
        r#"{"type": "Topology"}"#,
    ] {
        assert!(matches!(error(json), FormatError::NoContours), "{json}");
    }
    let two = r#"{"a": {"cell_1": {"contour": []}}, "b": {"cell_1": {"contour": []}}}"#;
    assert_eq!(error(two).to_string(), "holds a, b, and not field_7");
}

#[test]
fn what_is_written_opens_again() {
    let mut read_cell = FieldCell::new(Contour::new(7, SQUARE.to_vec()), Origin::Found);
    read_cell.is_changed = true;
    read_cell.model = Some("0a1b".into());
    read_cell.features = vec![
        CellFeature {
            name: "Halo".into(),
            probability: Some(0.125),
            call: Some(false),
            answer: Some(true),
        },
        CellFeature {
            name: "Mitosis".into(),
            probability: None,
            call: Some(true),
            answer: None,
        },
    ];
    let points = vec![[1.25, 2.0], [9.5, 3.75], [4.0, 8.0]];
    let drawn = FieldCell::new(Contour::new("7", points), Origin::Drawn);
    let cells = [read_cell, drawn];
    assert_eq!(opened(&write_study("field_7", &cells)).cells, cells);

    let contours = cells.each_ref().map(|cell| cell.contour.clone());
    let written = write_contours(&contours);
    assert!(
        written.starts_with(r#"[{"id":7,"points":[[10,20],[16,20]"#),
        "{written}"
    );
    let again = opened(&written).cells.into_iter().map(|cell| cell.contour);
    assert!(again.eq(contours));
}

#[test]
fn the_study_s_files_are_read_whole() {
    let Some(folder) = shared("the_study_s_files_are_read_whole", "thyroid/fields/contour") else {
        return;
    };
    let (mut kept, mut refused, mut mended) = (0, Vec::new(), 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let file = read(&bytes, "").unwrap().repaired([1024, 768]);
        kept += file.cells.len();
        mended += file.mended.len();
        refused.extend(file.refused);
    }
    let reasons: Vec<_> = count_reasons(&refused).into_iter().collect();
    assert_eq!((kept, mended), (4539, 0));
    assert_eq!(reasons, [(Reason::TooFewPoints, 2)]);
}

/// A value of JSON that no program would write.
fn nonsense(random: &mut ChaCha8Rng, depth: usize) -> String {
    let keys = [
        "id",
        "points",
        "contour",
        "type",
        "features",
        "geometry",
        "coordinates",
        "properties",
        "metadata",
        "measurements",
        "cell_1",
        "x",
        "y",
        "nucleusGeometry",
        "features_binary",
    ];
    let words = [
        "\"Feature\"",
        "\"Polygon\"",
        "\"MultiPolygon\"",
        "\"FeatureCollection\"",
        "\"\"",
    ];
    let numbers = [
        "0",
        "-1",
        "7.5",
        "1e308",
        "-1e300",
        "NaN",
        "4294967296",
        "1e-320",
    ];
    let many = |random: &mut ChaCha8Rng| random.random_range(0..6);
    match random.random_range(0..if depth == 0 { 4 } else { 8 }) {
        0 => words.choose(random).unwrap().to_string(),
        1 => "null".into(),
        2 | 3 => numbers.choose(random).unwrap().to_string(),
        4 | 5 => {
            let items: Vec<String> = (0..many(random))
                .map(|_| nonsense(random, depth - 1))
                .collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let entry = |random: &mut ChaCha8Rng| {
                let key = keys.choose(random).unwrap();
                format!("{key:?}: {}", nonsense(random, depth - 1))
            };
            let entries: Vec<String> = (0..many(random)).map(|_| entry(random)).collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

#[test]
fn no_file_makes_it_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..20_000 {
        let json = nonsense(&mut random, 6);
        if let Ok(file) = read(json.as_bytes(), "a") {
            file.repaired([9, 7]);
        }
    }
    // Outlines of every kind, also far outside and with corners on one line.
    for _ in 0..3_000 {
        let scale = 10f64.powi(random.random_range(-6..12));
        let coordinate = |random: &mut ChaCha8Rng| match random.random_range(0..3) {
            0 => f64::from(random.random_range(-4..12)),
            1 => random.random_range(-1.0..1.0) * scale,
            _ => random.random_range(0.0..9.0),
        };
        let count = random.random_range(0..14);
        let points = (0..count).map(|_| [coordinate(&mut random), coordinate(&mut random)]);
        let contour = Contour::new(1, points.collect());
        let cells = vec![FieldCell::new(contour, Origin::Drawn)];
        let file = CellFile {
            cells,
            ..CellFile::default()
        };
        for cell in file.repaired([9, 7]).cells {
            assert!(karyolens::field::area(&cell.contour.points).is_finite());
        }
    }
}
