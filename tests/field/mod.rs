//! Fields: their contours, measurements and files.

mod crop;
mod exports;
mod formats;
mod kind;
mod measure;
mod read;
mod score;
mod synthetic;
