//! The risk: the sum of the weights of the present features, and its level.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::feature::Feature;

/// The weight of the present features together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Risk {
    /// Sum of the weights of the present features; by the study's rule a whole number, 0 to 18.
    #[serde(serialize_with = "without_needless_fraction")]
    pub score: f64,
    /// The level that the score falls in.
    pub level: RiskLevel,
}

/// Low, medium or high; a summary for teaching, never a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[allow(missing_docs)]
pub enum RiskLevel {
    Low,
    Medium,
    High,
}

/// The rule of the risk as plain data: a page can show it, and a saved session keeps it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")] // JavaScript reads it, and writes it into exported sessions.
pub struct RiskRule {
    /// The weight of each feature, by name.
    pub weights: BTreeMap<String, f64>,
    /// The score from which the level is medium.
    pub medium_from: f64,
    /// The score from which the level is high, whatever the features.
    pub high_from: f64,
    /// Features that make the level high, each of them alone.
    pub always_high: Vec<String>,
}

impl RiskRule {
    /// High if an inclusion is present or the score is at least 7; medium from 5; else low.
    pub fn of_the_study() -> Self {
        let weight = |feature: Feature| (feature.name().into(), feature.risk_weight().into());
        Self {
            weights: Feature::ALL.map(weight).into(),
            medium_from: 5.0,
            high_from: 7.0,
            always_high: vec![Feature::Inclusion.name().into()],
        }
    }

    /// The risk of a nucleus that shows the features of these names; a name without a weight adds
    /// nothing.
    pub fn risk<'a>(&self, present: impl IntoIterator<Item = &'a str>) -> Risk {
        let (mut score, mut always_high) = (0.0, false);
        for name in present {
            score += self.weights.get(name).unwrap_or(&0.0);
            always_high |= self.makes_high(name);
        }
        let level = if always_high || score >= self.high_from {
            RiskLevel::High
        } else if score >= self.medium_from {
            RiskLevel::Medium
        } else {
            RiskLevel::Low
        };
        Risk { score, level }
    }

    /// Whether the feature of this name makes the level high alone.
    pub fn makes_high(&self, name: &str) -> bool {
        self.always_high.iter().any(|one| one == name)
    }
}

/// 7 instead of 7.0, as in the files of earlier versions.
fn without_needless_fraction<S: Serializer>(score: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match score.fract() == 0.0 {
        true => serializer.serialize_i64(*score as i64),
        false => serializer.serialize_f64(*score),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn risk(present: &[Feature]) -> Risk {
        RiskRule::of_the_study().risk(present.iter().map(|feature| feature.name()))
    }

    #[test]
    fn an_inclusion_alone_is_high() {
        let risk = risk(&[Feature::Inclusion]);
        assert_eq!((risk.score, risk.level), (4.0, RiskLevel::High));
    }

    #[test]
    fn levels_change_at_five_and_seven() {
        use Feature::*;
        assert_eq!(risk(&[Grooves, Elongation]).level, RiskLevel::Low);
        assert_eq!(risk(&[Grooves, Crowding]).level, RiskLevel::Medium);
        assert_eq!(risk(&[Grooves, Enlargement]).level, RiskLevel::Medium);
        assert_eq!(risk(&[Grooves, Enlargement, Glassy]).level, RiskLevel::High);
    }

    #[test]
    fn all_combinations_follow_the_definition() {
        for subset in 0..1 << Feature::ALL.len() {
            let present = |feature: &Feature| subset >> *feature as usize & 1 == 1;
            let present: Vec<_> = Feature::ALL.into_iter().filter(present).collect();
            let score: u32 = present.iter().map(|one| one.risk_weight()).sum();
            let level = match present.contains(&Feature::Inclusion) || score >= 7 {
                true => RiskLevel::High,
                false if score >= 5 => RiskLevel::Medium,
                false => RiskLevel::Low,
            };
            let score = f64::from(score);
            assert_eq!(risk(&present), Risk { score, level });
        }
    }

    #[test]
    fn a_whole_score_is_written_without_a_fraction() {
        let json = |score| {
            serde_json::to_value(Risk {
                score,
                level: RiskLevel::Low,
            })
            .unwrap()
        };
        assert_eq!(json(4.0)["score"].to_string(), "4");
        assert_eq!(json(1.5)["score"].to_string(), "1.5");
    }
}
