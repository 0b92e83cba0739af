//! The data of a training, looked over before it starts.

use super::config::TrainConfig;
use super::data::{DataError, Fault, check};
use super::sampler::Sampler;

/// How many faults are told one by one.
const FEW: usize = 10;

/// Looks over the cells that `config` trains and validates on: `warn` hears of everything that is
/// doubtful, a line each.
///
/// # Errors
/// [`DataError`] where something is broken.
pub fn check_data(config: &TrainConfig, warn: &mut dyn FnMut(&str)) -> Result<(), DataError> {
    let splits = [config.train_split.clone(), config.val_split.clone()];
    let report = check(&config.data_folder()?, &splits)?;
    if report.is_broken() {
        return Err(DataError::Broken(few(&report.broken).join("\n")));
    }
    for warning in report.warnings() {
        warn(&warning);
    }
    let mut splits = report.splits.iter();
    let train = splits.find(|split| split.split == config.train_split);
    let without_any = train.map_or(0, |split| split.without_any);
    if without_any > 0 && config.sampler != Sampler::Uniform {
        warn(&format!(
            "{without_any} cells to train on show no feature, and the weighted sampler never draws \
             those; `sampler` uniform does"
        ));
    }
    Ok(())
}

/// The first of `faults`, a line each, and the number of the others.
pub fn few(faults: &[Fault]) -> Vec<String> {
    let told = faults.iter().take(FEW);
    let mut lines: Vec<String> = told.map(|fault| fault.error.clone()).collect();
    if let more @ 1.. = faults.len().saturating_sub(FEW) {
        lines.push(format!("… and {more} more"));
    }
    lines
}
