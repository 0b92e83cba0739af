//! ResNet ("Deep Residual Learning for Image Recognition", He et al., arXiv 1512.03385).
//!
//! The network is torchvision's (and timm's plain `resnet*`): a 7×7 stem with max pooling, four
//! stages of basic (18, 34) or bottleneck (50, 101) blocks with the stride in the 3×3
//! convolution, global average pooling and one Linear. Nothing differs but the layout, which is
//! channels-last.

use burn::module::{Initializer, Module};
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Device, Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use super::drop_path::DropPath;
use super::evidence::{EvidenceHead, Insight, Kind};
use super::fold::{self, Normalisation};
use super::fresh;
use super::layers::{channels_last, convolve_join};
use crate::kernels::{self, MatmulPrecision, Window};

/// A bottleneck's output width over its inner width.
const EXPANSION: usize = 4;
/// The stem's max pooling.
const POOL: Window = Window {
    kernel: 3,
    stride: 2,
    pad: 1,
};
/// Every strided layer here has an odd window centred on its stride's first pixel, so the first
/// place of the last map looks at the image's first pixel, not at the middle of its 32.
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
    /// What the stages are built of.
    pub block: BlockKind,
    /// Blocks a stage.
    pub depths: [usize; 4],
    /// Channels after the stem; stage `i` works at `width * 2^i`.
    pub width: usize,
}

impl ResNetConfig {
    /// Every size with a name: name, kind of block, blocks a stage. The stem is 64 wide in all.
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

    /// A fresh network. `classes` = 0 leaves out the head; `drop_path` is the rate of the last
    /// block, rising linearly from 0 at the first.
    pub fn init(&self, classes: usize, drop_path: f64, device: &Device) -> ResNet {
        let mut rates = DropPath::rising(drop_path, self.depths.iter().sum());
        let mut from = self.width;
        let stages = (0..4)
            .map(|i| {
                let inner = self.width << i;
                (0..self.depths[i])
                    .map(|j| {
                        let stride = if i > 0 && j == 0 { 2 } else { 1 };
                        let drop_path = rates.next().unwrap_or_default();
                        let block = Block::new(self.block, from, inner, stride, drop_path, device);
                        from = self.block.output(inner);
                        block
                    })
                    .collect()
            })
            .collect();
        ResNet {
            stem: ConvNorm::new(3, self.width, 7, 2, device),
            stages,
            head: (classes > 0).then(|| fresh::uniform_linear(from, classes, device)),
            precision: MatmulPrecision::Highest,
        }
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

/// The network; see the module's first paragraph.
#[derive(Module, Debug)]
pub struct ResNet {
    stem: ConvNorm,
    stages: Vec<Vec<Block>>,
    pub(super) head: Option<Linear>,
    /// How exact matrix products are while training.
    #[module(skip)]
    pub(super) precision: MatmulPrecision,
}

impl ResNet {
    /// `[batch, 3, height, width]` → pooled features `[batch, channels]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        kernels::pixel_mean(self.last_map(images))
    }

    /// See [`Model::insight`](super::Model::insight).
    pub(super) fn insight(&self, images: Tensor<4>) -> Insight {
        vec![self.last_map(images).flatten(1, 3)]
    }

    /// See [`Model::evidence_head`](super::Model::evidence_head).
    pub(super) fn evidence_head(&self) -> Option<EvidenceHead> {
        let head = self.head.as_ref()?;
        Some(EvidenceHead::new(head, Kind::Mean))
    }

    /// `[batch, 3, height, width]` → `[batch, height / 32, width / 32, channels]`.
    fn last_map(&self, images: Tensor<4>) -> Tensor<4> {
        // [B, 3, H, W] -> [B, H / 2, W / 2, C] -> [B, H / 4, W / 4, C]
        let images = channels_last(images);
        let x = self.stem.forward(images, None, true, self.precision);
        let x = kernels::max_pool(x, POOL);
        let blocks = self.stages.iter().flatten();
        blocks.fold(x, |x, block| block.forward(x, self.precision))
    }

    /// See [`Model::folded`](super::Model::folded).
    pub(super) fn folded(self, input: Normalisation) -> Self {
        let mut stem = self.stem;
        stem.conv = fold::normalisation(stem.conv, input);
        let stem = stem.folded();
        let stage = |stage: Vec<Block>| stage.into_iter().map(Block::folded).collect();
        Self {
            stem,
            stages: self.stages.into_iter().map(stage).collect(),
            head: self.head,
            precision: MatmulPrecision::Highest,
        }
    }
}

/// The convolutions of the residual branch, each with its norm, and the shortcut where the
/// shape changes.
#[derive(Module, Debug)]
struct Block {
    branch: Vec<ConvNorm>,
    shortcut: Option<ConvNorm>,
    drop_path: DropPath,
}

impl Block {
    fn new(
        kind: BlockKind,
        from: usize,
        inner: usize,
        stride: usize,
        drop_path: DropPath,
        device: &Device,
    ) -> Self {
        let to = kind.output(inner);
        let branch = match kind {
            BlockKind::Basic => vec![
                ConvNorm::new(from, inner, 3, stride, device),
                ConvNorm::new(inner, inner, 3, 1, device),
            ],
            BlockKind::Bottleneck => vec![
                ConvNorm::new(from, inner, 1, 1, device),
                ConvNorm::new(inner, inner, 3, stride, device),
                ConvNorm::new(inner, to, 1, 1, device),
            ],
        };
        Self {
            branch,
            shortcut: (stride > 1 || from != to)
                .then(|| ConvNorm::new(from, to, 1, stride, device)),
            drop_path,
        }
    }

