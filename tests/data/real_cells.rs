//! The real cells.

use super::*;

#[test]
fn the_real_cells_have_the_figures_of_the_study() {
    let Some(cells) = shared("the check of the real cells", "thyroid/cells") else {
        return;
    };
    let (report, code) = check(&cells);
    assert_eq!(code, Some(0), "{}", report["broken"]);
    let train = &report["splits"][0];
    assert_eq!(
        (&train["split"], &train["cells"]),
        (&json!("train"), &json!(2444))
    );
    let positives = json!([1719, 1502, 152, 459, 551, 578, 1095, 302, 871]);
    assert_eq!(train["positives"], positives);
    assert_eq!(report["splits"][1]["cells"], 523);
    assert_eq!(report["fields"], 75);
    assert!(!report["shared_fields"].as_array().unwrap().is_empty());

    let identical = report["identical"].as_array().unwrap();
    assert_eq!(identical.len(), 11);
    let mut across = 0;
    for group in identical {
        let cells = group["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 2, "{group}");
        assert!(
            cells
                .iter()
                .all(|cell| cell["id"].as_str().unwrap().starts_with("B3_173_cell_"))
        );
        assert_eq!(group["labels_differ"], true, "{group}");
        across += usize::from(group["across_splits"] == true);
    }
    assert_eq!(across, 4);
}

#[test]
fn the_study_s_own_split_can_be_taken_from_its_list() {
    let name = "the study's split file";
    let (Some(cells), Some(file)) = (
        shared(name, "thyroid/cells"),
        shared(name, "thyroid/splits/paper.json"),
    ) else {
        return;
    };
    let listed = folder(&cells, Splits::File(file.clone()));
    let published = folder(&cells, Splits::Published);
    let features = listed.features().unwrap();
    for (split, count) in [("train", 2444), ("val", 523)] {
        let records = listed.split(split, &features).unwrap();
        assert_eq!(records.len(), count);
        assert_eq!(records, published.split(split, &features).unwrap());
    }
    // The test cells are not in the folder.
    match listed.split("test", &features).unwrap_err() {
        DataError::NotHere { missing, .. } => assert_eq!(missing.len(), 524),
        other => panic!("{other}"),
    }
    let output = karyolens(["data", "check", text(&cells), "--split-file", text(&file)]);
    assert!(stdout(&output).contains("none of the cells of test is in this folder"));
}

#[test]
fn folds_of_the_real_cells_keep_fields_whole_and_hold_every_feature() {
    let Some(cells) = shared("folds by field of the real cells", "thyroid/cells") else {
        return;
    };
    let published = folder(&cells, Splits::Published);
    let features = published.features().unwrap();
    let mut pooled = published.split("train", &features).unwrap();
    pooled.extend(published.split("val", &features).unwrap());
    let fields_with = |feature: usize, records: &[&Record]| {
        let shown = records.iter().filter(|record| record.labels[feature]);
        shown
            .map(|record| record.field().to_string())
            .collect::<BTreeSet<_>>()
            .len()
    };
    for (folds, seed) in [(5, 0), (5, 1), (5, 2), (10, 0), (10, 1)] {
        let of = folds_by_field(&pooled, folds, seed);
        assert_eq!(of.len(), pooled.len());
        let mut fold_of = BTreeMap::new();
        for (record, &fold) in pooled.iter().zip(&of) {
            let first = *fold_of.entry(record.field()).or_insert(fold);
            assert_eq!(first, fold, "{} is in two folds", record.field());
        }
        let all: Vec<&Record> = pooled.iter().collect();
        for fold in 0..folds {
            let of_fold = pooled.iter().zip(&of).filter(|(_, other)| **other == fold);
            let records: Vec<&Record> = of_fold.map(|(record, _)| record).collect();
            let share = records.len() as f64 * folds as f64 / pooled.len() as f64;
            assert!(
                (0.8..1.2).contains(&share),
                "fold {fold} has {share} of its share"
            );
            for feature in 0..features.len() {
                assert!(
                    fields_with(feature, &all) < folds || fields_with(feature, &records) > 0,
                    "{} is not in fold {fold} of {folds}, seed {seed}",
                    features.names()[feature]
                );
            }
        }
    }

    // The same through the data folder: two sides, nothing lost, nothing in common.
    let by_field = ByField {
        folds: 5,
        fold: 3,
        seed: 0,
    };
    let by_field = folder(&cells, Splits::ByField(by_field));
    let [train, val] = ["train", "val"].map(|split| by_field.split(split, &features).unwrap());
    assert_eq!(train.len() + val.len(), 2444 + 523);
    let fields = |records: &[Record]| -> BTreeSet<String> {
        records.iter().map(|record| record.field().into()).collect()
    };
    assert!(fields(&train).is_disjoint(&fields(&val)));
}
