//! The sizes of a ResNet.

use serde::{Deserialize, Serialize};

/// A bottleneck's output width over its inner width.
const EXPANSION: usize = 4;
/// Every strided layer has an odd window whose middle is the first pixel of its stride. So the middle
/// of the last map's first place is the image's first pixel, not the middle of its first 32.
pub(super) const FIRST_PLACE: f32 = 0.5;
/// Stem stride 2, pooling 2, then three stages with stride 2.
pub(super) const STRIDE: usize = 32;

/// Two 3×3 convolutions, or a 3×3 between two 1×1 that narrow and widen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum BlockKind {
    Basic,
    Bottleneck,
}

/// Kind of block, depths of the four stages, and the stem's width.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// The kind of every block.
    pub block: BlockKind,
    /// Blocks a stage.
    pub depths: [usize; 4],
    /// Channels after the stem; stage `i` works at `width * 2^i`.
    pub width: usize,
}

impl ResNetConfig {
    /// Every size with a name: name, kind of block, blocks a stage. Each has a stem of
    /// [`WIDTH`](Self::WIDTH).
    pub const SIZES: [(&str, BlockKind, [usize; 4]); 4] = [
        ("resnet-18", BlockKind::Basic, [2, 2, 2, 2]),
        ("resnet-34", BlockKind::Basic, [3, 4, 6, 3]),
        ("resnet-50", BlockKind::Bottleneck, [3, 4, 6, 3]),
        ("resnet-101", BlockKind::Bottleneck, [3, 4, 23, 3]),
    ];
    /// The stem's width in the named sizes.
    pub const WIDTH: usize = 64;

    /// Channels that the head reads.
    pub fn channels(&self) -> usize {
        self.block.output(self.width << 3)
    }
}

impl BlockKind {
    /// Channels that leave a block of inner width `inner`.
    pub(crate) fn output(self, inner: usize) -> usize {
        match self {
            BlockKind::Basic => inner,
            BlockKind::Bottleneck => EXPANSION * inner,
        }
    }
}
