//! The networks: three families that name features, and the segmenter that finds nuclei. Each is written
//! once for training, the command line and the browser.
//!
//! An [`Architecture`] is plain data that a model card can hold. [`Architecture::init`] makes a
//! [`Model`] of it on a device, which can be trained: it maps normalised images `[batch, 3, height,
//! width]` to logits `[batch, classes]`. [`Model::folded`] makes a [`FoldedModel`] of that, which only
//! runs and is faster: it maps [`Pixels`] to the same logits. Nothing here knows of files, cells or
//! features.

mod architecture;
mod conv_norm;
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
mod segmenter;
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
pub use segmenter::{Answer, Segmenter};
pub use vit::{Vit, split_tokens};
