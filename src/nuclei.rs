//! The vocabulary: which features a nucleus may show, and what they add up to.
//!
//! Everything here is plain data. Names and order are those of the study's labels
//! (PLOS Digital Health 4(12) e0001120, 2025); nothing here knows of tensors, images or files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One of the nine nuclear features, in label order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // The variants are the pathologist's own words.
pub enum Feature {
    Elongation,
    Grooves,
    Inclusion,
    Glassy,
    Crowding,
    Wrinkled,
    Enlargement,
    Irregular,
    Overlapping,
}

impl Feature {
    /// All nine, in label order: the index of a feature is its column in the labels.
    pub const ALL: [Feature; 9] = [
        Feature::Elongation,
        Feature::Grooves,
        Feature::Inclusion,
        Feature::Glassy,
        Feature::Crowding,
        Feature::Wrinkled,
        Feature::Enlargement,
        Feature::Irregular,
        Feature::Overlapping,
    ];

    /// The name used in labels, model cards, tables and the page.
    pub const fn name(self) -> &'static str {
        match self {
            Feature::Elongation => "Elongation",
            Feature::Grooves => "Grooves",
            Feature::Inclusion => "Inclusion",
            Feature::Glassy => "Glassy",
            Feature::Crowding => "Crowding",
            Feature::Wrinkled => "Wrinkled",
            Feature::Enlargement => "Enlargement",
            Feature::Irregular => "Irregular",
            Feature::Overlapping => "Overlapping",
        }
    }

    /// What the feature adds to the risk score when it is present.
    pub const fn risk_weight(self) -> u32 {
        match self {
            Feature::Inclusion => 4,
            Feature::Grooves | Feature::Enlargement => 3,
            Feature::Crowding | Feature::Overlapping => 2,
            Feature::Elongation | Feature::Glassy | Feature::Wrinkled | Feature::Irregular => 1,
        }
    }
}

impl std::str::FromStr for Feature {
    type Err = String;

    /// The feature of this name, in any case.
    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(name));
        known.ok_or_else(|| {
            format!(
                "{name:?} is none of {}",
                Self::ALL.map(Feature::name).join(", ")
            )
        })
    }
}

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

    /// How the risk is worked out, or `None` for another list of features.
    pub fn risk_rule(&self) -> Option<RiskRule> {
        self.is_nuclear().then(RiskRule::of_the_study)
    }

    /// The risk of a nucleus that shows the features marked in `present`
    /// (one entry per name, in label order), or `None` for another list of features.
    pub fn risk(&self, present: &[bool]) -> Option<Risk> {
        (self.is_nuclear() && present.len() == self.len()).then(|| {
            Risk::of(
                Feature::ALL
                    .into_iter()
                    .zip(present)
                    .filter(|(_, on)| **on)
                    .map(|(f, _)| f),
            )
        })
    }
}

/// There is no such feature in a [`FeatureSet`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name:?} is none of {}", known.join(", "))]
pub struct UnknownFeature {
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub known: Vec<String>,
}

impl Default for FeatureSet {
    fn default() -> Self {
        Self::new(Feature::ALL.map(Feature::name))
    }
}

/// How much the present features weigh together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// Sum of [`Feature::risk_weight`] over the present features, 0 to 18.
    pub score: u32,
    /// The level that the score falls in.
    pub level: RiskLevel,
}

/// Low, medium or high; a summary for teaching, never a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RiskLevel {
    Low,
    Medium,
    High,
}

impl Risk {
    /// Score from which the level is high, whatever the features.
    const HIGH_FROM: u32 = 7;
    /// Score from which the level is medium.
    const MEDIUM_FROM: u32 = 5;
    /// Features of which one alone makes the level high.
    const ALWAYS_HIGH: [Feature; 1] = [Feature::Inclusion];

    /// High if an inclusion is present or the score is at least 7; medium from 5; else low.
    pub fn of(present: impl IntoIterator<Item = Feature>) -> Self {
        let (mut score, mut always_high) = (0, false);
        for feature in present {
            score += feature.risk_weight();
            always_high |= Self::ALWAYS_HIGH.contains(&feature);
        }
        let level = if always_high || score >= Self::HIGH_FROM {
            RiskLevel::High
        } else if score >= Self::MEDIUM_FROM {
            RiskLevel::Medium
        } else {
            RiskLevel::Low
        };
        Self { score, level }
    }
}

/// What [`Risk::of`] goes by, for those who want to show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")] // JavaScript reads it, and writes it into exported sessions.
pub struct RiskRule {
    /// What each feature adds to the score, by name.
    pub weights: BTreeMap<&'static str, u32>,
    /// The score from which the level is medium.
    pub medium_from: u32,
    /// The score from which the level is high.
    pub high_from: u32,
    /// Features of which one alone makes the level high.
    pub always_high: Vec<&'static str>,
}

impl RiskRule {
    fn of_the_study() -> Self {
        let weight = |feature: Feature| (feature.name(), feature.risk_weight());
        Self {
            weights: Feature::ALL.map(weight).into(),
            medium_from: Risk::MEDIUM_FROM,
            high_from: Risk::HIGH_FROM,
            always_high: Risk::ALWAYS_HIGH.map(Feature::name).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scores_are_those_of_the_study() {
        assert_eq!(
            Feature::ALL.map(Feature::risk_weight),
            [1, 3, 4, 1, 2, 1, 3, 1, 2]
        );
    }

    #[test]
    fn an_inclusion_alone_is_high() {
        let risk = Risk::of([Feature::Inclusion]);
        assert_eq!((risk.score, risk.level), (4, RiskLevel::High));
    }

    #[test]
    fn levels_change_at_five_and_seven() {
        use Feature::*;
        assert_eq!(Risk::of([Grooves, Elongation]).level, RiskLevel::Low);
        assert_eq!(Risk::of([Grooves, Crowding]).level, RiskLevel::Medium);
        assert_eq!(Risk::of([Grooves, Enlargement]).level, RiskLevel::Medium);
        assert_eq!(
            Risk::of([Grooves, Enlargement, Glassy]).level,
            RiskLevel::High
        );
    }

    #[test]
    fn the_rule_gives_the_risk_of_all_combinations() {
        let rule = FeatureSet::default().risk_rule().unwrap();
        for subset in 0..1 << Feature::ALL.len() {
            let present = |feature: &Feature| subset >> *feature as usize & 1 == 1;
            let present: Vec<_> = Feature::ALL.into_iter().filter(present).collect();
            let score = present.iter().map(|one| rule.weights[one.name()]).sum();
            let alone = |one: &Feature| rule.always_high.contains(&one.name());
            let level = match present.iter().any(alone) || score >= rule.high_from {
                true => RiskLevel::High,
                false if score >= rule.medium_from => RiskLevel::Medium,
                false => RiskLevel::Low,
            };
            assert_eq!(Risk::of(present), Risk { score, level });
        }
    }

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
            Some(18)
        );
    }
}
