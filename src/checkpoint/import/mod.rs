//! Networks of other libraries: torchvision, timm, DINOv2.
//!
//! Every one of our weights is looked up under the name that the library gives it, reshaped to
//! our layout, and ticked off; a tensor that is missing, surplus or misshapen is an error that
//! names it as the library does. A head with another number of classes than the nine features is
//! left out, and the checkpoint is a backbone.

mod names;
mod pytorch;
mod sizes;

use std::collections::BTreeSet;
use std::str::FromStr;

use burn::tensor::Device;
use thiserror::Error;

use super::{Array, Checkpoint, CheckpointError, ModelCard, Provenance, StateDict};
use crate::image::InputSpec;
use crate::model::{Architecture, ArchitectureError};
use crate::nuclei::FeatureSet;

#[cfg(not(target_family = "wasm"))]
pub use pytorch::read as read_pytorch;

/// Whose names the tensors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Library {
    Torchvision,
    Timm,
    /// DINOv2, under the names of Hugging Face or of the authors' own files.
    DinoV2,
}

impl Library {
    /// Every library, by the name that the command line gives it.
    pub const ALL: [(&str, Library); 3] = [
        ("torchvision", Library::Torchvision),
        ("timm", Library::Timm),
        ("dinov2", Library::DinoV2),
    ];

    /// Tensors that the library's files hold and the network does not need, by their last part:
    /// PyTorch's count of batches that a BatchNorm has seen, and DINOv2's token for masked
    /// patches in pretraining.
    fn known_surplus(self) -> &'static [&'static str] {
        match self {
            Library::Torchvision | Library::Timm => &["num_batches_tracked"],
            Library::DinoV2 => &["mask_token"],
        }
    }
}

impl FromStr for Library {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, library)| *library).ok_or_else(|| {
            format!(
                "{name:?} is none of {}",
                Self::ALL.map(|(name, _)| name).join(", ")
            )
        })
    }
}

/// What to read weights as.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Whose names the tensors have.
    pub library: Library,
    /// A network's name, such as `vit-small`, or a family, whose sizes the tensors tell.
    pub architecture: String,
    /// Attention heads, for a transformer whose width is no multiple of 64.
    pub heads: Option<usize>,
    /// Side of the input in pixels; a transformer's positions are resampled to it. Without it,
    /// the side that the weights were made for.
    pub input_side: Option<u32>,
    /// What the weights are, in words, for the model card.
    pub source: String,
}

/// A network that was brought in.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Our checkpoint; a backbone where the head was left out.
    pub checkpoint: Checkpoint,
    /// What was left out and why, one sentence each.
    pub notes: Vec<String>,
}

/// Why weights cannot be brought in.
#[derive(Debug, Error)]
pub enum ImportError {
    /// No such network, or sizes that it cannot have.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The library has no network of the family.
    #[error("there is no {family} of this library to import")]
    NoSuchFamily {
        /// The family asked for.
        family: String,
    },
    /// A tensor that sizes must be read off is missing.
    #[error("tensor {name} is missing, so the network's sizes cannot be told")]
    NoSizes {
        /// The tensor, as the library calls it.
        name: String,
    },
    /// The number of heads cannot be told.
    #[error(
        "a transformer of width {width} does not tell its number of attention heads: give it \
         with --heads"
    )]
    Heads {
        /// Width of a token.
        width: usize,
    },
    /// The position embeddings are of no square grid with one class token.
    #[error("{tokens} position embeddings are not one for the class token and a square grid")]
    Positions {
        /// How many there are.
        tokens: usize,
    },
    /// Tensors are missing, surplus or misshapen.
    #[error("these are not the weights of {architecture}: {}", faults.join("; "))]
    Tensors {
        /// The network.
        architecture: String,
        /// One sentence a tensor.
        faults: Vec<String>,
    },
    /// The file cannot be read, or a weight is not finite.
    #[error(transparent)]
    Weights(#[from] CheckpointError),
    /// A PyTorch file cannot be read.
    #[error("not a PyTorch file that can be read: {0}")]
    PyTorch(String),
}

/// Reads `weights` as the network that `options` name.
///
/// # Errors
/// [`ImportError`], naming tensors as their library does.
pub fn import(weights: StateDict, options: &ImportOptions) -> Result<Imported, ImportError> {
    let foreign = Foreign::new(weights, options.library, &options.architecture)?;
    let architecture = sizes::architecture(&foreign, &options.architecture, options.heads)?;
    let features = match foreign.keeps_head() {
        true => FeatureSet::default(),
        false => FeatureSet::new([""; 0]),
    };
    let (weights, notes) = foreign.take(&architecture, features.len())?;
    weights.check_finite()?;
    let provenance = Provenance {
        data: "not stated by the imported file".into(),
        data_licence: "not stated by the imported file".into(),
        made_by: options.source.clone(),
        settings: serde_json::Value::Null,
    };
    let input = InputSpec::whole_canvas(architecture.native_side() as u32);
    let card = ModelCard::new(
        architecture.name(),
        architecture,
        input,
        features,
        provenance,
    );
    let mut checkpoint = Checkpoint { card, weights };
    if let Some(side) = options.input_side {
        checkpoint.resample(side as usize)?;
    }
    Ok(Imported { checkpoint, notes })
}

/// Tensors under the names of their library.
struct Foreign {
    weights: StateDict,
    library: Library,
    family: String,
}

impl Foreign {
    fn new(weights: StateDict, library: Library, name: &str) -> Result<Self, ImportError> {
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

    /// The tensors that are our weight `path`, under the first candidate whose parts are all
    /// there, or the names that were looked for.
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

    fn has(&self, path: &str) -> bool {
        self.find(path).is_ok()
    }

    /// One side of the tensor that is our weight `path`, in the library's layout.
    fn side(&self, path: &str, axis: usize) -> Result<usize, ImportError> {
        let missing = |name| ImportError::NoSizes { name };
        let (names, parts) = self.find(path).map_err(missing)?;
        parts[0]
            .shape
            .get(axis)
            .copied()
            .ok_or_else(|| missing(names.join(", ")))
    }

    /// True where the head answers for the nine features.
    fn keeps_head(&self) -> bool {
        self.side("head.weight", 0)
            .is_ok_and(|classes| classes == FeatureSet::default().len())
    }

    /// Our weights, and what was left out.
    fn take(
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

    /// Notes on the tensors that may be left over, faults for those that may not.
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

/// A library's tensors as our weight of `shape`: parts stacked, a Linear's weight transposed,
/// sides of one dropped where a library writes a Linear as a 1×1 convolution or a vector as a map.
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
