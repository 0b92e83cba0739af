//! ResNet ("Deep Residual Learning for Image Recognition", He et al., arXiv 1512.03385).
//!
//! The network is torchvision's (and timm's plain `resnet*`): a 7×7 stem with max pooling, four
//! stages of basic (18, 34) or bottleneck (50, 101) blocks with the stride in the 3×3
//! convolution, global average pooling and one Linear. Only the layout differs: it is channels-last.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::architecture::{BlockKind, ResNetConfig};
use super::conv_norm::ConvNorm;
use super::drop_path::DropPath;
use super::evidence::{EvidenceHead, Insight, Kind};
use super::fold;
use super::form::{Absent, Folded, Form, Trainable};
use super::forward::Forward;
use super::fresh;
use super::pixels::Normalisation;
use crate::kernels::{self, Window};

/// The stem's max pooling.
const POOL: Window = Window {
    kernel: 3,
    stride: 2,
    pad: 1,
};

/// The network; see the module's first paragraph.
#[derive(Module, Debug)]
pub struct ResNet<F: Form> {
    stem: ConvNorm<F>,
    stages: [Vec<Block<F>>; 4],
    pub(super) head: Option<Linear>,
    pub(super) form: F,
}

impl<F: Forward> ResNet<F> {
    /// Images → pooled features `[batch, channels]`.
    pub fn features(&self, images: F::Images) -> Tensor<2> {
        let stages = self.stages.iter();
        let last_map = stages.fold(self.stem(images), |x, stage| self.stage(stage, x));
        kernels::pixel_mean(last_map)
    }

    /// See [`Network::feature_maps`](super::Network::feature_maps). Where a folded network is
    /// narrow, channels of zeros follow the others.
    pub fn feature_maps(&self, images: F::Images) -> [Tensor<4>; 4] {
        let mut x = self.stem(images);
        self.stages.each_ref().map(|stage| {
            x = self.stage(stage, x.clone());
            x.clone()
        })
    }

    /// See [`Network::insight`](super::Network::insight).
    pub(super) fn insight(&self, images: F::Images) -> Insight {
        let [.., last_map] = self.feature_maps(images);
        Insight::of_map(last_map)
    }

    /// `[batch, height / 4, width / 4, channels]`, sides rounded up.
    fn stem(&self, images: F::Images) -> Tensor<4> {
        // [B, H, W, 3 or 4] -> [B, H / 2, W / 2, C] -> [B, H / 4, W / 4, C]
        let x = self
            .stem
            .forward(F::channels_last(images), true, &self.form);
        kernels::max_pool(x, POOL)
    }

    fn stage(&self, blocks: &[Block<F>], x: Tensor<4>) -> Tensor<4> {
        let blocks = blocks.iter();
        blocks.fold(x, |x, block| block.forward(x, &self.form))
    }
}

impl ResNet<Trainable> {
    /// A fresh network. `classes` = 0 leaves out the head; `drop_path` is the rate of the last
    /// block, rising linearly from 0 at the first.
    pub fn new(config: &ResNetConfig, classes: usize, drop_path: f64, device: &Device) -> Self {
        let mut rates = DropPath::rising(drop_path, config.depths.iter().sum());
        let mut from = config.width;
        let stages = [0, 1, 2, 3].map(|i| {
            let inner = config.width << i;
            let rates = rates.by_ref().take(config.depths[i]).enumerate();
            let blocks = rates.map(|(j, drop_path)| {
                let stride = if i > 0 && j == 0 { 2 } else { 1 };
                let block = Block::new(config.block, from, inner, stride, drop_path, device);
                from = config.block.output(inner);
                block
            });
            blocks.collect()
        });
        Self {
            stem: ConvNorm::new(3, config.width, 7, 2, device),
            stages,
            head: (classes > 0).then(|| fresh::uniform_linear(from, classes, device)),
            form: Trainable::default(),
        }
    }

