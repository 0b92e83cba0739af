//! The right matrix of a product, packed so that a tile reads it in order.

use pulp::{Simd, WithSimd};

use super::super::tasks::{Scratch, Shared, for_each};
use super::super::vector;
use super::source::Source;
use super::{MatmulPrecision, TASKS, bf16, panel_vectors};

/// The right matrix in panels of [`panel_vectors`] vectors, the last panel as narrow as possible. A
/// panel holds its columns row after row, padded with zeros to whole vectors.
pub struct Packed {
    pub(super) values: Scratch,
    /// Set where the values are blocks for [`bf16`] instead.
    pub(super) method: Option<bf16::Method>,
    pub(super) depth: usize,
    pub(super) columns: usize,
}

impl Packed {
    /// Packs with all threads, in the layout in which [`multiply`](super::multiply) is fastest at
    /// `precision`.
    pub fn new(source: Source, precision: MatmulPrecision) -> Self {
        let depth = source.taps * source.channels;
        let Some(method) = bf16::Method::of(precision, depth, source.columns) else {
            return Self::vectors(source);
        };
        source.check();
        Self {
            values: bf16::pack(source, method),
            method: Some(method),
            depth,
            columns: source.columns,
        }
    }

    /// Packs in panels of vectors with all threads.
    pub(super) fn vectors(source: Source) -> Self {
        vector::dispatch(Pack {
            source,
            parallel: true,
        })
    }

    /// Packs on this thread.
    #[inline(always)]
    pub fn here<S: Simd>(simd: S, source: Source) -> Self {
        Pack {
            source,
            parallel: false,
        }
        .with_simd(simd)
    }

    /// First value of panel `panel`, and how many vectors it is wide.
    #[inline(always)]
    pub(super) fn panel<S: Simd>(&self, panel: usize) -> (*const f32, usize) {
        let width = panel_vectors::<S>() * S::F32_LANES;
        let columns = (self.columns - panel * width).min(width);
        let from = panel * width * self.depth;
        (self.values[from..].as_ptr(), columns.div_ceil(S::F32_LANES))
    }

    pub(super) fn panels<S: Simd>(&self) -> usize {
        self.columns.div_ceil(panel_vectors::<S>() * S::F32_LANES)
    }
}

struct Pack<'a> {
    source: Source<'a>,
    parallel: bool,
}

impl WithSimd for Pack<'_> {
    type Output = Packed;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Packed {
        let Self { source, parallel } = self;
        source.check();
        let lanes = S::F32_LANES;
        let width = panel_vectors::<S>() * lanes;
        let depth = source.taps * source.channels;
        let padded = source.columns.next_multiple_of(lanes);
        let mut values = Scratch::new(padded * depth);
        let shared = Shared::new(&mut values);
        let panels = source.columns.div_ceil(width);
        // Channels a task takes, at all taps.
        let step = match parallel {
            true => source.channels.div_ceil(TASKS).max(64),
            false => source.channels.max(1),
        };
        let pieces = source.channels.div_ceil(step);
        let task = |task: usize| {
            let (panel, piece) = (task / pieces, task % pieces);
            let first = panel * width;
            simd.vectorize(PackPanel {
                source,
                first,
                columns: width.min(source.columns - first),
                channels: piece * step..source.channels.min((piece + 1) * step),
                // SAFETY: each row of a panel is written by one task.
                out: unsafe { shared.from(first * depth) },
            });
        };
        match parallel {
            true => for_each(panels * pieces, task),
            false => (0..panels * pieces).for_each(task),
        }
        Packed {
            values,
            method: None,
            depth,
            columns: source.columns,
        }
    }
}

/// `columns` columns from `first` on, some channels at all taps.
struct PackPanel<'a> {
    source: Source<'a>,
    first: usize,
    columns: usize,
    channels: std::ops::Range<usize>,
    out: Shared,
}

impl WithSimd for PackPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            source, columns, ..
        } = self;
        let lanes = S::F32_LANES;
        let width = columns.next_multiple_of(lanes);
        for tap in 0..source.taps {
            let at = source.start as isize + tap as isize * source.tap_step;
            let at = at as usize + self.first * source.column_step;
            for channel in self.channels.clone() {
                let row = tap * source.channels + channel;
                // SAFETY: `check` has seen that every value lies in the source; the panel is
                // `width` wide.
                unsafe {
                    let from = source.data.as_ptr().add(at + channel * source.channel_step);
                    let to = self.out.at(row * width);
                    if source.column_step == 1 {
                        for column in (0..width).step_by(lanes) {
                            let values = vector::load(simd, from.add(column), columns - column);
                            vector::store(simd, to.add(column), lanes, values);
                        }
                    } else {
                        for column in 0..columns {
                            *to.add(column) = *from.add(column * source.column_step);
                        }
                        for column in columns..width {
                            *to.add(column) = 0.0;
                        }
                    }
                }
            }
        }
    }
}
