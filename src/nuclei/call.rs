//! The rule by which a feature of a cell is called present. Nothing else in the program, the package
//! or the page compares a probability with a threshold to call a feature.

/// The probability from which one feature is called present, and the doubt about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallRule {
    /// The probability from which the feature is called present.
    pub threshold: f64,
    /// The probabilities `[low, high]` about the threshold at which the call might be the other one,
    /// where they are known.
    pub band: Option<[f64; 2]>,
}

/// The call of one feature of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// A person's answer where there is one, else the model's call.
    pub present: bool,
    /// The model's call.
    pub by_model: bool,
    /// Whether the probability lies within the band.
    pub unsure: bool,
}

impl CallRule {
    /// The rule with a threshold of a person's own. The band moves along, and stays within 0 to 1.
    pub fn moved_to(self, threshold: f64) -> Self {
        let by = threshold - self.threshold;
        let band = self.band;
        Self {
            threshold,
            band: band.map(|[low, high]| [(low + by).max(0.0), (high + by).min(1.0)]),
        }
    }

    /// The call of the feature for a cell with this probability and a person's answer, if any.
    pub fn call(self, probability: f64, answer: Option<bool>) -> Call {
        let by_model = probability >= self.threshold;
        Call {
            present: answer.unwrap_or(by_model),
            by_model,
            unsure: self
                .band
                .is_some_and(|[low, high]| (low..=high).contains(&probability)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: CallRule = CallRule {
        threshold: 0.5,
        band: Some([0.25, 0.625]),
    };

    #[test]
    fn a_feature_is_present_from_its_threshold_on() {
        assert!(RULE.call(0.5, None).present);
        assert!(!RULE.call(0.499, None).present);
        assert!(RULE.moved_to(0.25).call(0.25, None).present);
    }

    #[test]
    fn a_person_has_the_last_word() {
        let call = RULE.call(0.75, Some(false));
        assert_eq!((call.present, call.by_model), (false, true));
        assert!(RULE.call(0.0, Some(true)).present);
    }

    #[test]
    fn the_band_holds_both_its_ends_and_moves_with_the_threshold() {
        let unsure = |rule: CallRule, probability| rule.call(probability, None).unsure;
        assert!(unsure(RULE, 0.25) && unsure(RULE, 0.625));
        assert!(!unsure(RULE, 0.249) && !unsure(RULE, 0.626));
        assert_eq!(RULE.moved_to(0.75).band, Some([0.5, 0.875]));
        assert_eq!(RULE.moved_to(0.0).band, Some([0.0, 0.125]));
        assert_eq!(RULE.moved_to(1.0).band, Some([0.75, 1.0]));
        let without = CallRule { band: None, ..RULE };
        assert!(!unsure(without, 0.5));
    }
}
