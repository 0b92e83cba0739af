//! Vision Transformer ("An Image is Worth 16x16 Words", Dosovitskiy et al., arXiv 2010.11929),
//! with the LayerScale of DINOv2 (arXiv 2304.07193) where a network has it.
//!
//! The network is timm's and torchvision's: patch embedding, a class token, learned position
//! embeddings, pre-norm blocks, a final LayerNorm and one Linear. Two things are ours to choose:
//! positions learned on one grid serve any other by bicubic resampling, as Hugging Face does for
//! DINOv2; and the head reads the class token alone or, as DINOv2's own linear evaluation does,
//! the class token beside the mean of the patch tokens.

use burn::module::{Initializer, Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, bias, weigh};
use super::layers::{
    channels_last, convolve, fresh_weights, layer_norm, linear, linear_gelu, new_layer_norm,
    new_linear,
};
use super::{DropPath, positions};
use crate::kernels;

/// The MLP's hidden width over the block's width, unless a network says otherwise.
const EXPANSION: usize = 4;
/// Start of the layer scale in a network that is trained from scratch.
const LAYER_SCALE: f64 = 1e-5;

/// What the head reads.
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
    /// Width of the attention, all heads together, where it is not a token's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<usize>,
    /// Hidden width of the MLP, where it is not four times a token's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Side of the grid that position embeddings are stored for, in patches.
    pub grid: usize,
    /// Whether each residual branch has a learned scale a channel.
    pub layer_scale: bool,
    /// What the head reads.
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

    /// A fresh network. `classes` = 0 leaves out the head; `drop_path` is the rate of the last
    /// block, rising linearly from 0 at the first.
    pub fn init(&self, classes: usize, drop_path: f64, device: &Device) -> Vit {
        Vit {
            patches: Conv2dConfig::new([3, self.width], [self.patch, self.patch])
                .with_stride([self.patch, self.patch])
                .with_initializer(fresh_weights())
                .init(device),
            class_token: fresh_weights().init([1, 1, self.width], device),
            positions: fresh_weights().init([1, 1 + self.grid * self.grid, self.width], device),
            blocks: DropPath::rising(drop_path, self.depth)
                .map(|drop_path| Block::new(self, drop_path, device))
                .collect(),
            norm: new_layer_norm(self.width, device),
            head: (classes > 0).then(|| new_linear(self.channels(), classes, device)),
            reads_patches: self.pool == Pool::ClassAndPatchMean,
        }
    }
}

/// The network; see the module's first paragraph.
#[derive(Module, Debug)]
pub struct Vit {
    patches: Conv2d,
    class_token: Param<Tensor<3>>,
    positions: Param<Tensor<3>>,
    blocks: Vec<Block>,
    norm: LayerNorm,
    pub(super) head: Option<Linear>,
    reads_patches: bool,
}

impl Vit {
    /// `[batch, 3, height, width]` → all tokens after the final norm,
    /// `[batch, 1 + rows * columns, width]`, the class token first.
    pub fn tokens(&self, images: Tensor<4>) -> Tensor<3> {
        let (x, _) = self.embed(images);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        layer_norm(&self.norm, x)
    }

    /// `[batch, 3, height, width]` → the tokens that the first block reads, `[batch, 1 + rows *
    /// columns, width]`, and `[rows, columns]`.
    fn embed(&self, images: Tensor<4>) -> (Tensor<3>, [usize; 2]) {
        let x = convolve(&self.patches, channels_last(images));
        let [batch, rows, columns, width] = x.dims();
        // [B, R, K, C] -> [B, R * K, C]
        let x = x.flatten::<3>(1, 2);
        let class_token = self.class_token.val().expand([batch, 1, width]);
        let x = Tensor::cat(vec![class_token, x], 1)
            + positions::resample(self.positions.val(), rows, columns);
        (x, [rows, columns])
    }

