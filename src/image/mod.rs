//! From the bytes of a file to the numbers that a network reads.
//!
//! - [`decode()`] turns bytes into pixels, and trusts nothing; [`open()`] also tells the scale and remarks.
//!   [`Pyramid`] reads a slide in parts.
//! - [`micrometres_per_pixel`] is the scale that a file tells.
//! - [`PictureKind`] tells a field from a cell image, and both from a picture that shows nothing.
//! - [`CellImage`] is one nucleus on a white canvas; [`crop()`] cuts it out of a field.
//! - [`Mask`] holds the pixels of a field that a contour covers.
//! - [`InputSpec`] says how the canvas becomes a network's input. Training, evaluation and the browser
//!   share it. [`TileSpec`] says how a field becomes one.
//! - [`render_synthetic`] draws a nucleus and [`render_field`] a field, for examples and tests.
//!
//! Nothing here knows of tensors.

mod cell;
mod crop;
mod decode;
mod input;
mod kind;
mod mask;
mod resample;
mod synthetic;

pub use ::image::RgbImage;
pub use cell::{CellImage, NotACell};
pub use crop::crop;
pub use decode::{
    DecodeError, EXTENSIONS, Level, MAX_PIXELS, MAX_SIDE, Notice, OpenedPicture, Pyramid, Region,
    Window, decode, micrometres_per_pixel, open,
};
pub use input::{InputSpec, ResizeFilter, TileSpec};
pub use kind::{PictureKind, ShowsNothing};
pub use mask::Mask;
pub use synthetic::{FieldPlan, SyntheticField, render as render_synthetic, render_field};
