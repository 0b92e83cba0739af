//! Fields: their contours, measurements and files.

mod score;
