//! A run's folder and its files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::files::write_atomically;

/// The result of a run, in its folder. A run that has it is done.
pub const MODEL_FILE: &str = "model.safetensors";

/// Why a folder cannot take a run, or has none.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FolderError {
    /// There is a run already.
    #[error("{} already holds a run", .0.display())]
    Taken(PathBuf),
    /// There is no run.
    #[error("{} holds no run: it has no config.json", .0.display())]
    NoRun(PathBuf),
}

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// A folder that does not hold a run yet, with the run's settings.
    ///
    /// # Errors
    /// [`FolderError::Taken`], and any failure of the file system.
    pub fn create(path: &Path, config: &impl Serialize) -> Result<Self> {
        let folder = Self(path.into());
        if folder.config().exists() {
            return Err(FolderError::Taken(path.into()).into());
        }
        std::fs::create_dir_all(folder.checkpoints())
            .with_context(|| format!("cannot create {}", path.display()))?;
        let config = serde_json::to_string_pretty(config)?;
        write_atomically(&folder.config(), config.as_bytes())?;
        Ok(folder)
    }

    /// The folder of a run, and its settings.
    ///
    /// # Errors
    /// [`FolderError::NoRun`], and a file that cannot be read.
    pub fn open<T: DeserializeOwned>(path: &Path) -> Result<(Self, T)> {
        let folder = Self(path.into());
        let config = folder.config();
        if !config.exists() {
            return Err(FolderError::NoRun(path.into()).into());
        }
        let context = || format!("cannot read {}", config.display());
        let text = std::fs::read(&config).with_context(context)?;
        let config = serde_json::from_slice(&text).with_context(context)?;
        Ok((folder, config))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every setting of the run.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// Every epoch's figures.
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.csv")
    }

    /// The result of the run.
    pub fn model(&self) -> PathBuf {
        self.0.join(MODEL_FILE)
    }

    /// Deletes the weights and states of the epochs, which only the training needs.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn clear(&self) -> Result<()> {
        match std::fs::remove_dir_all(self.checkpoints()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot clear {}", self.0.display()))
            }
            _ => Ok(()),
        }
    }

    /// The weights and states of the epochs, which burn-train names so.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoint")
    }
}
