//! The rule of a feature's call and of the risk, for many cells at once.
//!
//! The page asks at every move of a threshold, for every cell, and must answer within a frame. So
//! numbers go in and out in flat arrays; `pkg/decide.js` makes objects of them.

use wasm_bindgen::prelude::*;

use crate::nuclei::{CallRule, RiskRule};

/// A person's answer as it comes in.
const ABSENT: u8 = 1;
const PRESENT: u8 = 2;
/// The bits of a call as it goes out.
const IS_PRESENT: u8 = 1;
const IS_PRESENT_BY_MODEL: u8 = 2;
const IS_UNSURE: u8 = 4;
/// In the place of a risk where there is no rule for one, and of a feature where none is meant.
const NONE: f64 = -1.0;

/// The rules of a model's calls.
#[wasm_bindgen]
pub struct CallRules {
    features: Vec<String>,
    rules: Vec<CallRule>,
    risk: Option<RiskRule>,
}

#[wasm_bindgen]
impl CallRules {
    /// Names and thresholds of the features, and the band of doubt of each, `[low, high]` one after
    /// the other, or none at all.
    #[wasm_bindgen(constructor)]
    pub fn new(
        features: Vec<String>,
        thresholds: &[f64],
        bands: &[f64],
    ) -> Result<CallRules, JsError> {
        check("thresholds", thresholds.len(), features.len())?;
        if !bands.is_empty() {
            check("ends of bands", bands.len(), 2 * features.len())?;
        }
        let (bands, _) = bands.as_chunks();
        let rule = |(i, &threshold)| CallRule {
            threshold,
            band: bands.get(i).copied(),
        };
        Ok(Self {
            rules: thresholds.iter().enumerate().map(rule).collect(),
            features,
            risk: None,
        })
    }

    /// Adds the rule of the risk, with a weight for each feature.
    pub fn set_risk_rule(
        &mut self,
        weights: &[f64],
        medium_from: f64,
        high_from: f64,
        always_high: Vec<String>,
    ) -> Result<(), JsError> {
        check("weights", weights.len(), self.features.len())?;
        let features = self.features.iter().cloned();
        self.risk = Some(RiskRule {
            weights: features.zip(weights.iter().copied()).collect(),
            medium_from,
            high_from,
            always_high,
        });
        Ok(())
    }

    /// Thresholds in force, one a feature → the band of doubt of each, `[low, high]` or twice NaN.
    pub fn bands(&self, thresholds: &[f64]) -> Result<Vec<f64>, JsError> {
        let rules = self.moved_to(thresholds)?;
        let bands = rules.map(|rule| rule.band.unwrap_or([f64::NAN; 2]));
        Ok(bands.flatten().collect())
    }

    /// Probabilities and answers, `[cells, features]` row after row, and the thresholds in force →
    /// for each cell its calls, then the risk's score, its level (0 is low, 2 is high) and the
    /// feature that alone makes it high.
    pub fn decide(
        &self,
        probabilities: &[f64],
        thresholds: &[f64],
        answers: &[u8],
    ) -> Result<Vec<f64>, JsError> {
        let rules: Vec<CallRule> = self.moved_to(thresholds)?.collect();
        check("answers", answers.len(), probabilities.len())?;
        let features = rules.len().max(1);
        let mut decided = Vec::with_capacity(probabilities.len() / features * (features + 3));
        let cells = probabilities.chunks_exact(features);
        for (probabilities, answers) in cells.zip(answers.chunks_exact(features)) {
            let mut present = Vec::with_capacity(features);
            for (i, rule) in rules.iter().enumerate() {
                let call = rule.call(probabilities[i], answer(answers[i]));
                let bit = |is: bool, bit| if is { bit } else { 0 };
                let bits = bit(call.present, IS_PRESENT)
                    | bit(call.by_model, IS_PRESENT_BY_MODEL)
                    | bit(call.unsure, IS_UNSURE);
                decided.push(bits.into());
                if call.present {
                    present.push(i);
                }
            }
            decided.extend(self.risk_of(&present));
        }
        Ok(decided)
    }
}

impl CallRules {
    fn risk_of(&self, present: &[usize]) -> [f64; 3] {
        let Some(rule) = &self.risk else {
            return [NONE; 3];
        };
        let name = |&i: &usize| self.features[i].as_str();
        let risk = rule.risk(present.iter().map(name));
        let forcing = present.iter().find(|i| rule.makes_high(name(i)));
        let forcing = forcing.map_or(NONE, |&i| i as f64);
        [risk.score, f64::from(risk.level as u8), forcing]
    }

    fn moved_to(&self, thresholds: &[f64]) -> Result<impl Iterator<Item = CallRule>, JsError> {
        check("thresholds", thresholds.len(), self.rules.len())?;
        let rules = self.rules.iter().zip(thresholds);
        Ok(rules.map(|(rule, threshold)| rule.moved_to(*threshold)))
    }
}

fn answer(code: u8) -> Option<bool> {
    match code {
        ABSENT => Some(false),
        PRESENT => Some(true),
        _ => None,
    }
}

fn check(name: &str, given: usize, needed: usize) -> Result<(), JsError> {
    match given == needed {
        true => Ok(()),
        false => Err(JsError::new(&format!(
            "{given} {name}, {needed} are needed"
        ))),
    }
}
