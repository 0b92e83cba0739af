//! The network that a training starts from: fresh, or the weights of a checkpoint.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use burn::tensor::Device;

use super::config::TrainConfig;
use super::data::Record;
use super::seen::Seen;
use crate::checkpoint::{Checkpoint, StateDict};
use crate::model::{Architecture, Model};
use crate::nuclei::FeatureSet;

/// A network before its first step.
pub struct Start {
    /// Its sizes.
    pub architecture: Architecture,
    /// Its weights, in training on the run's device.
    pub model: Model,
    /// The cells that it has seen.
    pub seen: Seen,
}

impl Start {
    /// The network that `config` names, for `features`. A checkpoint to start from must not have seen
    /// cells of `val`.
    ///
    /// # Errors
    /// A network that there is not, a checkpoint that cannot be read or does not fit, and one that has
    /// seen cells of `val`.
    pub fn new(
        config: &TrainConfig,
        val: &[Record],
        features: &FeatureSet,
        device: &Device,
        warn: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        match &config.init {
            Some(path) => Self::from_checkpoint(path, config, val, features, device, warn),
            None => Self::fresh(config, features, device),
        }
    }

    fn fresh(config: &TrainConfig, features: &FeatureSet, device: &Device) -> Result<Self> {
        let side = config.input_size as usize;
        let mut architecture = Architecture::named(&config.arch)?.with_input_side(side)?;
        if let Some(width) = config.width {
            architecture = architecture.with_width(width)?;
        }
        Ok(Self {
            model: architecture.init(features.len(), config.drop_path, device),
            architecture,
            seen: Seen::default(),
        })
    }

    fn from_checkpoint(
        path: &Path,
        config: &TrainConfig,
        val: &[Record],
        features: &FeatureSet,
        device: &Device,
        warn: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        let name = path.display().to_string();
        let context = || format!("cannot start from {name}");
        let bytes = std::fs::read(path).with_context(context)?;
        let mut checkpoint = Checkpoint::read(&bytes).with_context(context)?;
        let seen = Seen::by(&name, &checkpoint)?;
        seen.refuse_validated(&name, val, warn)?;
        slim(&mut checkpoint, config).with_context(context)?;
        let architecture = checkpoint.card.architecture.clone();
        ensure!(
            architecture.name() == config.arch || architecture.family() == config.arch,
            "{name} holds a {}, not a {}",
            architecture.name(),
            config.arch
        );
        let fresh = architecture.init(features.len(), config.drop_path, device);
        let task = checkpoint.card.classification().with_context(context)?;
        if task.features != *features {
            replace_head(&mut checkpoint.weights, &fresh);
        }
        let model = checkpoint
            .weights
            .apply(fresh)
            .map_err(|faults| anyhow!("{name} does not fit: {}", faults.join("; ")))?;
        Ok(Self {
            architecture,
            model,
            seen,
        })
    }
}

/// Gives a checkpoint the run's input, and leaves out the parts that the run does not keep.
fn slim(checkpoint: &mut Checkpoint, config: &TrainConfig) -> Result<()> {
    checkpoint.resample(config.input_size as usize)?;
    if !config.keep_blocks.is_empty() {
        checkpoint.keep_blocks(&config.keep_blocks)?;
    }
    if let Some(heads) = config.keep_heads {
        checkpoint.keep_heads(heads)?;
    }
    if let Some(neurons) = config.keep_neurons {
        checkpoint.keep_neurons(neurons)?;
    }
    Ok(())
}

/// Puts the head of `fresh` in the place of another head, or of none.
fn replace_head(weights: &mut StateDict, fresh: &Model) {
    let is_head = |name: &str| name.starts_with("head.");
    weights.0.retain(|name, _| !is_head(name));
    let head = StateDict::of(fresh).0.into_iter();
    weights.0.extend(head.filter(|(name, _)| is_head(name)));
}
