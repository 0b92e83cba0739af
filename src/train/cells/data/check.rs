//! What is wrong or doubtful in a data folder, all of it at once.
//!
//! Broken is what training refuses: cells without an image, wrong labels, a cell in two splits.
//! Doubtful is what training works with and a reader of its figures should know: the same picture
//! twice, fields on both sides of a split, images that nobody labelled.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use serde::Serialize;

use super::error::few;
use super::{DataError, DataFolder, Record};
use crate::nuclei::FeatureSet;

/// What was found in a data folder.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The features that the labels are of.
    pub features: FeatureSet,
    /// Every split that is there, with what its cells show.
    pub splits: Vec<SplitCount>,
    /// What training refuses.
    pub broken: Vec<Fault>,
    /// Groups of cells that share one image, byte for byte.
    pub identical: Vec<Identical>,
    /// How many fields there are.
    pub fields: usize,
    /// The fields with cells in more than one split.
    pub shared_fields: Vec<SharedField>,
    /// Images without labels.
    pub unlabelled: Vec<PathBuf>,
    /// Labelled cells that are in none of the splits; looked for where all splits are checked.
    pub unused: Vec<String>,
    /// Splits of the split file none of whose cells is here.
    pub absent: Vec<String>,
}

/// How often a split shows each feature.
#[derive(Clone, Debug, Serialize)]
pub struct SplitCount {
    /// The split.
    pub split: String,
    /// Its cells.
    pub cells: usize,
    /// How many of them show each feature, in label order.
    pub positives: Vec<usize>,
    /// How many of them show none: a weighted sampler never draws these.
    pub without_any: usize,
}

/// Something that training refuses.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    /// The split in which it was met.
    pub split: String,
    /// What is wrong, naming the cell or the file.
    pub error: String,
}

/// Cells that have the same image, byte for byte.
#[derive(Clone, Debug, Serialize)]
pub struct Identical {
    /// The cells, at least two.
    pub cells: Vec<Place>,
    /// True where they are labelled differently: at least one of the labels is wrong.
    pub labels_differ: bool,
    /// True where a cell of one split is repeated in another.
    pub across_splits: bool,
}

/// A cell and where it is.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// The split.
    pub split: String,
    /// The cell's id.
    pub id: String,
}

/// A field with cells in more than one split.
#[derive(Clone, Debug, Serialize)]
pub struct SharedField {
    /// The field.
    pub field: String,
    /// Its cells in each split.
    pub cells: BTreeMap<String, usize>,
}

/// Looks over the cells of `splits` and everything else that lies in `data`'s folder. Every image
/// is decoded: that takes less than the first epoch will.
///
/// # Errors
/// Only where nothing can be said: a list of features or a file of labels that cannot be read, or
/// a folder without images. What is wrong with a split or a cell is in the report.
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
    /// True where training would refuse the folder.
    pub fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// What a reader of a model's figures should know of the data, a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut identical = |kind: &str, filter: fn(&Identical) -> bool| {
            let groups: Vec<String> = self
                .identical
                .iter()
                .filter(|group| filter(group))
                .map(Identical::to_string)
                .collect();
            if !groups.is_empty() {
                warnings.push(format!(
                    "{} of byte-identical images {kind}: {}",
                    counted(groups.len(), "group"),
                    few(&groups)
                ));
            }
        };
        identical("are labelled differently", |group| group.labels_differ);
        identical("are labelled alike", |group| !group.labels_differ);
        identical("lie in more than one split", |group| group.across_splits);
        if !self.shared_fields.is_empty() {
            let fields: Vec<&str> = self.shared_fields.iter().map(|f| &*f.field).collect();
            warnings.push(format!(
                "{} of {} fields have cells in more than one split, so figures are those of \
                 cells whose neighbours were trained on; a split by field keeps them apart: {}",
                fields.len(),
                self.fields,
                few(&fields)
            ));
        }
        for split in &self.splits {
            let names = self.features.names().iter().zip(&split.positives);
            let never: Vec<&str> = names
                .filter(|(_, positives)| **positives == 0)
                .map(|(name, _)| name.as_str())
                .collect();
            if !never.is_empty() {
                warnings.push(format!(
                    "no cell of {} shows {}",
                    split.split,
                    never.join(", ")
                ));
            }
        }
        if !self.unlabelled.is_empty() {
            let names: Vec<String> = self
                .unlabelled
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let images = counted(names.len(), "image");
            warnings.push(format!("{images} without labels: {}", few(&names)));
        }
        if !self.unused.is_empty() {
            let cells = counted(self.unused.len(), "labelled cell");
            warnings.push(format!("{cells} in no split: {}", few(&self.unused)));
        }
        if !self.absent.is_empty() {
            warnings.push(format!(
                "none of the cells of {} is in this folder",
                self.absent.join(", ")
            ));
        }
        warnings
    }

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
        // The hash only finds candidates: what is told is what was compared.
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

impl std::fmt::Display for Identical {
    /// `a (train) = b (val)`; the split only where there are several.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cell = |place: &Place| match self.across_splits {
            true => format!("{} ({})", place.id, place.split),
            false => place.id.clone(),
        };
        let cells: Vec<String> = self.cells.iter().map(cell).collect();
        f.write_str(&cells.join(" = "))
    }
}

/// `1 image`, `2 images`.
fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}
