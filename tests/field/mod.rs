//! Fields: their contours, measurements and files.

mod formats;
mod score;
