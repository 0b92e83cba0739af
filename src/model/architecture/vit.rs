//! The sizes of a Vision Transformer.

use serde::{Deserialize, Serialize};

/// The MLP's hidden width over the block's width, where a network does not state its own.
const EXPANSION: usize = 4;

/// The input of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// The class token.
    Class,
    /// The class token, then the mean of the patch tokens.
    ClassAndPatchMean,
}

/// Sizes of a transformer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VitConfig {
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Width of a token.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads; divides the attention's width.
    pub heads: usize,
    /// Width of the attention, all heads together, where it differs from a token's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<usize>,
    /// Hidden width of the MLP, where it differs from four times a token's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Side of the grid of the stored position embeddings, in patches.
    pub grid: usize,
    /// Whether each residual branch has a learned scale a channel.
    pub layer_scale: bool,
    /// The input of the head.
    pub pool: Pool,
}

impl VitConfig {
    /// Every size with a name: name, patch, width, blocks, heads, native grid, LayerScale, pool.
    #[allow(clippy::type_complexity)] // A table reads best as one.
    pub const SIZES: [(&str, usize, usize, usize, usize, usize, bool, Pool); 4] = [
        ("vit-tiny", 16, 192, 12, 3, 14, false, Pool::Class),
        ("vit-small", 16, 384, 12, 6, 14, false, Pool::Class),
        ("vit-base", 16, 768, 12, 12, 14, false, Pool::Class),
        (
            "vit-small-14",
            14,
            384,
            12,
            6,
            37,
            true,
            Pool::ClassAndPatchMean,
        ),
    ];

    /// Width of the attention, all heads together.
    pub fn attention_width(&self) -> usize {
        self.attention.unwrap_or(self.width)
    }

    /// Hidden width of the MLP.
    pub fn hidden_width(&self) -> usize {
        self.hidden.unwrap_or(EXPANSION * self.width)
    }

    /// Channels that the head reads.
    pub fn channels(&self) -> usize {
        match self.pool {
            Pool::Class => self.width,
            Pool::ClassAndPatchMean => 2 * self.width,
        }
    }
}
