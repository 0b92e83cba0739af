//! A network of another library, as our checkpoint.

use super::super::{Checkpoint, Classification, ModelCard, Provenance, StateDict};
use super::error::ImportError;
use super::foreign::Foreign;
use super::library::Library;
use super::sizes;
use crate::image::InputSpec;
use crate::nuclei::FeatureSet;

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
    let mut checkpoint = Checkpoint { card, weights };
    if let Some(side) = options.input_side {
        checkpoint.resample(side as usize)?;
    }
    Ok(Imported { checkpoint, notes })
}
