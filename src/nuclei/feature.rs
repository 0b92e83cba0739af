//! The nine nuclear features.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_those_of_the_study() {
        assert_eq!(
            Feature::ALL.map(Feature::risk_weight),
            [1, 3, 4, 1, 2, 1, 3, 1, 2]
        );
    }
}
