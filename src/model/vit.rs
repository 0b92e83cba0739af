//! Vision Transformer ("An Image is Worth 16x16 Words", Dosovitskiy et al., arXiv 2010.11929),
//! with the LayerScale of DINOv2 (arXiv 2304.07193) where a network has it.
//!
//! The network is timm's and torchvision's: patch embedding, a class token, learned position
//! embeddings, pre-norm blocks, a final LayerNorm and one Linear. It has two choices more. Positions
//! learned on one grid are resampled (bicubic) for any other, as Hugging Face does for DINOv2. The
//! head reads the class token alone or, as in DINOv2's own linear evaluation, the class token and the
//! mean of the patch tokens.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::architecture::{Pool, VitConfig};
use super::drop_path::DropPath;
use super::evidence::{EvidenceHead, Insight, Kind, Norm};
use super::fold;
use super::form::{Absent, Folded, Form, Trainable};
use super::forward::Forward;
use super::fresh;
use super::layers::{LayerNorm, convolve, layer_norm, linear, linear_gelu};
use super::pixels::Normalisation;
use super::positions;
use crate::kernels::{self, MatmulPrecision, Window};

/// Initial value of the layer scale.
const LAYER_SCALE: f64 = 1e-5;

/// The network; see the module's first paragraph.
#[derive(Module, Debug)]
pub struct Vit<F: Form> {
    patches: Conv2d,
    class_token: Param<Tensor<3>>,
    positions: Param<Tensor<3>>,
    blocks: Vec<Block<F>>,
    norm: LayerNorm,
    pub(super) head: Option<Linear>,
    reads_patches: bool,
    pub(super) form: F,
}

impl<F: Forward> Vit<F> {
    /// Images → the features that the head reads, `[batch, width]` or `[batch, 2 width]`.
    pub fn features(&self, images: F::Images) -> Tensor<2> {
        match self.reads_patches {
            true => {
                let (class_token, patch_mean) = split_tokens(self.tokens(images));
                kernels::beside(class_token, patch_mean)
            }
            false => {
                let (tokens, _) = self.last_tokens(images);
                let class_token = tokens.narrow(1, 0, 1);
                layer_norm(&self.norm, class_token.squeeze_dim::<2>(1))
            }
        }
    }

    /// Images → all tokens after the final norm, `[batch, 1 + rows * columns, width]`, the class
    /// token first.
    pub fn tokens(&self, images: F::Images) -> Tensor<3> {
        let (tokens, _) = self.last_tokens(images);
        layer_norm(&self.norm, tokens)
    }

    /// Images → the patch tokens after the final norm, laid out as the patches are, `[batch, rows,
    /// columns, width]`.
    pub fn feature_map(&self, images: F::Images) -> Tensor<4> {
        let (tokens, [rows, columns]) = self.last_tokens(images);
        let [batch, _, width] = tokens.dims();
        let patches = tokens.narrow(1, 1, rows * columns);
        layer_norm(&self.norm, patches.reshape([batch, rows, columns, width]))
    }

    /// See [`Network::insight`](super::Network::insight).
    pub(super) fn insight(&self, images: F::Images) -> Insight {
        let (mut x, _) = self.embed(images);
        let mut attention = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let qkv = block.qkv(x.clone(), self.form.precision());
            attention.push(qkv.flatten(1, 2));
            x = block.forward(x, &self.form);
        }
        Insight {
            attention,
            last: x.flatten(1, 2),
        }
    }

    /// All tokens before the final norm, and the `[rows, columns]` of the patches.
    fn last_tokens(&self, images: F::Images) -> (Tensor<3>, [usize; 2]) {
        let (x, grid) = self.embed(images);
        let blocks = self.blocks.iter();
        (
            blocks.fold(x, |x, block| block.forward(x, &self.form)),
            grid,
        )
    }

    /// The tokens that the first block reads, and the `[rows, columns]` of the patches.
    fn embed(&self, images: F::Images) -> (Tensor<3>, [usize; 2]) {
        let images = F::channels_last(images);
        let x = convolve(&self.patches, images, self.form.precision());
        let [_, rows, columns, _] = x.dims();
        // [B, R, K, C] -> [B, R * K, C]
        let patches = x.flatten::<3>(1, 2);
        let positions = positions::resample(self.positions.val(), rows, columns);
        let x = kernels::tokens(patches, self.class_token.val(), positions);
        (x, [rows, columns])
    }
}