    fn forward(&self, input: Tensor<4>, precision: MatmulPrecision) -> Tensor<4> {
        let shortcut = match &self.shortcut {
            Some(shortcut) => shortcut.forward(input.clone(), None, false, precision),
            None => input.clone(),
        };
        let [inner @ .., last] = &self.branch[..] else {
            return shortcut;
        };
        let x = inner
            .iter()
            .fold(input, |x, layer| layer.forward(x, None, true, precision));
        if self.drop_path.is_active(&x.device()) {
            let branch = last.forward(x, None, false, precision);
            return relu(self.drop_path.join(shortcut, branch, None));
        }
        last.forward(x, Some(shortcut), true, precision)
    }

    fn folded(self) -> Self {
        Self {
            branch: self.branch.into_iter().map(ConvNorm::folded).collect(),
            shortcut: self.shortcut.map(ConvNorm::folded),
            drop_path: self.drop_path,
        }
    }
}

/// A convolution and its norm, unless that is folded into it.
#[derive(Module, Debug)]
struct ConvNorm {
    conv: Conv2d,
    norm: Option<BatchNorm>,
}

impl ConvNorm {
    fn new(from: usize, to: usize, kernel: usize, stride: usize, device: &Device) -> Self {
        Self {
            conv: conv(from, to, kernel, stride, device),
            norm: Some(fresh::batch_norm(to, device)),
        }
    }

    /// Then `residual` added if there is one, then ReLU if `relu`.
    fn forward(
        &self,
        x: Tensor<4>,
        residual: Option<Tensor<4>>,
        relu: bool,
        precision: MatmulPrecision,
    ) -> Tensor<4> {
        let norm = self.norm.as_ref();
        convolve_join(&self.conv, norm, x, residual, relu, precision)
    }

    fn folded(self) -> Self {
        let conv = match self.norm {
            Some(norm) => fold::batch_norm(self.conv, &norm),
            None => self.conv,
        };
        // The head need not know: it reads eight times the network's width.
        Self {
            conv: fold::padded(conv),
            norm: None,
        }
    }
}

fn conv(from: usize, to: usize, kernel: usize, stride: usize, device: &Device) -> Conv2d {
    let window = Window {
        kernel,
        stride,
        pad: kernel / 2,
    };
    let initializer = Initializer::KaimingNormal {
        gain: std::f64::consts::SQRT_2,
        fan_out_only: true,
    };
    fresh::convolution([from, to], window, 1, &initializer, false, device)
}

#[cfg(test)]
mod tests {
    use super::super::layers::linear;
    use super::*;
    use burn::tensor::TensorData;

    /// Values that differ from one another, of any shape.
    fn counted<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        let values = (0..shape.iter().product()).map(|i: usize| (i as f32 * 0.7).sin());
        Tensor::from_data(TensorData::new(values.collect(), shape), device)
    }

    /// Channels that enter and leave each convolution.
    fn widths(network: &ResNet) -> Vec<usize> {
        let blocks = network.stages.iter().flatten();
        let of_blocks = blocks.flat_map(|block| block.branch.iter().chain(&block.shortcut));
        let convolutions = std::iter::once(&network.stem).chain(of_blocks);
        convolutions
            .flat_map(|layer| layer.conv.weight.dims()[..2].to_vec())
            .collect()
    }

    #[test]
    fn channels_of_zeros_change_nothing() {
        let device = Device::flex();
        let network = ResNetConfig {
            block: BlockKind::Basic,
            depths: [2; 4],
            width: 6,
        };
        let network = network.init(3, 0.0, &device);
        let input = Normalisation {
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        let images = counted([2, 3, 64, 64], &device);
        let ones = Tensor::ones([2, 1, 64, 64], &device);
        let folded = network.clone().folded(input);
        let widths = widths(&folded);
        assert!(
            widths.iter().all(|width| width.is_multiple_of(4)),
            "{widths:?}"
        );
        let pixels = Tensor::cat(vec![images.clone(), ones], 1);
        let logits = |network: &ResNet, features| {
            let head = network.head.as_ref().expect("a head");
            fold::values(linear(head, features, network.precision))
        };
        let found = logits(&folded, folded.features(pixels));
        let wanted = logits(&network, network.features(images));
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-4, "{found} is not {wanted}");
        }
    }
}
