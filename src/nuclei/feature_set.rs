//! The features that a model names.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::feature::Feature;
use super::risk::{Risk, RiskRule};

/// The ordered list of feature names that a model was trained on.
///
/// The order is that of the label columns and of the network's logits. Another data set brings
/// its own list; [`FeatureSet::default`] is the study's nine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeatureSet(Vec<String>);

impl FeatureSet {
    /// A set from names in label order.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// The names, in label order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The place of the feature of this name, else of the first that has it in another case.
    ///
    /// # Errors
    /// [`UnknownFeature`], with every name that there is.
    pub fn index(&self, name: &str) -> Result<usize, UnknownFeature> {
        let exactly = |known: &String| known == name;
        let in_any_case = |known: &String| known.eq_ignore_ascii_case(name);
        let names = &self.0;
        let found = names.iter().position(exactly);
        found
            .or_else(|| names.iter().position(in_any_case))
            .ok_or_else(|| UnknownFeature {
                name: name.into(),
                known: names.clone(),
            })
    }

    /// How many features there are: the width of the label vector and of the logits.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True for a backbone without a classifier.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first wrong name, if any: an empty one, or one that stands twice.
    pub fn fault(&self) -> Option<String> {
        let names = &self.0;
        if let Some(i) = names.iter().position(|name| name.trim().is_empty()) {
            return Some(format!("name {} is empty", i + 1));
        }
        let twice = (1..names.len()).find(|&i| names[..i].contains(&names[i]));
        twice.map(|i| format!("{:?} is named twice", names[i]))
    }

    /// True where the list is exactly the nine nuclear features; only then is there a risk.
    pub fn is_nuclear(&self) -> bool {
        self.0
            .iter()
            .map(String::as_str)
            .eq(Feature::ALL.map(Feature::name))
    }

    /// The rule of the risk, or `None` for another list of features.
    pub fn risk_rule(&self) -> Option<RiskRule> {
        self.is_nuclear().then(RiskRule::of_the_study)
    }

    /// The risk of a nucleus that shows the features marked in `present`
    /// (one entry per name, in label order), or `None` for another list of features.
    pub fn risk(&self, present: &[bool]) -> Option<Risk> {
        if present.len() != self.len() {
            return None;
        }
        let shown = self.0.iter().zip(present).filter(|(_, present)| **present);
        let names = shown.map(|(name, _)| name.as_str());
        Some(self.risk_rule()?.risk(names))
    }
}

/// There is no such feature in a [`FeatureSet`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name:?} is none of {}", known.join(", "))]
pub struct UnknownFeature {
    /// The wanted name.
    pub name: String,
    /// All names that there are.
    pub known: Vec<String>,
}

impl Default for FeatureSet {
    fn default() -> Self {
        Self::new(Feature::ALL.map(Feature::name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_the_very_one_first() {
        let own = FeatureSet::new(["Halo", "halo"]);
        assert_eq!(own.index("halo").unwrap(), 1);
        assert_eq!(own.index("HALO").unwrap(), 0);
        assert!(own.index("Mitosis").is_err());
    }

    #[test]
    fn another_list_of_features_has_no_risk() {
        let own = FeatureSet::new(["Mitosis", "Nucleolus"]);
        assert_eq!(own.risk(&[true, false]), None);
        assert_eq!(own.risk_rule(), None);
        let mut reordered: Vec<_> = Feature::ALL.map(Feature::name).to_vec();
        reordered.swap(0, 1);
        assert_eq!(FeatureSet::new(reordered).risk(&[true; 9]), None);
        assert_eq!(
            FeatureSet::default().risk(&[true; 9]).map(|r| r.score),
            Some(18.0)
        );
    }
}
