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
mod form;
mod forward;
mod fresh;
mod layers;
mod network;
mod pixels;
mod positions;
mod resnet;
#[cfg(not(target_family = "wasm"))]
mod trainable;
mod vit;

pub use architecture::{
    Architecture, ArchitectureError, BlockKind, ConvNextConfig, Pool, ResNetConfig, VitConfig,
};
pub use convnext::ConvNext;
pub use drop_path::DropPath;
pub use evidence::{Evidence, EvidenceHead, Insight};
pub use form::{Absent, Folded, Form, Trainable};
pub use forward::Forward;
pub use network::{FoldedModel, Model, Network};
pub use pixels::{Normalisation, Pixels};
pub use positions::resample as resample_positions;
pub use resnet::ResNet;
pub use vit::{Vit, split_tokens};
