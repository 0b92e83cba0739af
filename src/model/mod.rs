//! The networks: three families, each written once for training, the command line and the browser.
//!
//! An [`Architecture`] is plain data that a model card can hold; [`Architecture::init`] turns it
//! into a [`Model`] on a device. Nothing here knows of files, cells or features: a model maps
//! `[batch, 3, side, side]` to logits `[batch, classes]`.

mod architecture;
mod convnext;
mod drop_path;
mod evidence;
mod fold;
mod fresh;
mod layers;
mod network;
mod positions;
mod resnet;
mod vit;

pub use architecture::{Architecture, ArchitectureError};
pub use convnext::{ConvNext, ConvNextConfig};
pub use drop_path::DropPath;
pub use evidence::{Evidence, EvidenceHead, Insight};
pub use fold::Normalisation;
pub use network::Model;
pub use positions::resample as resample_positions;
pub use resnet::{BlockKind, ResNet, ResNetConfig};
pub use vit::{Pool, Vit, VitConfig, split_tokens};
