//! What a person should know of a picture that could be read.

use super::Window;

/// A remark on the way from a file's numbers to the picture. Its text is a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// The file's values use little of 16 bits.
    #[error(
        "The picture has 16 bits a channel; its values from {} to {} (percentiles 0.1 and 99.9) are shown as \
         black to white.",
        .0.low,
        .0.high
    )]
    Stretched(Window),
    /// Three grey pages are the channels of one picture.
    #[error("The file holds three grey pictures; they are read as red, green and blue.")]
    ThreeChannels,
    /// There are more channels than a colour has.
    #[error("The file has {0} channels; only the first is read, as grey.")]
    FirstChannel(u16),
    /// One of several pictures was read.
    #[error("The file holds {0} pictures; only the first of the largest is read.")]
    OneOfPictures(usize),
}
