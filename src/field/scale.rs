//! How much of the slide a pixel of a field shows.

use serde::{Deserialize, Serialize};

/// Micrometres that one pixel of a field shows: finite and above 0.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct MicrometresPerPixel(f64);

impl MicrometresPerPixel {
    /// Scales from here are possible: the light microscope resolves a fifth of a micrometre, and no
    /// camera spreads that over a thousand pixels.
    const LEAST: f64 = 1e-4;
    /// Scales up to here are possible: a nucleus of 7 µm is a pixel.
    const MOST: f64 = 10.0;
    /// The scale of the study's fields: the scale bar of field B5_201, 20 µm, is 62.5 pixels long.
    pub const OF_THE_STUDY: Self = Self(0.32);
    /// A scale from a number; `None` for one that no microscope has.
    pub fn new(micrometres: f64) -> Option<Self> {
        let possible = Self::LEAST..=Self::MOST;
        possible.contains(&micrometres).then_some(Self(micrometres))
    }

    /// The scale of a field on which `micrometres` are `pixels` long, such as a scale bar.
    pub fn of_length(micrometres: f64, pixels: f64) -> Option<Self> {
        Self::new(micrometres / pixels)
    }

    /// Micrometres for one pixel.
    pub fn get(self) -> f64 {
        self.0
    }

    /// How many times a field of this scale must be enlarged to show as much as one of `wanted`.
    pub fn enlargement_to(self, wanted: Self) -> f64 {
        self.0 / wanted.0
    }
}

/// The scale of a field, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldScale {
    /// The scale.
    pub value: MicrometresPerPixel,
    /// Whether it was estimated by the size of red cells, rather than told by a file or a person.
    pub is_estimated: bool,
}

impl FieldScale {
    /// A scale that a file or a person tells.
    pub fn told(value: MicrometresPerPixel) -> Self {
        Self {
            value,
            is_estimated: false,
        }
    }
}

impl TryFrom<f64> for MicrometresPerPixel {
    type Error = String;

    fn try_from(micrometres: f64) -> Result<Self, String> {
        Self::new(micrometres).ok_or_else(|| {
            let (least, most) = (Self::LEAST, Self::MOST);
            format!("{micrometres} µm for a pixel; it must be {least} to {most}")
        })
    }
}

impl From<MicrometresPerPixel> for f64 {
    fn from(scale: MicrometresPerPixel) -> f64 {
        scale.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_comes_from_a_number_or_a_bar() {
        let scale = |micrometres| MicrometresPerPixel::new(micrometres).unwrap();
        assert_eq!(
            MicrometresPerPixel::of_length(50.0, 200.0),
            Some(scale(0.25))
        );
        assert_eq!(scale(0.5).enlargement_to(scale(0.25)), 2.0);
    }

    #[test]
    fn scales_that_no_microscope_has_are_refused() {
        for micrometres in [0.0, -1.0, f64::NAN, f64::INFINITY, 1000.0] {
            assert_eq!(MicrometresPerPixel::new(micrometres), None);
        }
        assert_eq!(MicrometresPerPixel::of_length(10.0, 0.0), None);
        let told = serde_json::from_str::<MicrometresPerPixel>("0").unwrap_err();
        assert!(told.to_string().contains("it must be"), "{told}");
    }
}
