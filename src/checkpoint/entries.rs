//! The entries of a model card's JSON, taken out one by one, so that an error names its entry.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::CheckpointError;

/// The entries that have not been taken.
pub(super) struct Entries(Map<String, Value>);

impl Entries {
    pub fn parse(json: &str) -> Result<Self, CheckpointError> {
        match serde_json::from_str(json) {
            Ok(entries) => Ok(Self(entries)),
            Err(error) => Err(wrong(format!("it cannot be read: {error}"))),
        }
    }

    /// The value of an entry that every card has.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, CheckpointError> {
        let value = self.take_if_there(name)?;
        value.ok_or_else(|| wrong(format!("its entry {name} is missing")))
    }

    /// The value of an entry that a card may lack.
    pub fn take_if_there<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, CheckpointError> {
        // Null stands for an absent entry.
        let value = self.0.remove(name).unwrap_or_default();
        serde_json::from_value(value)
            .map_err(|error| wrong(format!("its entry {name} cannot be read: {error}")))
    }
}

fn wrong(fault: String) -> CheckpointError {
    CheckpointError::Card(fault)
}
