//! Contours that a network finds: from a field's pixels to the outlines of its nuclei.
//!
//! A [`Finder`] cuts a field into [`tiles`], runs its network over each, and turns the network's answer
//! at every place of a coarse grid into polygons ([`polygons`]). Of polygons that cover the same
//! nucleus it keeps the most probable one ([`suppress`]).

mod area;
mod finder;
mod polygons;
mod rays;
mod suppress;
mod tiles;

pub use area::{Area, median_diameter};
pub use finder::{FindError, Finder};
pub use polygons::{Found, Thresholds, middle, polygons};
pub use rays::{depth, directions, distance, is_inside};
pub use suppress::suppress;
pub use tiles::{Tile, tiles};
