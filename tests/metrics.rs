//! The metrics against scikit-learn's: `tests/golden/metrics.py` made the values.

use karyolens::bootstrap::RESAMPLES;
use karyolens::train::cells::metrics::{CallScores, ScoreError, Scores, Summary, ThresholdSearch};
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
    highest: Vec<f64>,
    expected: Vec<f64>,
    cross_fitted: CrossFitted,
    cross_fitted_expected: CrossFitted,
    confusion: Value,
    bootstrap: Option<Bootstrap>,
}

#[derive(Deserialize)]
struct CrossFitted {
    folds: Vec<usize>,
    calls: Vec<u8>,
    macro_f1: f64,
    micro_f1: f64,
}

#[derive(Deserialize)]
struct Bootstrap {
    resamples: Vec<Vec<usize>>,
    intervals: Value,
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
        for (search, theirs) in [
            (ThresholdSearch::Highest, case.highest),
            (ThresholdSearch::Expected, case.expected),
        ] {
            let ours = scores.search_thresholds(search);
            assert_eq!(ours, theirs, "{}, {search:?}", case.name);
        }
    }
}

#[test]
fn calls_at_thresholds_of_the_other_folds_equal_those_of_scikit_learn() {
    for case in cases() {
        let targets: Vec<bool> = case.targets.iter().map(|&t| t == 1).collect();
        let scores = Scores::new(&case.probabilities, &targets, case.classes).unwrap();
        for (search, expected) in [
            (ThresholdSearch::Highest, case.cross_fitted),
            (ThresholdSearch::Expected, case.cross_fitted_expected),
        ] {
            let name = format!("{}, {search:?}", case.name);
            let calls = scores.cross_fitted_calls(search, &expected.folds);
            let theirs: Vec<bool> = expected.calls.iter().map(|&call| call == 1).collect();
            assert_eq!(calls, theirs, "{name}");
            let CallScores { macro_f1, micro_f1 } = scores.score_calls(&calls);
            assert!((macro_f1 - expected.macro_f1).abs() <= TOLERANCE, "{name}");
            assert!((micro_f1 - expected.micro_f1).abs() <= TOLERANCE, "{name}");
        }
    }
}

#[test]
fn intervals_over_given_resamples_equal_those_of_scikit_learn_and_numpy() {
    let mut compared = 0;
    for case in cases() {
        let Some(bootstrap) = case.bootstrap else {
            continue;
        };
        let targets: Vec<bool> = case.targets.iter().map(|&t| t == 1).collect();
        let scores = Scores::new(&case.probabilities, &targets, case.classes).unwrap();
        let ours = scores.intervals_over(&case.thresholds, &bootstrap.resamples);
        let ours = serde_json::to_value(ours).unwrap();
        assert_close(&ours, &bootstrap.intervals, &case.name);
        compared += 1;
    }
    assert!(compared >= 3);
}

#[test]
fn confusion_of_features_equals_that_of_numpy() {
    for case in cases() {
        let targets: Vec<bool> = case.targets.iter().map(|&t| t == 1).collect();
        let scores = Scores::new(&case.probabilities, &targets, case.classes).unwrap();
        let ours = serde_json::to_value(scores.confusion(&case.thresholds)).unwrap();
        assert_close(&ours, &case.confusion, &case.name);
    }
}

#[test]
fn random_intervals_repeat_by_seed_and_hold_the_figures() {
    let case = cases().remove(0);
    let targets: Vec<bool> = case.targets.iter().map(|&t| t == 1).collect();
    let scores = Scores::new(&case.probabilities, &targets, case.classes).unwrap();
    let summary = scores.summarise(&case.thresholds);
    let intervals = scores.intervals(&case.thresholds, RESAMPLES, 1);
    assert_eq!(intervals, scores.intervals(&case.thresholds, RESAMPLES, 1));
    assert_ne!(intervals, scores.intervals(&case.thresholds, RESAMPLES, 2));
    for (figure, [low, high]) in [
        (summary.macro_f1, intervals.macro_f1),
        (summary.micro_f1, intervals.micro_f1),
        (summary.weighted_f1, intervals.weighted_f1),
        (summary.samples_f1, intervals.samples_f1),
        (summary.class_map, intervals.class_map),
        (summary.sample_map, intervals.sample_map),
        (summary.macro_auc.unwrap(), intervals.macro_auc.unwrap()),
    ] {
        assert!(
            low < figure && figure < high,
            "{figure} is not in {low} to {high}"
        );
        assert!(high - low < 0.3, "{low} to {high} on 60 cells");
    }
}

#[test]
fn intervals_of_thresholds_repeat_by_seed_and_hold_the_thresholds() {
    let case = cases().remove(0);
    let targets: Vec<bool> = case.targets.iter().map(|&t| t == 1).collect();
    let scores = Scores::new(&case.probabilities, &targets, case.classes).unwrap();
    for search in [ThresholdSearch::Highest, ThresholdSearch::Expected] {
        let thresholds = scores.search_thresholds(search);
        let intervals = |seed| scores.threshold_intervals(&thresholds, search, 200, seed);
        assert_eq!(intervals(1), intervals(1));
        assert_ne!(intervals(1), intervals(2));
        for (threshold, [low, high]) in thresholds.iter().zip(intervals(1)) {
            assert!((low..=high).contains(threshold), "{low} to {high}");
            assert!(low < high && low >= 0.1 && high < 0.9, "{low} to {high}");
        }
    }
    // Any thresholds are held, whatever a search would find.
    let far = vec![0.95; case.classes];
    let intervals = scores.threshold_intervals(&far, ThresholdSearch::Expected, 20, 0);
    assert!(intervals.iter().all(|[_, high]| *high == 0.95));
}

#[test]
fn a_reliability_diagram_holds_every_probability_once() {
    let targets = [true, false, true, true];
    let scores = Scores::new(&[1.0, 0.05, 0.06, 0.5], &targets, 2).unwrap();
    let bins = scores.calibration();
    assert_eq!(bins.len(), 15);
    let filled: Vec<_> = bins
        .iter()
        .enumerate()
        .filter(|(_, bin)| bin.count > 0)
        .map(|(k, bin)| (k, bin.count, bin.share_present))
        .collect();
    assert_eq!(filled, [(0, 2, 0.5), (7, 1, 1.0), (14, 1, 1.0)]);
    assert!((bins[0].mean_probability - 0.055).abs() < 1e-12);
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
    let intervals = Scores::new(&[], &[], 9)
        .unwrap()
        .intervals(&[0.5; 9], 10, 0);
    assert_eq!(
        (intervals.macro_f1, intervals.macro_auc),
        ([0.0, 0.0], None)
    );
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