impl Vit<Trainable> {
    /// A fresh network. `classes` = 0 leaves out the head; `drop_path` is the rate of the last
    /// block, rising linearly from 0 at the first.
    pub fn new(config: &VitConfig, classes: usize, drop_path: f64, device: &Device) -> Self {
        Self {
            patches: fresh::convolution(
                [3, config.width],
                Window::patches(config.patch),
                1,
                &fresh::weights(),
                true,
                device,
            ),
            class_token: fresh::free([1, 1, config.width], device),
            positions: fresh::free([1, 1 + config.grid * config.grid, config.width], device),
            blocks: DropPath::rising(drop_path, config.depth)
                .map(|drop_path| Block::new(config, drop_path, device))
                .collect(),
            norm: fresh::layer_norm(config.width, device),
            head: (classes > 0).then(|| fresh::linear(config.channels(), classes, device)),
            reads_patches: config.pool == Pool::ClassAndPatchMean,
            form: Trainable::default(),
        }
    }

    /// See [`Model::folded`](super::Model::folded).
    pub(super) fn folded(self, input: Normalisation) -> Vit<Folded> {
        Vit {
            patches: fold::normalisation(self.patches, input),
            class_token: self.class_token,
            positions: self.positions,
            blocks: self.blocks.into_iter().map(Block::folded).collect(),
            norm: self.norm,
            head: self.head,
            reads_patches: self.reads_patches,
            form: Folded {},
        }
    }
}

impl Vit<Folded> {
    /// See [`FoldedModel::evidence_head`](super::FoldedModel::evidence_head).
    pub(super) fn evidence_head(&self) -> Option<EvidenceHead> {
        let kind = Kind::Tokens {
            norm: Norm::of(&self.norm),
            heads: self.blocks.first()?.attention.heads,
            reads_patches: self.reads_patches,
        };
        Some(EvidenceHead::new(self.head.as_ref()?, kind))
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
struct Block<F: Form> {
    attention_norm: LayerNorm,
    attention: Attention,
    attention_scale: F::LayerScale,
    mlp_norm: LayerNorm,
    expand: Linear,
    project: Linear,
    mlp_scale: F::LayerScale,
    drop_path: F::DropPath,
}

impl Block<Trainable> {
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

    fn folded(self) -> Block<Folded> {
        let Attention { qkv, output, heads } = self.attention;
        Block {
            attention_norm: self.attention_norm,
            attention: Attention {
                qkv,
                output: fold::layer_scale(output, self.attention_scale),
                heads,
            },
            attention_scale: Absent {},
            mlp_norm: self.mlp_norm,
            expand: self.expand,
            project: fold::layer_scale(self.project, self.mlp_scale),
            mlp_scale: Absent {},
            drop_path: Absent {},
        }
    }
}

impl<F: Forward> Block<F> {
    /// Queries, keys and values, `[batch, tokens, 3 · attention's width]`.
    fn qkv(&self, x: Tensor<3>, precision: MatmulPrecision) -> Tensor<3> {
        let x = layer_norm(&self.attention_norm, x);
        linear(&self.attention.qkv, x, precision)
    }

    fn forward(&self, input: Tensor<3>, form: &F) -> Tensor<3> {
        let Attention { output, heads, .. } = &self.attention;
        let qkv = self.qkv(input.clone(), form.precision());
        let x = kernels::attention(qkv, *heads);
        let (scale, drop_path) = (&self.attention_scale, &self.drop_path);
        let input = form.linear_join(output, scale, drop_path, x, input);
        let x = layer_norm(&self.mlp_norm, input.clone());
        let x = linear_gelu(&self.expand, x, form.precision());
        form.linear_join(&self.project, &self.mlp_scale, drop_path, x, input)
    }
}

/// Multi-head self-attention; query, key and value come from one Linear, in that order.
#[derive(Module, Debug)]
struct Attention {
    qkv: Linear,
    output: Linear,
    heads: usize,
}
