//! A network of any family, in either form.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};

use super::architecture::Architecture;
use super::convnext::ConvNext;
use super::evidence::{EvidenceHead, Insight};
use super::fold;
use super::form::{Folded, Form, Trainable};
use super::forward::Forward;
use super::layers;
use super::pixels::Normalisation;
use super::resnet::ResNet;
use super::vit::Vit;
use crate::kernels::{self, MatmulPrecision};

/// A network of one of the three families.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // One lives at a time, for as long as the program runs.
pub enum Network<F: Form> {
    /// See [`ResNet`].
    ResNet(ResNet<F>),
    /// See [`ConvNext`].
    ConvNext(ConvNext<F>),
    /// See [`Vit`].
    Vit(Vit<F>),
}

/// A network as it is trained and stored. It takes normalised images, `[batch, 3, height, width]`.
pub type Model = Network<Trainable>;

/// A network that only runs. It takes [`Pixels`](super::Pixels).
pub type FoldedModel = Network<Folded>;

impl Architecture {
    /// A fresh network with `classes` logits (0: a backbone without a head).
    ///
    /// Weights are drawn from the device's random source, see `Device::seed`. `drop_path` is the
    /// rate of the last block while training.
    pub fn init(&self, classes: usize, drop_path: f64, device: &Device) -> Model {
        match self {
            Self::ResNet(config) => {
                Network::ResNet(ResNet::new(config, classes, drop_path, device))
            }
            Self::ConvNext(config) => {
                Network::ConvNext(ConvNext::new(config, classes, drop_path, device))
            }
            Self::Vit(config) => Network::Vit(Vit::new(config, classes, drop_path, device)),
        }
    }
}

impl<F: Forward> Network<F> {
    /// Images → logits `[batch, classes]`.
    ///
    /// A backbone without a head answers with its features, `[batch, channels]`.
    pub fn forward(&self, images: F::Images) -> Tensor<2> {
        self.classify(self.features(images))
    }

    /// Features `[batch, channels]` → logits `[batch, classes]`; a backbone without a head returns
    /// the features.
    pub fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        match self.head() {
            Some(head) => layers::linear(head, features, self.form().precision()),
            None => features,
        }
    }

    /// Images → the features that the head reads, `[batch, channels]`.
    pub fn features(&self, images: F::Images) -> Tensor<2> {
        match self {
            Self::ResNet(network) => network.features(images),
            Self::ConvNext(network) => network.features(images),
            Self::Vit(network) => network.features(images),
        }
    }

    /// Images → feature maps `[batch, rows, columns, channels]`, the finest first: four of a ResNet
    /// or ConvNeXt, at strides of 4, 8, 16 and 32 px, and one of a transformer, at a stride of its
    /// patch.
    ///
    /// Where a side does not divide by a stride, a ResNet has a place more, as its convolutions are
    /// padded; a ConvNeXt leaves out the last pixels.
    pub fn feature_maps(&self, images: F::Images) -> Vec<Tensor<4>> {
        match self {
            Self::ResNet(network) => network.feature_maps(images).into(),
            Self::ConvNext(network) => network.feature_maps(images).into(),
            Self::Vit(network) => vec![network.feature_map(images)],
        }
    }

    /// Images → the inner values that an [`EvidenceHead`] takes logits apart by.
    pub fn insight(&self, images: F::Images) -> Insight {
        match self {
            Self::ResNet(network) => network.insight(images),
            Self::ConvNext(network) => network.insight(images),
            Self::Vit(network) => network.insight(images),
        }
    }
}

impl<F: Form> Network<F> {
    fn head(&self) -> Option<&Linear> {
        match self {
            Self::ResNet(network) => network.head.as_ref(),
            Self::ConvNext(network) => network.head.as_ref(),
            Self::Vit(network) => network.head.as_ref(),
        }
    }

    fn form(&self) -> &F {
        match self {
            Self::ResNet(network) => &network.form,
            Self::ConvNext(network) => &network.form,
            Self::Vit(network) => &network.form,
        }
    }
}

impl Network<Trainable> {
    /// The same network with matrix products, and those of their gradients, of this precision; a
    /// fresh network has the highest.
    pub fn with_precision(mut self, precision: MatmulPrecision) -> Self {
        let form = Trainable { precision };
        match &mut self {
            Self::ResNet(network) => network.form = form,
            Self::ConvNext(network) => network.form = form,
            Self::Vit(network) => network.form = form,
        }
        self
    }

    /// The same network made ready to run, on the CPU of this process: batch norms and layer scales
    /// are folded into the layers before them, and `input` into the first; the channels of a ResNet
    /// are filled up with zeros to whole vectors.
    pub fn folded(self, input: Normalisation) -> FoldedModel {
        match self {
            Self::ResNet(network) => Network::ResNet(network.folded(input)),
            Self::ConvNext(network) => Network::ConvNext(network.folded(input)),
            Self::Vit(network) => Network::Vit(network.folded(input)),
        }
    }
}

impl Network<Folded> {
    /// The same network on `device`, its weights in the order in which the device's kernels read
    /// them. Only for a network on the CPU of this process.
    pub fn on(self, device: &Device) -> Self {
        self.map(&mut Move::to(device))
    }

    /// The last layers, which read this network's [`insight`](Self::insight), copied from a network
    /// on the CPU; `None` for a backbone without a head.
    pub fn evidence_head(&self) -> Option<EvidenceHead> {
        match self {
            Self::ResNet(network) => network.evidence_head(),
            Self::ConvNext(network) => network.evidence_head(),
            Self::Vit(network) => network.evidence_head(),
        }
    }
}

/// Moves parameters to a device.
pub(super) struct Move<'a> {
    device: &'a Device,
    /// Whether filters `[to, from, kernel, kernel]` shall lie as `[kernel, kernel, from, to]`.
    turned: bool,
}

impl<'a> Move<'a> {
    pub fn to(device: &'a Device) -> Self {
        Self {
            device,
            turned: kernels::reads_filters_last(device),
        }
    }
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
