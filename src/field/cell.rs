//! One nucleus of a field with all that files keep of it.

use serde::{Deserialize, Serialize};

use super::Contour;
use crate::nuclei::{FeatureSet, Risk};

/// One nucleus of a field: its contour, where that comes from, and the features that it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldCell {
    /// Its outline.
    pub contour: Contour,
    /// Where the outline comes from.
    pub origin: Origin,
    /// Whether a person has changed the outline since.
    pub is_changed: bool,
    /// Whether a person has found the outline right.
    pub is_confirmed: bool,
    /// Of a found outline: the network's probability that a nucleus to be read lies there, 0 to 1.
    pub probability: Option<f64>,
    /// Its features in the order of the model's list; empty where nobody has read it.
    pub features: Vec<CellFeature>,
    /// SHA-256 of the checkpoint that read it.
    pub model: Option<String>,
}

/// Where an outline comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// From a file of another program.
    #[default]
    Given,
    /// From a network that finds nuclei.
    Found,
    /// From a person's hand.
    Drawn,
}

/// One feature of a nucleus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellFeature {
    /// Its name.
    pub name: String,
    /// The model's probability, 0 to 1.
    pub probability: Option<f64>,
    /// Whether the model, or the program that wrote the file, calls it present.
    pub call: Option<bool>,
    /// A person's answer.
    pub answer: Option<bool>,
}

impl CellFeature {
    /// Whether the feature counts as present: the person's answer, else the call.
    pub fn is_present(&self) -> bool {
        self.answer.or(self.call).unwrap_or(false)
    }

    /// Whether a person's answer differs from the call.
    pub fn is_corrected(&self) -> bool {
        matches!((self.call, self.answer), (Some(call), Some(answer)) if call != answer)
    }
}

impl FieldCell {
    /// A nucleus of which nothing but the outline is known.
    pub fn new(contour: Contour, origin: Origin) -> Self {
        Self {
            contour,
            origin,
            is_changed: false,
            is_confirmed: false,
            probability: None,
            features: Vec::new(),
            model: None,
        }
    }

    /// The risk of the present features; only where they are the nine nuclear ones.
    pub fn risk(&self) -> Option<Risk> {
        let names = self.features.iter().map(|feature| &feature.name);
        let present: Vec<bool> = self.features.iter().map(CellFeature::is_present).collect();
        FeatureSet::new(names).risk(&present)
    }
}

impl Origin {
    /// All of them.
    pub const ALL: [Origin; 3] = [Origin::Given, Origin::Found, Origin::Drawn];

    /// The word that files have.
    pub const fn name(self) -> &'static str {
        match self {
            Origin::Given => "given",
            Origin::Found => "found",
            Origin::Drawn => "drawn",
        }
    }

    /// The origin of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}
