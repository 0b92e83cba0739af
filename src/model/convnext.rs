//! ConvNeXt ("A ConvNet for the 2020s", Liu et al., arXiv 2201.03545).
//!
//! The network is torchvision's and timm's: a 4×4 patch stem, four stages of depthwise 7×7
//! blocks with a pointwise MLP and layer scale, a strided 2×2 convolution between stages, and a
//! head of one LayerNorm and one Linear. Sizes below Tiny (Atto to Nano) are timm's. Only the layout
//! differs: images and maps are channels-last, the MLP is two `Linear`s (the same arithmetic as
//! timm's 1×1 convolutions), and the depthwise bias is a parameter of its own, because cubecl's fast
//! depthwise path refuses a convolution with a bias.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::architecture::ConvNextConfig;
use super::drop_path::DropPath;
use super::evidence::{EvidenceHead, Insight, Kind, Norm};
use super::fold;
use super::form::{Absent, Folded, Form, Trainable};
use super::forward::Forward;
use super::fresh;
use super::layers::{LayerNorm, convolve, layer_norm, linear_gelu};
use super::pixels::Normalisation;
use crate::kernels::{self, MatmulPrecision, Window};

/// Side of the depthwise kernel.
const KERNEL: usize = 7;
/// The MLP's hidden width over the block's width.
const EXPANSION: usize = 4;
/// Initial value of the layer scale.
const LAYER_SCALE: f64 = 1e-6;

/// The network; see the module's first paragraph.
#[derive(Module, Debug)]
pub struct ConvNext<F: Form> {
    stem: Stem,
    stages: [Stage<F>; 4],
    norm: LayerNorm,
    pub(super) head: Option<Linear>,
    pub(super) form: F,
}

impl<F: Forward> ConvNext<F> {
    /// Images → normalised, pooled features `[batch, widths[3]]`.
    pub fn features(&self, images: F::Images) -> Tensor<2> {
        let stages = self.stages.iter();
        let last_map = stages.fold(self.stem(images), |x, stage| stage.forward(x, &self.form));
        layer_norm(&self.norm, kernels::pixel_mean(last_map))
    }

    /// See [`Network::feature_maps`](super::Network::feature_maps).
    pub fn feature_maps(&self, images: F::Images) -> [Tensor<4>; 4] {
        let mut x = self.stem(images);
        self.stages.each_ref().map(|stage| {
            x = stage.forward(x.clone(), &self.form);
            x.clone()
        })
    }

    /// See [`Network::insight`](super::Network::insight).
    pub(super) fn insight(&self, images: F::Images) -> Insight {
        let [.., last_map] = self.feature_maps(images);
        Insight::of_map(last_map)
    }

    /// `[batch, height / 4, width / 4, widths[0]]`, sides rounded down.
    fn stem(&self, images: F::Images) -> Tensor<4> {
        let images = F::channels_last(images);
        self.stem.forward(images, self.form.precision())
    }
}

impl ConvNext<Trainable> {
    /// A fresh network. `classes` = 0 leaves out the head; `drop_path` is the rate of the last
    /// block, rising linearly from 0 at the first.
    pub fn new(config: &ConvNextConfig, classes: usize, drop_path: f64, device: &Device) -> Self {
        let blocks = config.depths.iter().sum();
        let mut rates = DropPath::rising(drop_path, blocks);
        let stages = [0, 1, 2, 3].map(|i| {
            let rates = rates.by_ref().take(config.depths[i]);
            Stage {
                downsample: (i > 0)
                    .then(|| Downsample::new(config.widths[i - 1], config.widths[i], device)),
                blocks: rates
                    .map(|drop_path| Block::new(config.widths[i], drop_path, device))
                    .collect(),
            }
        });
        Self {
            stem: Stem {
                conv: conv(3, config.widths[0], 4, device),
                norm: fresh::layer_norm(config.widths[0], device),
            },
            stages,
            norm: fresh::layer_norm(config.widths[3], device),
            head: (classes > 0).then(|| fresh::linear(config.widths[3], classes, device)),
            form: Trainable::default(),
        }
    }

    /// See [`Model::folded`](super::Model::folded).
    pub(super) fn folded(self, input: Normalisation) -> ConvNext<Folded> {
        let mut stem = self.stem;
        stem.conv = fold::normalisation(stem.conv, input);
        ConvNext {
            stem,
            stages: self.stages.map(|stage| Stage {
                downsample: stage.downsample,
                blocks: stage.blocks.into_iter().map(Block::folded).collect(),
            }),
            norm: self.norm,
            head: self.head,
            form: Folded {},
        }
    }
}

