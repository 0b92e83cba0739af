//! Networks of other libraries: torchvision, timm, DINOv2.
//!
//! Every one of our weights is looked up under the name that the library gives it, reshaped to
//! our layout, and ticked off; a tensor that is missing, surplus or misshapen is an error that
//! names it as the library does. A head with another number of classes than the nine features is
//! left out, and the checkpoint is a backbone.

mod error;
mod foreign;
mod library;
mod names;
mod network;
mod pytorch;
mod sizes;

pub use error::ImportError;
pub use library::Library;
pub use network::{ImportOptions, Imported, import};
#[cfg(not(target_family = "wasm"))]
pub use pytorch::read as read_pytorch;
