//! Fields: their contours, measurements and files.

mod crop;
mod formats;
mod kind;
mod measure;
mod score;
