//! The family and the sizes of a network: plain data that a model card stores.

mod bounds;
mod convnext;
mod error;
mod family;
mod layers;
mod resnet;
mod vit;

pub use convnext::ConvNextConfig;
pub use error::ArchitectureError;
pub use family::Architecture;
pub use resnet::{BlockKind, ResNetConfig};
pub use vit::{Pool, VitConfig};
