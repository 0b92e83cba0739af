//! The sizes of a ConvNeXt.

use serde::{Deserialize, Serialize};

/// Stem stride 4, then three downsamplings by 2.
pub(super) const STRIDE: usize = 32;

/// Depths and widths of the four stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvNextConfig {
    /// Blocks a stage.
    pub depths: [usize; 4],
    /// Channels a stage.
    pub widths: [usize; 4],
}

impl ConvNextConfig {
    /// Every size with a name, smallest first: name, blocks a stage, channels a stage.
    pub const SIZES: [(&str, [usize; 4], [usize; 4]); 7] = [
        ("convnext-atto", [2, 2, 6, 2], [40, 80, 160, 320]),
        ("convnext-femto", [2, 2, 6, 2], [48, 96, 192, 384]),
        ("convnext-pico", [2, 2, 6, 2], [64, 128, 256, 512]),
        ("convnext-nano", [2, 2, 8, 2], [80, 160, 320, 640]),
        ("convnext-tiny", [3, 3, 9, 3], [96, 192, 384, 768]),
        ("convnext-small", [3, 3, 27, 3], [96, 192, 384, 768]),
        ("convnext-base", [3, 3, 27, 3], [128, 256, 512, 1024]),
    ];
}
