//! A network of another library, as our checkpoint.

use super::super::{Checkpoint, Classification, ModelCard, Provenance, StateDict};
use super::error::ImportError;
use super::foreign::Foreign;
use super::library::Library;
use super::sizes;
use crate::image::InputSpec;
use crate::nuclei::FeatureSet;

/// How to read another library's weights.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The library whose names the tensors have.
    pub library: Library,
    /// A network's name, such as `vit-small`; or a family, and the tensors tell the sizes.
    pub architecture: String,
    /// Attention heads, for a transformer whose width is no multiple of 64.
    pub heads: Option<usize>,
    /// Side of the input in pixels; a transformer's positions are resampled to it. `None` keeps the
    /// side that the weights were made for.
    pub input_side: Option<u32>,
    /// Where the weights come from, in words, for the model card.
    pub source: String,
}

/// An imported network.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Our checkpoint; a backbone where the head was left out.
    pub checkpoint: Checkpoint,
    /// One sentence on each group of tensors that was left out.
    pub notes: Vec<String>,
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
    let task = Classification::new(input, features);
    let card = ModelCard::new(architecture.name(), architecture, task, provenance);
    let mut checkpoint = Checkpoint {
        card,
        weights,
        trained_on: None,
    };
    if let Some(side) = options.input_side {
        checkpoint.resample(side as usize)?;
    }
    Ok(Imported { checkpoint, notes })
}
