//! Networks of other libraries: torchvision, timm, DINOv2.
//!
//! Each of our weights is found under its name in the library, reshaped to our layout, and ticked
//! off. A tensor that is missing, surplus or misshapen is an error, which names it as the library
//! does. A head whose number of classes is not nine is left out: the checkpoint is then a backbone.

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
