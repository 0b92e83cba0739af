//! The sides of images, and the windows that slide over them.

/// Sides of a batch of channels-last images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Images {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Images {
    /// From `[batch, height, width, channels]`.
    pub fn new([batch, height, width, channels]: [usize; 4]) -> Self {
        Self {
            batch,
            height,
            width,
            channels,
        }
    }

    /// `[batch, height, width, channels]`.
    pub fn shape(self) -> [usize; 4] {
        [self.batch, self.height, self.width, self.channels]
    }

    /// Pixels of all images.
    pub fn pixels(self) -> usize {
        self.batch * self.height * self.width
    }

    /// Values a line of pixels.
    pub fn line(self) -> usize {
        self.width * self.channels
    }

    /// Values an image.
    pub fn image(self) -> usize {
        self.height * self.line()
    }

    /// Values in all.
    pub fn values(self) -> usize {
        self.batch * self.image()
    }

    /// The images with `pad` pixels more on every side.
    pub(super) fn padded(self, pad: usize) -> Self {
        Self {
            height: self.height + 2 * pad,
            width: self.width + 2 * pad,
            ..self
        }
    }
}

/// A square kernel, its stride, and the zeros it sees around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Side of the kernel.
    pub kernel: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Pixels of zeros on every side.
    pub pad: usize,
}

impl Window {
    /// Patches of `side` pixels, side by side.
    pub fn patches(side: usize) -> Self {
        Self {
            kernel: side,
            stride: side,
            pad: 0,
        }
    }

    /// The images that a pass over `images` makes, with `channels` channels.
    ///
    /// # Panics
    /// Where a window does not fit into the padded images.
    pub fn output(self, images: Images, channels: usize) -> Images {
        let side = |side: usize| {
            let padded = side + 2 * self.pad;
            assert!(
                padded >= self.kernel,
                "a window of {} in {padded} px",
                self.kernel
            );
            (padded - self.kernel) / self.stride + 1
        };
        Images {
            height: side(images.height),
            width: side(images.width),
            channels,
            ..images
        }
    }

    /// Values of the kernel, channel by channel.
    pub(super) fn taps(self) -> usize {
        self.kernel * self.kernel
    }
}
