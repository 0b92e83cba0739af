//! The values of a 16-bit picture that are shown as black to white.

/// Cameras of 10 to 14 bits write values that fill a part of 16 bits: shown as they are they would be nearly
/// black. The percentiles leave out hot and dead pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Percentile 0.1 of the values of all colour channels: black.
    pub low: u16,
    /// Percentile 99.9: white.
    pub high: u16,
}

/// The share of values beyond each end of the window.
const BEYOND: f64 = 1e-3;

impl Window {
    /// The number of values that a histogram counts.
    pub const VALUES: usize = 1 << 16;

    /// The window of a histogram; `None` where the values reach into the upper half of the range, as those
    /// of pictures do that were made for 16 bits, and where there is only one value.
    pub fn of(histogram: &[u32]) -> Option<Self> {
        let total: u64 = histogram.iter().map(|&count| u64::from(count)).sum();
        let percentile = |share: f64| {
            let mut left = (total as f64 * share) as u64;
            let is_below = |&&count: &&u32| {
                let is_below = u64::from(count) <= left;
                left = left.saturating_sub(u64::from(count));
                is_below
            };
            histogram.iter().take_while(is_below).count() as u16
        };
        let window = Self {
            low: percentile(BEYOND),
            high: percentile(1.0 - BEYOND),
        };
        (total > 0 && window.low < window.high && window.high < 1 << 15).then_some(window)
    }

    /// The 8-bit value of each 16-bit value.
    pub fn levels(self) -> Vec<u8> {
        let (low, width) = (u32::from(self.low), u32::from(self.high - self.low));
        let level = |value: u32| (value.saturating_sub(low).min(width) * 255 + width / 2) / width;
        (0..Self::VALUES as u32)
            .map(|value| level(value) as u8)
            .collect()
    }
}
