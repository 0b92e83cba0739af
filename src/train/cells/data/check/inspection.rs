//! The way through a data folder.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use super::super::{DataError, DataFolder, Record};
use super::report::{Fault, Identical, Place, Report, SharedField, SplitCount};
use crate::nuclei::FeatureSet;

/// Looks over the cells of `splits` and everything else that lies in `data`'s folder. Every image
/// is decoded: that takes less than the first epoch will.
///
/// # Errors
/// Only where there can be no report: a list of features or a file of labels that cannot be read, or
/// a folder without images. The report tells the faults of splits and cells.
pub fn check(data: &DataFolder, splits: &[String]) -> Result<Report, DataError> {
    let features = data.features()?;
    let mut report = Report {
        features,
        splits: Vec::new(),
        broken: Vec::new(),
        identical: Vec::new(),
        fields: 0,
        shared_fields: Vec::new(),
        unlabelled: Vec::new(),
        unused: Vec::new(),
        absent: Vec::new(),
    };
    let labelled = data.labelled_ids()?;
    let mut told = BTreeSet::new();
    let mut records = Vec::new();
    for split in splits {
        let cells = match data.cells(split, &report.features) {
            Ok(cells) => cells,
            Err(error) => vec![Err(error)],
        };
        let mut found = Vec::new();
        for cell in cells {
            match cell.and_then(|record| record.read().map(|_| record)) {
                Ok(record) => found.push(record),
                Err(DataError::NotHere {
                    listed, missing, ..
                }) if missing.len() == listed => report.absent.push(split.clone()),
                // A split by field meets the same fault on both sides.
                Err(error) => {
                    if told.insert(error.to_string()) {
                        report.add_fault(split, &error);
                    }
                }
            }
        }
        if !found.is_empty() {
            let split = split.clone();
            report.splits.push(count(split, &found, &report.features));
        }
        records.extend(found.into_iter().map(|record| (split.as_str(), record)));
    }
    report.add_cells_in_two_splits(&records);
    report.add_identical(&records);
    report.add_shared_fields(&records);

    let used: BTreeSet<&str> = records.iter().map(|(_, record)| &*record.id).collect();
    let all_splits = data.split_names().unwrap_or_default();
    if report.broken.is_empty() && all_splits.iter().all(|split| splits.contains(split)) {
        let unused = labelled.iter().filter(|id| !used.contains(id.as_str()));
        report.unused = unused.cloned().collect();
    }
    report.unlabelled = data.all_images()?;
    report.unlabelled.retain(|path| {
        let id = path.file_stem().and_then(|stem| stem.to_str());
        id.is_none_or(|id| !labelled.contains(id))
    });
    Ok(report)
}

fn count(split: String, records: &[Record], features: &FeatureSet) -> SplitCount {
    let shown = |feature: usize| {
        records
            .iter()
            .filter(|record| record.labels[feature])
            .count()
    };
    SplitCount {
        split,
        cells: records.len(),
        positives: (0..features.len()).map(shown).collect(),
        without_any: records
            .iter()
            .filter(|record| !record.labels.contains(&true))
            .count(),
    }
}

impl Report {
    fn add_fault(&mut self, split: &str, error: &DataError) {
        self.broken.push(Fault {
            split: split.into(),
            error: error.to_string(),
        });
    }

    fn add_cells_in_two_splits(&mut self, records: &[(&str, Record)]) {
        let mut first_split = HashMap::new();
        for (split, record) in records {
            if let Some(first) = first_split.insert(&record.id, split) {
                let error = DataError::InTwoSplits {
                    id: record.id.clone(),
                    first: (*first).into(),
                    second: (*split).into(),
                };
                self.add_fault(split, &error);
            }
        }
    }

    fn add_identical(&mut self, records: &[(&str, Record)]) {
        // The hash only finds candidates: the bytes decide.
        let mut by_hash: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (i, (split, record)) in records.iter().enumerate() {
            match record.bytes() {
                Ok(bytes) => {
                    let mut hasher = DefaultHasher::new();
                    bytes.hash(&mut hasher);
                    by_hash.entry(hasher.finish()).or_default().push(i);
                }
                Err(error) => self.add_fault(split, &error),
            }
        }
        let candidates = by_hash.into_values().filter(|same| same.len() > 1);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for candidates in candidates {
            let mut by_bytes: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
            for i in candidates {
                if let Ok(bytes) = records[i].1.bytes() {
                    by_bytes.entry(bytes).or_default().push(i);
                }
            }
            groups.extend(by_bytes.into_values().filter(|same| same.len() > 1));
        }
        groups.sort();
        self.identical.extend(groups.iter().map(|group| {
            let (first_split, first) = &records[group[0]];
            let cells = || group.iter().map(|&i| &records[i]);
            Identical {
                labels_differ: cells().any(|(_, record)| record.labels != first.labels),
                across_splits: cells().any(|(split, _)| split != first_split),
                cells: cells()
                    .map(|(split, record)| Place {
                        split: (*split).into(),
                        id: record.id.clone(),
                    })
                    .collect(),
            }
        }));
    }

    fn add_shared_fields(&mut self, records: &[(&str, Record)]) {
        let mut fields: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
        for (split, record) in records {
            let splits = fields.entry(record.field()).or_default();
            *splits.entry((*split).into()).or_default() += 1;
        }
        self.fields = fields.len();
        let shared = fields.into_iter().filter(|(_, cells)| cells.len() > 1);
        self.shared_fields
            .extend(shared.map(|(field, cells)| SharedField {
                field: field.into(),
                cells,
            }));
    }
}
