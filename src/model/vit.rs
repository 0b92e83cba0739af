//! Vision Transformer ("An Image is Worth 16x16 Words", Dosovitskiy et al., arXiv 2010.11929),
//! with the LayerScale of DINOv2 (arXiv 2304.07193) where a network has it.
//!
//! The network is timm's and torchvision's: patch embedding, a class token, learned position
//! embeddings, pre-norm blocks, a final LayerNorm and one Linear. Two things are ours to choose:
//! positions learned on one grid serve any other by bicubic resampling, as Hugging Face does for
//! DINOv2; and the head reads the class token alone or, as DINOv2's own linear evaluation does,
//! the class token beside the mean of the patch tokens.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::drop_path::DropPath;
use super::evidence::{EvidenceHead, Insight, Kind, Norm};
use super::fold::{self, Normalisation};
use super::fresh;
use super::layers::{
    LayerNorm, channels_last, convolve, layer_norm, linear, linear_gelu, linear_join,
};
use super::positions;
use crate::kernels::{self, MatmulPrecision, Window};

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
            patches: fresh::convolution(
                [3, self.width],
                Window::patches(self.patch),
                1,
                &fresh::weights(),
                true,
                device,
            ),
            class_token: fresh::free([1, 1, self.width], device),
            positions: fresh::free([1, 1 + self.grid * self.grid, self.width], device),
            blocks: DropPath::rising(drop_path, self.depth)
                .map(|drop_path| Block::new(self, drop_path, device))
                .collect(),
            norm: fresh::layer_norm(self.width, device),
            head: (classes > 0).then(|| fresh::linear(self.channels(), classes, device)),
            reads_patches: self.pool == Pool::ClassAndPatchMean,
            precision: MatmulPrecision::Highest,
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
    /// How exact matrix products are while training.
    #[module(skip)]
    pub(super) precision: MatmulPrecision,
}

impl Vit {
    /// `[batch, 3, height, width]` → all tokens after the final norm,
    /// `[batch, 1 + rows * columns, width]`, the class token first.
    pub fn tokens(&self, images: Tensor<4>) -> Tensor<3> {
        layer_norm(&self.norm, self.last_tokens(images))
    }

    /// The same before the final norm.
    fn last_tokens(&self, images: Tensor<4>) -> Tensor<3> {
        let (x, _) = self.embed(images);
        let blocks = self.blocks.iter();
        blocks.fold(x, |x, block| block.forward(x, self.precision))
    }

    /// `[batch, 3, height, width]` → the tokens that the first block reads, `[batch, 1 + rows *
    /// columns, width]`, and `[rows, columns]`.
    fn embed(&self, images: Tensor<4>) -> (Tensor<3>, [usize; 2]) {
        let x = convolve(&self.patches, channels_last(images), self.precision);
        let [_, rows, columns, _] = x.dims();
        // [B, R, K, C] -> [B, R * K, C]
        let patches = x.flatten::<3>(1, 2);
        let positions = positions::resample(self.positions.val(), rows, columns);
        let x = kernels::tokens(patches, self.class_token.val(), positions);
        (x, [rows, columns])
    }

    /// See [`Model::insight`](super::Model::insight).
    pub(super) fn insight(&self, images: Tensor<4>) -> Insight {
        let (mut x, _) = self.embed(images);
        let mut insight = Vec::with_capacity(self.blocks.len() + 1);
        for block in &self.blocks {
            let qkv = block.qkv(x.clone(), self.precision);
            insight.push(qkv.flatten(1, 2));
            x = block.forward(x, self.precision);
        }
        insight.push(x.flatten(1, 2));
        insight
    }

    /// See [`Model::evidence_head`](super::Model::evidence_head).
    pub(super) fn evidence_head(&self) -> Option<EvidenceHead> {
        let kind = Kind::Tokens {
            norm: Norm::of(&self.norm),
            heads: self.blocks.first()?.attention.heads,
            reads_patches: self.reads_patches,
        };
        Some(EvidenceHead::new(self.head.as_ref()?, kind))
    }

