//! Tensors of another library, found under its names and turned to our layout.

use std::collections::BTreeSet;

use burn::tensor::Device;

use super::super::{Array, StateDict};
use super::error::ImportError;
use super::library::Library;
use super::names;
use crate::model::Architecture;
use crate::nuclei::FeatureSet;

/// Tensors under the names of their library.
pub(super) struct Foreign {
    weights: StateDict,
    library: Library,
    family: String,
}

impl Foreign {
    pub(super) fn new(
        weights: StateDict,
        library: Library,
        name: &str,
    ) -> Result<Self, ImportError> {
        let family = name.split('-').next().unwrap_or_default();
        if !Architecture::FAMILIES.contains(&family) {
            Architecture::named(name)?;
        }
        if names::candidates(library, family, "head.weight").is_empty() {
            return Err(ImportError::NoSuchFamily {
                family: family.into(),
            });
        }
        Ok(Self {
            weights,
            library,
            family: family.into(),
        })
    }

    /// The tensors that make our weight `path`, under the first candidate whose parts are all there;
    /// or else the names that are missing.
    fn find(&self, path: &str) -> Result<(Vec<String>, Vec<&Array>), String> {
        let candidates = names::candidates(self.library, &self.family, path);
        let wanted = candidates
            .first()
            .map(|names| names.join(", "))
            .unwrap_or_default();
        candidates
            .into_iter()
            .find_map(|names| {
                let parts = names.iter().map(|name| self.weights.0.get(name));
                parts
                    .collect::<Option<Vec<_>>>()
                    .map(|parts| (names, parts))
            })
            .ok_or(wanted)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.find(path).is_ok()
    }

    /// One side of the tensor that makes our weight `path`, in the library's layout.
    pub(super) fn side(&self, path: &str, axis: usize) -> Result<usize, ImportError> {
        let missing = |name| ImportError::NoSizes { name };
        let (names, parts) = self.find(path).map_err(missing)?;
        parts[0]
            .shape
            .get(axis)
            .copied()
            .ok_or_else(|| missing(names.join(", ")))
    }

    /// True where the head answers for the nine features.
    pub(super) fn keeps_head(&self) -> bool {
        self.side("head.weight", 0)
            .is_ok_and(|classes| classes == FeatureSet::default().len())
    }

    /// Our weights, and a note on each tensor that was left out.
    pub(super) fn take(
        &self,
        architecture: &Architecture,
        classes: usize,
    ) -> Result<(StateDict, Vec<String>), ImportError> {
        let model = architecture.init(classes, 0.0, &Device::flex());
        let (mut weights, mut used, mut faults) =
            (StateDict::default(), BTreeSet::new(), Vec::new());
        for (path, shape) in StateDict::layout(&model) {
            match self.find(&path) {
                Err(wanted) => faults.push(format!("{wanted} is missing")),
                Ok((names, parts)) => {
                    match to_our_layout(&parts, &shape) {
                        Ok(array) => {
                            weights.0.insert(path, array);
                        }
                        Err(fault) => faults.push(format!("{} {fault}", names.join(", "))),
                    }
                    used.extend(names);
                }
            }
        }
        let notes = self.leave_out(&used, &mut faults);
        match faults.is_empty() {
            true => Ok((weights, notes)),
            false => {
                let architecture = architecture.name().into();
                Err(ImportError::Tensors {
                    architecture,
                    faults,
                })
            }
        }
    }

    /// Notes on the surplus tensors that are known, faults for the others.
    fn leave_out(&self, used: &BTreeSet<String>, faults: &mut Vec<String>) -> Vec<String> {
        let mut notes = Vec::new();
        let mut counted = 0;
        let head: Vec<String> = ["head.weight", "head.bias"]
            .iter()
            .filter_map(|path| self.find(path).ok())
            .flat_map(|(names, _)| names)
            .collect();
        for name in self.weights.0.keys().filter(|name| !used.contains(*name)) {
            let last = name.rsplit('.').next().unwrap_or_default();
            if self.library.known_surplus().contains(&last) {
                counted += 1;
            } else if head.contains(name) {
                let classes = self.weights.0[name].shape[0];
                notes.push(format!("left out {name}: a head for {classes} classes"));
            } else {
                faults.push(format!("{name} is surplus"));
            }
        }
        if counted > 0 {
            let kinds = self.library.known_surplus().join(", ");
            notes.push(format!(
                "left out {counted} tensors that inference does not use ({kinds})"
            ));
        }
        notes
    }
}

/// A library's tensors as our weight of `shape`. Parts are stacked and a Linear's weight is
/// transposed; sides of 1 are dropped, as some libraries store a Linear as a 1×1 convolution or a
/// vector as a map.
fn to_our_layout(parts: &[&Array], shape: &[usize]) -> Result<Array, String> {
    let linear = shape.len() == 2;
    let mut theirs = shape.to_vec();
    theirs.reverse();
    if !linear {
        theirs = shape.to_vec();
    }
    let mut stacked = parts[0].shape.clone();
    if let Some(first) = stacked.first_mut() {
        *first = parts.iter().filter_map(|part| part.shape.first()).sum();
    }
    let alike = parts
        .iter()
        .all(|part| part.shape.get(1..) == parts[0].shape.get(1..));
    let mut trimmed = stacked.clone();
    while trimmed.len() > theirs.len() && trimmed.last() == Some(&1) {
        trimmed.pop();
    }
    if !alike || trimmed != theirs {
        return Err(format!("has the shape {stacked:?} instead of {theirs:?}"));
    }
    let values: Vec<f32> = parts
        .iter()
        .flat_map(|part| part.values.iter().copied())
        .collect();
    if !linear {
        return Ok(Array {
            shape: shape.to_vec(),
            values,
        });
    }
    let [inputs, outputs] = [shape[0], shape[1]];
    let transposed = (0..inputs)
        .flat_map(|i| (0..outputs).map(move |o| o * inputs + i))
        .map(|index| values[index])
        .collect();
    Ok(Array {
        shape: shape.to_vec(),
        values: transposed,
    })
}
