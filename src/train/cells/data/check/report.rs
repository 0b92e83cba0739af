//! The report on a data folder, and its warnings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::super::error::few;
use crate::nuclei::FeatureSet;

/// The report on a data folder.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The features of the labels.
    pub features: FeatureSet,
    /// Every split that is there, with its counts.
    pub splits: Vec<SplitCount>,
    /// The faults for which training refuses the folder.
    pub broken: Vec<Fault>,
    /// Groups of cells that share one image, byte for byte.
    pub identical: Vec<Identical>,
    /// The number of fields.
    pub fields: usize,
    /// The fields with cells in more than one split.
    pub shared_fields: Vec<SharedField>,
    /// Images without labels.
    pub unlabelled: Vec<PathBuf>,
    /// Labelled cells in none of the splits; looked for only where all splits are checked.
    pub unused: Vec<String>,
    /// Splits of the split file none of whose cells is here.
    pub absent: Vec<String>,
}

/// The counts of a split.
#[derive(Clone, Debug, Serialize)]
pub struct SplitCount {
    /// The split.
    pub split: String,
    /// Its cells.
    pub cells: usize,
    /// The number of cells that show each feature, in label order.
    pub positives: Vec<usize>,
    /// The number of cells that show no feature: a weighted sampler never draws these.
    pub without_any: usize,
}

/// A fault for which training refuses the folder.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    /// The split of the fault.
    pub split: String,
    /// The fault, naming the cell or the file.
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

impl Report {
    /// True where training would refuse the folder.
    pub fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// The warnings for readers of a model's figures, a sentence each.
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