    /// See [`Model::folded`](super::Model::folded).
    pub(super) fn folded(mut self, input: Normalisation) -> Self {
        self.precision = MatmulPrecision::Highest;
        self.patches = fold::normalisation(self.patches, input);
        self.blocks = self.blocks.into_iter().map(Block::folded).collect();
        self
    }

    /// `[batch, 3, height, width]` → what the head reads, `[batch, width]` or `[batch, 2 width]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        match self.reads_patches {
            true => {
                let (class_token, patch_mean) = split_tokens(self.tokens(images));
                kernels::beside(class_token, patch_mean)
            }
            false => {
                let class_token = self.last_tokens(images).narrow(1, 0, 1);
                layer_norm(&self.norm, class_token.squeeze_dim::<2>(1))
            }
        }
    }
}

/// Tokens `[batch, 1 + patches, width]` → class token and mean of the patch tokens,
/// each `[batch, width]`.
pub fn split_tokens(tokens: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
    let class_token = tokens.clone().narrow(1, 0, 1).squeeze_dim::<2>(1);
    let patches = tokens.dims()[1] - 1;
    // [B, P, C] -> [B, 1, P, C] -> [B, C]
    let patches = tokens.narrow(1, 1, patches).unsqueeze_dim::<4>(1);
    let patch_mean = kernels::pixel_mean(patches);
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
                .then(|| fresh::constant(LAYER_SCALE, width, device))
        };
        Self {
            attention_norm: fresh::layer_norm(width, device),
            attention: Attention {
                qkv: fresh::linear(width, 3 * attention, device),
                output: fresh::linear(attention, width, device),
                heads: config.heads,
            },
            attention_scale: scale(),
            mlp_norm: fresh::layer_norm(width, device),
            expand: fresh::linear(width, hidden, device),
            project: fresh::linear(hidden, width, device),
            mlp_scale: scale(),
            drop_path,
        }
    }

    /// Queries, keys and values, `[batch, tokens, 3 · attention's width]`.
    fn qkv(&self, x: Tensor<3>, precision: MatmulPrecision) -> Tensor<3> {
        let x = layer_norm(&self.attention_norm, x);
        linear(&self.attention.qkv, x, precision)
    }

    fn forward(&self, x: Tensor<3>, precision: MatmulPrecision) -> Tensor<3> {
        let qkv = self.qkv(x.clone(), precision);
        let branch = kernels::attention(qkv, self.attention.heads);
        let output = &self.attention.output;
        let x = self.join(x, output, branch, &self.attention_scale, precision);
        let branch = layer_norm(&self.mlp_norm, x.clone());
        let branch = linear_gelu(&self.expand, branch, precision);
        self.join(x, &self.project, branch, &self.mlp_scale, precision)
    }

    /// A branch through its last layer and scale, added to `residual`.
    fn join(
        &self,
        residual: Tensor<3>,
        last: &Linear,
        branch: Tensor<3>,
        scale: &Option<Param<Tensor<1>>>,
        precision: MatmulPrecision,
    ) -> Tensor<3> {
        if scale.is_none() && !self.drop_path.is_active(&branch.device()) {
            return linear_join(last, branch, residual, precision);
        }
        let branch = linear(last, branch, precision);
        let scale = scale.as_ref().map(Param::val);
        self.drop_path.join(residual, branch, scale)
    }

    fn folded(mut self) -> Self {
        if let Some(scale) = self.attention_scale.take() {
            self.attention.output = fold::layer_scale(self.attention.output, &scale);
        }
        if let Some(scale) = self.mlp_scale.take() {
            self.project = fold::layer_scale(self.project, &scale);
        }
        self
    }
}

/// Multi-head self-attention; query, key and value come from one Linear, in that order.
#[derive(Module, Debug)]
struct Attention {
    qkv: Linear,
    output: Linear,
    heads: usize,
}
