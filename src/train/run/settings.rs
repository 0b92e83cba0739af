//! The settings that every run has, whatever it trains, and how a setting that cannot be used is
//! named.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::devices::{DeviceChoice, DeviceError};
use crate::kernels::MatmulPrecision;

/// How long, how fast and where a network is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSettings {
    /// Passes over the training split, at least 1.
    pub epochs: usize,
    /// Items a batch, shared among all devices; at least 1.
    pub batch: usize,
    /// Batches whose gradients are averaged into one step; at least 1.
    pub accumulate: usize,
    /// The highest learning rate, above 0 and at most 1.
    pub lr: f64,
    /// Share of the steps in which the learning rate rises linearly, from 0 to below 1. It then
    /// falls as a cosine.
    pub warmup: f64,
    /// The learning rate of each layer over that of the next layer, above 0 and at most 1.
    pub layer_decay: f64,
    /// Epochs at the start in which only the head learns; fewer than `epochs`.
    pub freeze: usize,
    /// AdamW's decoupled weight decay, from 0 to 10.
    pub weight_decay: f32,
    /// Decay of an exponential moving average of the weights, from 0 to below 1. The average is
    /// validated and kept in the place of the weights; 0 keeps no average.
    pub ema: f64,
    /// Where to train.
    pub device: DeviceChoice,
    /// The precision of matrix products in training.
    pub matmul: MatmulPrecision,
    /// The seed of every random choice.
    pub seed: u64,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            epochs: 20,
            batch: 32,
            accumulate: 1,
            lr: 1e-3,
            warmup: 0.1,
            layer_decay: 1.0,
            freeze: 0,
            weight_decay: 0.05,
            ema: 0.0,
            device: DeviceChoice::Cpu,
            matmul: MatmulPrecision::High,
            seed: 0,
        }
    }
}

impl RunSettings {
    /// Refuses settings that no run can use.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        at_least_one("epochs", self.epochs)?;
        at_least_one("batch", self.batch)?;
        at_least_one("accumulate", self.accumulate)?;
        below_one("warmup", self.warmup)?;
        below_one("ema", self.ema)?;
        within("weight_decay", self.weight_decay, 0.0, 10.0)?;
        above_zero("lr", self.lr)?;
        above_zero("layer_decay", self.layer_decay)?;
        if self.freeze > 0 && self.freeze >= self.epochs {
            return Err(SettingError(format!(
                "`freeze` is {}; it must leave some of the {} epochs",
                self.freeze, self.epochs
            )));
        }
        Ok(())
    }

    /// The devices of the run, at least one. The first one validates.
    ///
    /// # Errors
    /// As [`DeviceChoice::open`].
    pub fn devices(&self) -> Result<Vec<Device>, DeviceError> {
        self.device.open()
    }
}

/// A setting that cannot be used: its value, and a value that could. Names of settings stand between
/// backticks, so that a program with other names for them can put its own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SettingError(pub String);

impl SettingError {
    fn value(setting: &str, value: impl std::fmt::Display, right: &str) -> Self {
        Self(format!("`{setting}` is {value}; it must be {right}"))
    }
}

/// Refuses 0.
///
/// # Errors
/// [`SettingError`], naming `setting`.
pub fn at_least_one(setting: &str, value: usize) -> Result<(), SettingError> {
    match value {
        0 => Err(SettingError::value(setting, value, "at least 1")),
        _ => Ok(()),
    }
}

/// Refuses a value that is not from 0 to below 1.
///
/// # Errors
/// [`SettingError`], naming `setting`.
pub fn below_one(setting: &str, value: impl Into<f64>) -> Result<(), SettingError> {
    let value = value.into();
    match (0.0..1.0).contains(&value) {
        true => Ok(()),
        false => Err(SettingError::value(setting, value, "from 0 to below 1")),
    }
}

/// Refuses a value that is not above 0 and at most 1.
///
/// # Errors
/// [`SettingError`], naming `setting`.
pub fn above_zero(setting: &str, value: impl Into<f64>) -> Result<(), SettingError> {
    let value = value.into();
    match value > 0.0 && value <= 1.0 {
        true => Ok(()),
        false => Err(SettingError::value(setting, value, "above 0 and at most 1")),
    }
}

/// Refuses a value that is not from `lowest` to `highest`.
///
/// # Errors
/// [`SettingError`], naming `setting`.
pub fn within(
    setting: &str,
    value: impl Into<f64>,
    lowest: f64,
    highest: f64,
) -> Result<(), SettingError> {
    let value = value.into();
    match (lowest..=highest).contains(&value) {
        true => Ok(()),
        false => {
            let right = format!("from {lowest} to {highest}");
            Err(SettingError::value(setting, value, &right))
        }
    }
}

/// Refuses names among `given` that `known`, the settings as they are written, does not have.
/// Serde itself cannot refuse them in a structure with a flattened part.
///
/// # Errors
/// [`SettingError`] with the first unknown name.
pub fn refuse_unknown(given: &Map<String, Value>, known: &Value) -> Result<(), SettingError> {
    match given.keys().find(|name| known.get(name).is_none()) {
        Some(name) => Err(SettingError(format!("there is no setting {name:?}"))),
        None => Ok(()),
    }
}
