//! The sizes and input sides that a network can have.

use super::error::ArchitectureError;
use super::family::Architecture;

/// The deepest stage that a card may ask for. A damaged or hostile card must not make the program
/// allocate without end. The deepest stage here has 27 blocks, the widest network is 1024 wide.
const MAX_DEPTH: usize = 128;
/// As [`MAX_DEPTH`], for channels and tokens.
const MAX_WIDTH: usize = 4096;
/// As [`MAX_DEPTH`], for the side of an input in pixels.
const MAX_SIDE: usize = 4096;

impl Architecture {
    /// Whether the network takes inputs of `side` pixels: any side from [`stride`](Self::stride) on,
    /// and a transformer multiples of its patch.
    ///
    /// # Errors
    /// [`ArchitectureError::InputSide`] for any other side.
    pub fn check_input_side(&self, side: usize) -> Result<(), ArchitectureError> {
        let stride = self.stride();
        let (fits, sides) = match self {
            Self::ResNet(_) | Self::ConvNext(_) => (true, format!("{stride} to {MAX_SIDE}")),
            Self::Vit(_) => (
                side.is_multiple_of(stride),
                format!("a multiple of {stride}, at most {MAX_SIDE}"),
            ),
        };
        match fits && (stride..=MAX_SIDE).contains(&side) {
            true => Ok(()),
            false => Err(ArchitectureError::InputSide {
                side,
                network: self.name().into(),
                sides,
            }),
        }
    }

    /// Refuses sizes that are 0, too large, or contradict each other.
    ///
    /// # Errors
    /// [`ArchitectureError::Size`] with the first that is wrong.
    pub fn check(&self) -> Result<(), ArchitectureError> {
        let widths = match self {
            Self::ResNet(c) => vec![c.width],
            Self::ConvNext(c) => c.widths.to_vec(),
            Self::Vit(c) => vec![c.width, c.heads, c.attention_width()],
        };
        let within = |what: &str, sizes: &[usize], bound| match sizes
            .iter()
            .find(|size| !(1..=bound).contains(*size))
        {
            Some(size) => Err(ArchitectureError::Size {
                what: format!("a {what} of {size}"),
            }),
            None => Ok(()),
        };
        within("depth", self.depths(), MAX_DEPTH)?;
        within("width", &widths, MAX_WIDTH)?;
        if let Self::Vit(c) = self {
            within("hidden width", &[c.hidden_width()], 4 * MAX_WIDTH)?;
            within("patch", &[c.patch], MAX_SIDE)?;
            within("grid", &[c.grid], MAX_SIDE / c.patch)?;
        }
        match self {
            Self::Vit(c) if !c.attention_width().is_multiple_of(c.heads) => {
                Err(ArchitectureError::Size {
                    what: format!(
                        "{} heads at width {}: the width must divide",
                        c.heads,
                        c.attention_width()
                    ),
                })
            }
            _ => Ok(()),
        }
    }
}