    /// See [`Model::folded`](super::Model::folded).
    pub(super) fn folded(self, input: Normalisation) -> ResNet<Folded> {
        let mut stem = self.stem;
        stem.conv = fold::normalisation(stem.conv, input);
        let stage = |stage: Vec<Block<_>>| stage.into_iter().map(Block::folded).collect();
        ResNet {
            stem: stem.folded(),
            stages: self.stages.map(stage),
            // It reads eight times the network's width: whole vectors, to which no zeros are added.
            head: self.head,
            form: Folded {},
        }
    }
}

impl ResNet<Folded> {
    /// See [`FoldedModel::evidence_head`](super::FoldedModel::evidence_head).
    pub(super) fn evidence_head(&self) -> Option<EvidenceHead> {
        let head = self.head.as_ref()?;
        Some(EvidenceHead::new(head, Kind::Mean))
    }
}

/// The convolutions of the residual branch, each with its norm, and one in the shortcut where the
/// shape changes.
#[derive(Module, Debug)]
struct Block<F: Form> {
    /// Two or three, see [`BlockKind`]. A list, because its paths in burn's records are `branch.0`,
    /// `branch.1`: runs of older versions are resumed from such records.
    branch: Vec<ConvNorm<F>>,
    shortcut: Option<ConvNorm<F>>,
    drop_path: F::DropPath,
}

impl Block<Trainable> {
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

    fn folded(self) -> Block<Folded> {
        Block {
            branch: self.branch.into_iter().map(ConvNorm::folded).collect(),
            shortcut: self.shortcut.map(ConvNorm::folded),
            drop_path: Absent {},
        }
    }
}

impl<F: Forward> Block<F> {
    fn forward(&self, input: Tensor<4>, form: &F) -> Tensor<4> {
        let residual = match &self.shortcut {
            Some(shortcut) => shortcut.forward(input.clone(), false, form),
            None => input.clone(),
        };
        let Some((last, inner)) = self.branch.split_last() else {
            return residual; // An empty branch adds nothing.
        };
        let inner = inner.iter();
        let x = inner.fold(input, |x, layer| layer.forward(x, true, form));
        last.join(x, residual, Some(&self.drop_path), form)
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers::linear;
    use super::super::pixels::Pixels;
    use super::*;
    use burn::tensor::TensorData;

    /// Channels that enter and leave each convolution.
    fn widths(network: &ResNet<Folded>) -> Vec<usize> {
        let of_block = |block: &Block<Folded>| -> Vec<usize> {
            let layers = block.branch.iter().chain(&block.shortcut);
            layers.flat_map(of_layer).collect()
        };
        let blocks = network.stages.iter().flatten().flat_map(of_block);
        of_layer(&network.stem).into_iter().chain(blocks).collect()
    }

    fn of_layer(layer: &ConvNorm<Folded>) -> [usize; 2] {
        let [to, from, ..] = layer.conv.weight.dims();
        [to, from]
    }

    #[test]
    fn channels_of_zeros_change_nothing() {
        const SIDE: usize = 64;
        let device = Device::flex();
        let network = ResNetConfig {
            block: BlockKind::Basic,
            depths: [2; 4],
            width: 6,
        };
        let network = ResNet::new(&network, 3, 0.0, &device);
        let input = Normalisation {
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        let values: Vec<f32> = (0..2 * 3 * SIDE * SIDE)
            .map(|i| (i as f32 * 0.7).sin())
            .collect();
        let colours = input.undone(&values, SIDE * SIDE);
        let pixels = Pixels::new(colours, [2, SIDE, SIDE], &device);
        let images = Tensor::from_data(TensorData::new(values, [2, 3, SIDE, SIDE]), &device);
        let folded = network.clone().folded(input);
        let widths = widths(&folded);
        assert!(
            widths.iter().all(|width| width.is_multiple_of(4)),
            "{widths:?}"
        );
        let logits = |head: &Option<Linear>, features| {
            let head = head.as_ref().expect("a head");
            fold::values(linear(head, features, Default::default()))
        };
        let found = logits(&folded.head, folded.features(pixels));
        let wanted = logits(&network.head, network.features(images));
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-4, "{found} is not {wanted}");
        }
    }
}