impl ConvNext<Folded> {
    /// See [`FoldedModel::evidence_head`](super::FoldedModel::evidence_head).
    pub(super) fn evidence_head(&self) -> Option<EvidenceHead> {
        let kind = Kind::NormalisedMean(Norm::of(&self.norm));
        Some(EvidenceHead::new(self.head.as_ref()?, kind))
    }
}

/// Patches of 4×4 pixels to the first stage's width.
#[derive(Module, Debug)]
struct Stem {
    conv: Conv2d,
    norm: LayerNorm,
}

impl Stem {
    fn forward(&self, images: Tensor<4>, precision: MatmulPrecision) -> Tensor<4> {
        // [B, H, W, 3 or 4] -> [B, H / 4, W / 4, C]
        layer_norm(&self.norm, convolve(&self.conv, images, precision))
    }
}

#[derive(Module, Debug)]
struct Stage<F: Form> {
    downsample: Option<Downsample>,
    blocks: Vec<Block<F>>,
}

impl<F: Forward> Stage<F> {
    fn forward(&self, x: Tensor<4>, form: &F) -> Tensor<4> {
        let x = match &self.downsample {
            Some(downsample) => downsample.forward(x, form.precision()),
            None => x,
        };
        let blocks = self.blocks.iter();
        blocks.fold(x, |x, block| block.forward(x, form))
    }
}

/// Halves the side between stages.
#[derive(Module, Debug)]
struct Downsample {
    norm: LayerNorm,
    conv: Conv2d,
}

impl Downsample {
    fn new(from: usize, to: usize, device: &Device) -> Self {
        Self {
            norm: fresh::layer_norm(from, device),
            conv: conv(from, to, 2, device),
        }
    }

    fn forward(&self, x: Tensor<4>, precision: MatmulPrecision) -> Tensor<4> {
        convolve(&self.conv, layer_norm(&self.norm, x), precision)
    }
}

/// Depthwise 7×7, LayerNorm, expand, GELU, project, layer scale; added to its input.
#[derive(Module, Debug)]
struct Block<F: Form> {
    depthwise: Depthwise,
    norm: LayerNorm,
    expand: Linear,
    project: Linear,
    scale: F::LayerScale,
    drop_path: F::DropPath,
}

impl Block<Trainable> {
    fn new(width: usize, drop_path: DropPath, device: &Device) -> Self {
        Self {
            depthwise: Depthwise::new(width, device),
            norm: fresh::layer_norm(width, device),
            expand: fresh::linear(width, EXPANSION * width, device),
            project: fresh::linear(EXPANSION * width, width, device),
            scale: Some(fresh::constant(LAYER_SCALE, width, device)),
            drop_path,
        }
    }

    fn folded(self) -> Block<Folded> {
        Block {
            depthwise: self.depthwise,
            norm: self.norm,
            expand: self.expand,
            project: fold::layer_scale(self.project, self.scale),
            scale: Absent {},
            drop_path: Absent {},
        }
    }
}

impl<F: Forward> Block<F> {
    fn forward(&self, input: Tensor<4>, form: &F) -> Tensor<4> {
        let x = layer_norm(&self.norm, self.depthwise.forward(input.clone()));
        let x = linear_gelu(&self.expand, x, form.precision());
        form.linear_join(&self.project, &self.scale, &self.drop_path, x, input)
    }
}

/// One 7×7 filter a channel, the bias kept apart.
#[derive(Module, Debug)]
struct Depthwise {
    conv: Conv2d,
    bias: Param<Tensor<1>>,
}

impl Depthwise {
    fn new(width: usize, device: &Device) -> Self {
        let window = Window {
            kernel: KERNEL,
            stride: 1,
            pad: KERNEL / 2,
        };
        Self {
            conv: fresh::convolution([width; 2], window, width, &fresh::weights(), false, device),
            bias: fresh::constant(0.0, width, device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        kernels::depthwise(x, self.conv.weight.val(), self.bias.val())
    }
}

/// A convolution whose stride is its kernel: patches that do not overlap.
fn conv(from: usize, to: usize, side: usize, device: &Device) -> Conv2d {
    let window = Window::patches(side);
    fresh::convolution([from, to], window, 1, &fresh::weights(), true, device)
}
