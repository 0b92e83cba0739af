//! Which epoch of a run is kept.

/// The best epoch is the one with the extreme value of a column of the
/// [`History`](super::history::History), named `<split> <metric>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Best {
    /// The highest value.
    Highest(&'static str),
    /// The lowest value.
    Lowest(&'static str),
}

impl Best {
    /// The name of the column.
    pub fn column(self) -> &'static str {
        match self {
            Self::Highest(name) | Self::Lowest(name) => name,
        }
    }
}
