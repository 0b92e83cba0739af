//! The metrics against scikit-learn's: `tests/golden/metrics.py` made the values.

use karyolens::train::metrics::{ScoreError, Scores, Summary};
use serde::Deserialize;
use serde_json::Value;

const TOLERANCE: f64 = 1e-6;

#[derive(Deserialize)]
struct Case {
    name: String,
    classes: usize,
    targets: Vec<u8>,
    probabilities: Vec<f64>,
    thresholds: Vec<f64>,
    summary: Value,
    all_present: Value,
    searched: Vec<f64>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("golden/metrics.json")).expect("the golden file")
}

/// Every figure of scikit-learn's must be in ours, and the other way round.
fn assert_close(ours: &Value, theirs: &Value, path: &str) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            assert_eq!(
                a.keys().collect::<Vec<_>>(),
                b.keys().collect::<Vec<_>>(),
                "{path}"
            );
            a.iter()
                .for_each(|(key, value)| assert_close(value, &b[key], &format!("{path} {key}")));
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{path}");
            a.iter().zip(b).enumerate().for_each(|(i, (a, b))| {
                assert_close(a, b, &format!("{path}[{i}]"));
            });
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!(
                (a - b).abs() <= TOLERANCE,
                "{path}: {a} here, {b} by scikit-learn"
            );
        }
        _ => assert_eq!(ours, theirs, "{path}"),
    }
}

#[test]
fn every_figure_equals_that_of_scikit_learn() {
    for case in cases() {
        let targets: Vec<bool> = case.targets.iter().map(|&t| t == 1).collect();
        let scores = Scores::new(&case.probabilities, &targets, case.classes).unwrap();
        let json = |summary: Summary| serde_json::to_value(summary).unwrap();
        let ours = json(scores.summarise(&case.thresholds));
        assert_close(&ours, &case.summary, &case.name);
        assert_close(&json(scores.all_present()), &case.all_present, &case.name);
        assert_eq!(scores.search_thresholds(), case.searched, "{}", case.name);
    }
}

#[test]
fn no_cell_at_all_gives_zeros_and_no_auc() {
    let summary = Scores::new(&[], &[], 9).unwrap().summarise(&[0.5; 9]);
    assert_eq!(
        (summary.n, summary.macro_f1, summary.class_map),
        (0, 0.0, 0.0)
    );
    assert_eq!((summary.macro_auc, summary.calibration_error), (None, 0.0));
    assert_eq!(summary.per_feature.len(), 9);
}

#[test]
fn what_cannot_be_scored_is_named() {
    let shape = Scores::new(&[0.5; 5], &[true; 5], 2).unwrap_err();
    assert!(matches!(
        shape,
        ScoreError::Shape {
            probabilities: 5,
            targets: 5,
            classes: 2
        }
    ));
    assert!(Scores::new(&[], &[], 0).is_err());
    let nan = Scores::new(&[0.5, 0.5, 0.5, f64::NAN], &[true; 4], 2).unwrap_err();
    assert_eq!(
        nan.to_string(),
        "row 1, feature 1: NaN is not a probability from 0 to 1"
    );
    assert!(Scores::new(&[1.5], &[true], 1).is_err());
}

#[test]
fn a_summary_survives_json() {
    let summary = Scores::new(&[0.9, 0.2], &[true, true], 1)
        .unwrap()
        .summarise(&[0.5]);
    let text = serde_json::to_string(&summary).unwrap();
    assert!(text.contains(r#""auc":null"#), "{text}");
    assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
}