    /// What each patch adds to the logits of `head`.
    ///
    /// What each token of the last block adds is exact: the head is linear, and reads tokens and
    /// means of tokens. Which patches a token speaks of is attention roll-out ("Quantifying
    /// Attention Flow in Transformers", Abnar and Zuidema, arXiv 2005.00928): each block passes on
    /// half of a token as it is and half as attention, mean over the heads, mixes them. What
    /// roll-out leaves with the class token belongs to no place.
    pub(super) fn evidence(&self, images: Tensor<4>, head: &Linear) -> Evidence {
        let (x, [rows, columns]) = self.embed(images);
        let [batch, tokens, _] = x.dims();
        let whole = Tensor::eye(tokens, &x.device()).unsqueeze::<3>();
        let (x, rollout) = self.blocks.iter().fold((x, whole), |(x, rollout), block| {
            let mixed = block.attention_weights(x.clone()).matmul(rollout.clone());
            (block.forward(x), (rollout + mixed) * 0.5)
        });
        let x = layer_norm(&self.norm, x);
        let class_token = x.clone().narrow(1, 0, 1);
        let patches = x.narrow(1, 1, tokens - 1) / (tokens - 1) as f32;
        let (class_token, patches) = match self.reads_patches {
            // The head's first half reads the class token, its second the patches' mean.
            true => (
                Tensor::cat(vec![class_token.clone(), class_token.zeros_like()], 2),
                Tensor::cat(vec![patches.zeros_like(), patches], 2),
            ),
            false => (class_token, patches.zeros_like()),
        };
        // [B, N, classes]
        let added = weigh(Tensor::cat(vec![class_token, patches], 1), head);
        let classes = added.dims()[2];
        let added = rollout.swap_dims(1, 2).matmul(added);
        let unplaced = added.clone().narrow(1, 0, 1).squeeze_dim::<2>(1);
        let placed = added.narrow(1, 1, tokens - 1);
        Evidence {
            shares: placed.reshape([batch, rows, columns, classes]),
            rest: unplaced + bias(head),
        }
    }

    /// `[batch, 3, height, width]` → what the head reads, `[batch, width]` or `[batch, 2 width]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let (class_token, patch_mean) = split_tokens(self.tokens(images));
        match self.reads_patches {
            true => Tensor::cat(vec![class_token, patch_mean], 1),
            false => class_token,
        }
    }
}

/// Tokens `[batch, 1 + patches, width]` → class token and mean of the patch tokens,
/// each `[batch, width]`.
pub fn split_tokens(tokens: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
    let class_token = tokens.clone().narrow(1, 0, 1).squeeze_dim::<2>(1);
    let patches = tokens.dims()[1] - 1;
    let patch_mean = tokens.narrow(1, 1, patches).mean_dim(1).squeeze_dim::<2>(1);
    (class_token, patch_mean)
}

/// Attention, then the MLP, each after its norm and added to its input.
#[derive(Module, Debug)]
struct Block {
    attention_norm: LayerNorm,
    attention: Attention,
    attention_scale: Option<Param<Tensor<1>>>,
    mlp_norm: LayerNorm,
    expand: Linear,
    project: Linear,
    mlp_scale: Option<Param<Tensor<1>>>,
    drop_path: DropPath,
}

impl Block {
    fn new(config: &VitConfig, drop_path: DropPath, device: &Device) -> Self {
        let width = config.width;
        let (attention, hidden) = (config.attention_width(), config.hidden_width());
        let scale = || {
            config
                .layer_scale
                .then(|| Initializer::Constant { value: LAYER_SCALE }.init([width], device))
        };
        Self {
            attention_norm: new_layer_norm(width, device),
            attention: Attention {
                qkv: new_linear(width, 3 * attention, device),
                output: new_linear(attention, width, device),
                heads: config.heads,
            },
            attention_scale: scale(),
            mlp_norm: new_layer_norm(width, device),
            expand: new_linear(width, hidden, device),
            project: new_linear(hidden, width, device),
            mlp_scale: scale(),
            drop_path,
        }
    }

    /// How much of each token the attention gives to each, mean over the heads, `[batch, tokens,
    /// tokens]`; every row sums to 1.
    fn attention_weights(&self, x: Tensor<3>) -> Tensor<3> {
        let x = layer_norm(&self.attention_norm, x);
        let qkv = linear(&self.attention.qkv, x);
        kernels::attention_weights(qkv, self.attention.heads)
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let branch = layer_norm(&self.attention_norm, x.clone());
        let branch = self.attention.forward(branch);
        let scale = |scale: &Option<Param<Tensor<1>>>| scale.as_ref().map(Param::val);
        let x = self.drop_path.join(x, branch, scale(&self.attention_scale));
        let branch = layer_norm(&self.mlp_norm, x.clone());
        let branch = linear(&self.project, linear_gelu(&self.expand, branch));
        self.drop_path.join(x, branch, scale(&self.mlp_scale))
    }
}

/// Multi-head self-attention; query, key and value come from one Linear, in that order.
#[derive(Module, Debug)]
struct Attention {
    qkv: Linear,
    output: Linear,
    heads: usize,
}

impl Attention {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = kernels::attention(linear(&self.qkv, x), self.heads);
        linear(&self.output, x)
    }
}
