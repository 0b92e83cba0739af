//! Why a network cannot be built.

use thiserror::Error;

/// Why a network cannot be built.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ArchitectureError {
    /// No network has this name.
    #[error("there is no network called {name:?}; there are {}", known.join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// Every name that there is.
        known: Vec<&'static str>,
    },
    /// The network does not take inputs of this side.
    #[error("an input of {side} px does not fit {network}: it must be {sides}")]
    InputSide {
        /// The side that was asked for, in pixels.
        side: usize,
        /// The network's name.
        network: String,
        /// The sides that fit, in words.
        sides: String,
    },
    /// A size that no network can have, from a card or a command line.
    #[error("a network cannot have {what}")]
    Size {
        /// The size and its value.
        what: String,
    },
}
