//! Outlines that a person draws and changes, on the page's own thread.
//!
//! Points go in and out as numbers, x and y one after the other; `pkg/geometry.js` makes pairs of them.

use js_sys::Float64Array;
use wasm_bindgen::prelude::*;

use crate::field::outline;

/// A drawn line → its largest part, as an outline.
#[wasm_bindgen]
pub fn tidy(line: &[f64]) -> Option<Float64Array> {
    outline::tidy(points(line)).map(numbers)
}

/// Two outlines → the outline around both, where they touch.
#[wasm_bindgen]
pub fn unite(one: &[f64], other: &[f64]) -> Option<Float64Array> {
    outline::unite(points(one), points(other)).map(numbers)
}

/// An outline and another → the parts of the first outside the second.
#[wasm_bindgen]
pub fn subtract(from: &[f64], cut: &[f64]) -> Vec<Float64Array> {
    let parts = outline::subtract(points(from), points(cut));
    parts.into_iter().map(numbers).collect()
}

/// An outline and a line → the parts on either side.
#[wasm_bindgen]
pub fn split(contour: &[f64], line: &[f64]) -> Vec<Float64Array> {
    let parts = outline::split(points(contour), points(line));
    parts.into_iter().map(numbers).collect()
}

fn points(numbers: &[f64]) -> &[[f64; 2]] {
    numbers.as_chunks().0
}

fn numbers(points: Vec<[f64; 2]>) -> Float64Array {
    Float64Array::from(points.as_flattened())
}
