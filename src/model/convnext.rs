//! ConvNeXt ("A ConvNet for the 2020s", Liu et al., arXiv 2201.03545).
//!
//! The network is torchvision's and timm's: a 4×4 patch stem, four stages of depthwise 7×7
//! blocks with a pointwise MLP and layer scale, a strided 2×2 convolution between stages, and a
//! head of one LayerNorm and one Linear. Sizes below Tiny (Atto to Nano) are timm's. What differs
//! is only the layout: everything runs channels-last, the MLP as two `Linear`s, which is the same
//! arithmetic as timm's 1×1 convolutions; and the depthwise bias is a parameter of its own,
//! because cubecl's fast depthwise path refuses a convolution with a bias.

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
use crate::kernels::{self, MatmulPrecision, Window};

/// Side of the depthwise kernel.
const KERNEL: usize = 7;
/// The MLP's hidden width over the block's width.
const EXPANSION: usize = 4;
/// Start of the layer scale in a network that is trained from scratch.
const LAYER_SCALE: f64 = 1e-6;
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

    /// A fresh network. `classes` = 0 leaves out the head; `drop_path` is the rate of the last
    /// block, rising linearly from 0 at the first.
    pub fn init(&self, classes: usize, drop_path: f64, device: &Device) -> ConvNext {
        let blocks = self.depths.iter().sum();
        let mut rates = DropPath::rising(drop_path, blocks);
        let stages = (0..4)
            .map(|i| Stage {
                downsample: (i > 0)
                    .then(|| Downsample::new(self.widths[i - 1], self.widths[i], device)),
                blocks: rates
                    .by_ref()
                    .take(self.depths[i])
                    .map(|drop_path| Block::new(self.widths[i], drop_path, device))
                    .collect(),
            })
            .collect();
        ConvNext {
            stem: Stem {
                conv: conv(3, self.widths[0], 4, device),
                norm: fresh::layer_norm(self.widths[0], device),
            },
            stages,
            norm: fresh::layer_norm(self.widths[3], device),
            head: (classes > 0).then(|| fresh::linear(self.widths[3], classes, device)),
            precision: MatmulPrecision::Highest,
        }
    }
}

/// The network; see the module's first paragraph.
#[derive(Module, Debug)]
pub struct ConvNext {
    stem: Stem,
    stages: Vec<Stage>,
    norm: LayerNorm,
    pub(super) head: Option<Linear>,
    /// How exact matrix products are while training.
    #[module(skip)]
    pub(super) precision: MatmulPrecision,
}

impl ConvNext {
    /// `[batch, 3, height, width]` → normalised, pooled features `[batch, widths[3]]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        layer_norm(&self.norm, kernels::pixel_mean(self.last_map(images)))
    }

    /// See [`Model::insight`](super::Model::insight).
    pub(super) fn insight(&self, images: Tensor<4>) -> Insight {
        vec![self.last_map(images).flatten(1, 3)]
    }

    /// See [`Model::evidence_head`](super::Model::evidence_head).
    pub(super) fn evidence_head(&self) -> Option<EvidenceHead> {
        let head = self.head.as_ref()?;
        Some(EvidenceHead::new(
            head,
            Kind::NormalisedMean(Norm::of(&self.norm)),
        ))
    }

    /// `[batch, 3, height, width]` → `[batch, height / 32, width / 32, widths[3]]`.
    fn last_map(&self, images: Tensor<4>) -> Tensor<4> {
        self.stages
            .iter()
            .fold(self.stem.forward(images, self.precision), |x, stage| {
                stage.forward(x, self.precision)
            })
    }

    /// See [`Model::folded`](super::Model::folded).
    pub(super) fn folded(mut self, input: Normalisation) -> Self {
        self.precision = MatmulPrecision::Highest;
        self.stem.conv = fold::normalisation(self.stem.conv, input);
        for stage in &mut self.stages {
            let blocks = std::mem::take(&mut stage.blocks);
            stage.blocks = blocks.into_iter().map(Block::folded).collect();
        }
        self
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
        // [B, 3, H, W] -> [B, H / 4, W / 4, C]
        let x = convolve(&self.conv, channels_last(images), precision);
        layer_norm(&self.norm, x)
    }
}

#[derive(Module, Debug)]
struct Stage {
    downsample: Option<Downsample>,
    blocks: Vec<Block>,
}

impl Stage {
    fn forward(&self, x: Tensor<4>, precision: MatmulPrecision) -> Tensor<4> {
        let x = match &self.downsample {
            Some(downsample) => downsample.forward(x, precision),
            None => x,
        };
        let blocks = self.blocks.iter();
        blocks.fold(x, |x, block| block.forward(x, precision))
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
struct Block {
    depthwise: Depthwise,
    norm: LayerNorm,
    expand: Linear,
    project: Linear,
    /// Layer scale, unless that is folded into `project`.
    scale: Option<Param<Tensor<1>>>,
    drop_path: DropPath,
}

impl Block {
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

    fn forward(&self, input: Tensor<4>, precision: MatmulPrecision) -> Tensor<4> {
        let x = layer_norm(&self.norm, self.depthwise.forward(input.clone()));
        let x = linear_gelu(&self.expand, x, precision);
        match &self.scale {
            Some(scale) => {
                let branch = linear(&self.project, x, precision);
                self.drop_path.join(input, branch, Some(scale.val()))
            }
            None => linear_join(&self.project, x, input, precision),
        }
    }

    fn folded(mut self) -> Self {
        if let Some(scale) = self.scale.take() {
            self.project = fold::layer_scale(self.project, &scale);
        }
        self
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
