//! A network of any family, behind one face.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};

use super::convnext::ConvNext;
use super::evidence::{EvidenceHead, Insight};
use super::fold::{self, Normalisation};
use super::layers;
use super::resnet::ResNet;
use super::vit::Vit;
use crate::kernels::{self, MatmulPrecision};

/// A network of one of the three families.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // One lives at a time, for as long as the program runs.
pub enum Model {
    /// See [`ResNet`].
    ResNet(ResNet),
    /// See [`ConvNext`].
    ConvNext(ConvNext),
    /// See [`Vit`].
    Vit(Vit),
}

impl Model {
    /// Images `[batch, 3, side, side]` → logits `[batch, classes]`.
    ///
    /// A backbone without a head answers with its features, `[batch, channels]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.classify(self.features(images))
    }

    /// What the head reads, `[batch, channels]` → logits `[batch, classes]`; a backbone without a
    /// head gives it back.
    pub fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        match self.head() {
            Some(head) => layers::linear(head, features, self.precision()),
            None => features,
        }
    }

    /// Images `[batch, 3, side, side]` → what the head reads, `[batch, channels]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        match self {
            Model::ResNet(network) => network.features(images),
            Model::ConvNext(network) => network.features(images),
            Model::Vit(network) => network.features(images),
        }
    }

    /// Images `[batch, 3, side, side]` → what an [`EvidenceHead`] takes logits apart by.
    pub fn insight(&self, images: Tensor<4>) -> Insight {
        match self {
            Model::ResNet(network) => network.insight(images),
            Model::ConvNext(network) => network.insight(images),
            Model::Vit(network) => network.insight(images),
        }
    }

    /// The layers that read this network's [`insight`](Self::insight), copied from a network on the
    /// CPU; `None` for a backbone without a head.
    pub fn evidence_head(&self) -> Option<EvidenceHead> {
        match self {
            Model::ResNet(network) => network.evidence_head(),
            Model::ConvNext(network) => network.evidence_head(),
            Model::Vit(network) => network.evidence_head(),
        }
    }

    /// The same network made ready to be run only, on the CPU of this process: batch norms and
    /// layer scales are folded into the layers before them, and `input` into the first; a ResNet's
    /// channels are filled up with zeros to whole vectors.
    ///
    /// It takes images `[batch, 4, side, side]`: red, green and blue from 0 to 1, not normalised,
    /// and 1. The fourth channel tells an image's pixels from the zeros around it, which stand for
    /// the mean colour.
    pub fn folded(self, input: Normalisation) -> Self {
        match self {
            Model::ResNet(network) => Model::ResNet(network.folded(input)),
            Model::ConvNext(network) => Model::ConvNext(network.folded(input)),
            Model::Vit(network) => Model::Vit(network.folded(input)),
        }
    }

    /// A [`folded`](Self::folded) network on `device`, its weights lying as the device's kernels
    /// read them.
    pub fn on(self, device: &Device) -> Self {
        self.map(&mut Move {
            device,
            turned: kernels::reads_filters_last(device),
        })
    }

    /// Images for a [`folded`](Self::folded) network, from the colours of `[batch, height, width]`
    /// pixels: `[batch, 4, height, width]`, which lie in memory pixel by pixel.
    pub fn images(
        colours: impl IntoIterator<Item = [f32; 3]>,
        [batch, height, width]: [usize; 3],
        device: &Device,
    ) -> Tensor<4> {
        let mut values = Vec::with_capacity(batch * height * width * 4);
        for [red, green, blue] in colours {
            values.extend([red, green, blue, 1.0]);
        }
        let values = TensorData::new(values, [batch, height, width, 4]);
        Tensor::from_data(values, device).permute([0, 3, 1, 2])
    }

    /// The same network with matrix products, and those of their gradients, of this precision.
    ///
    /// It is for training: a fresh or [`folded`](Self::folded) network has the highest.
    pub fn with_precision(mut self, precision: MatmulPrecision) -> Self {
        match &mut self {
            Model::ResNet(network) => network.precision = precision,
            Model::ConvNext(network) => network.precision = precision,
            Model::Vit(network) => network.precision = precision,
        }
        self
    }

    fn precision(&self) -> MatmulPrecision {
        match self {
            Model::ResNet(network) => network.precision,
            Model::ConvNext(network) => network.precision,
            Model::Vit(network) => network.precision,
        }
    }

    fn head(&self) -> Option<&Linear> {
        match self {
            Model::ResNet(network) => network.head.as_ref(),
            Model::ConvNext(network) => network.head.as_ref(),
            Model::Vit(network) => network.head.as_ref(),
        }
    }
}

/// Moves parameters to a device.
struct Move<'a> {
    device: &'a Device,
    /// Whether filters `[to, from, kernel, kernel]` shall lie as `[kernel, kernel, from, to]`.
    turned: bool,
}

impl ModuleMapper for Move<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        const BACK: [usize; 4] = [3, 2, 0, 1];
        let (id, tensor, mapper) = param.consume();
        let tensor = match tensor.dims().as_slice() {
            &[to, from, height, width] if self.turned => {
                let weight = fold::outputs_last(fold::values(tensor), to, from, height * width);
                let weight = TensorData::new(weight, [height, width, from, to]);
                Tensor::from_data(weight, self.device)
                    .permute(std::array::from_fn(|axis| BACK[axis]))
            }
            _ => tensor.to_device(self.device),
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}
