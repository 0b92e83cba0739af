//! The right matrix of a product as it lies in memory.

/// How the right matrix `[taps · channels, columns]` lies in memory: value `(tap, channel,
/// column)` is at `start` plus each index times its step.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Source<'a> {
    pub data: &'a [f32],
    pub taps: usize,
    pub channels: usize,
    pub columns: usize,
    pub start: usize,
    pub tap_step: isize,
    pub channel_step: usize,
    pub column_step: usize,
}

impl<'a> Source<'a> {
    /// A row-major matrix `[depth, columns]` whose rows are `stride` apart.
    pub fn plain(data: &'a [f32], depth: usize, columns: usize, stride: usize) -> Self {
        Self {
            data,
            taps: 1,
            channels: depth,
            columns,
            start: 0,
            tap_step: 0,
            channel_step: stride,
            column_step: 1,
        }
    }

    /// The transpose of a row-major matrix `[columns, depth]` whose rows are `stride` apart.
    pub fn transposed(data: &'a [f32], depth: usize, columns: usize, stride: usize) -> Self {
        Self {
            channel_step: 1,
            column_step: stride,
            ..Self::plain(data, depth, columns, stride)
        }
    }

    /// # Panics
    /// Where a value lies outside the data: packing reads without a check.
    pub(super) fn check(&self) {
        if self.taps * self.channels * self.columns == 0 {
            return;
        }
        let taps = (self.taps - 1) as isize * self.tap_step;
        let rest = (self.channels - 1) * self.channel_step + (self.columns - 1) * self.column_step;
        let first = self.start as isize + taps.min(0);
        let last = self.start as isize + taps.max(0) + rest as isize;
        assert!(first >= 0 && (last as usize) < self.data.len());
    }
}
