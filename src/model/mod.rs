//! The networks: three families, each written once for training, the command line and the browser.
//!
//! An [`Architecture`] is plain data that a model card can hold; [`Architecture::init`] turns it
//! into a [`Model`] on a device. Nothing here knows of files, images or features: a model maps
//! `[batch, 3, side, side]` to logits `[batch, classes]`.

mod architecture;
mod convnext;
mod drop_path;
mod evidence;
mod layers;
mod positions;
mod resnet;
mod vit;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

pub use architecture::{Architecture, ArchitectureError};
pub use convnext::{ConvNext, ConvNextConfig};
pub use drop_path::DropPath;
pub use evidence::Evidence;
pub use layers::{linear, new_linear};
pub use positions::resample as resample_positions;
pub use resnet::{BlockKind, ResNet, ResNetConfig};
pub use vit::{Pool, Vit, VitConfig, split_tokens};

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
            Some(head) => layers::linear(head, features),
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

    /// Images `[batch, 3, side, side]` → what each place adds to each logit; `None` for a backbone
    /// without a head.
    pub fn evidence(&self, images: Tensor<4>) -> Option<Evidence> {
        let head = self.head()?;
        Some(match self {
            Model::ResNet(network) => network.evidence(images, head),
            Model::ConvNext(network) => network.evidence(images, head),
            Model::Vit(network) => network.evidence(images, head),
        })
    }

    fn head(&self) -> Option<&Linear> {
        match self {
            Model::ResNet(network) => network.head.as_ref(),
            Model::ConvNext(network) => network.head.as_ref(),
            Model::Vit(network) => network.head.as_ref(),
        }
    }
}
