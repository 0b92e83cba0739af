//! Outlines that a person draws and changes, on the page's own thread.
//!
//! Points go in and out as numbers, x and y one after the other; `pkg/geometry.js` makes pairs of them.

use js_sys::Float64Array;
use wasm_bindgen::prelude::*;

use crate::field::{Contour, RedCells, outline};

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

/// The points of a field's left-out objects, and the number of points of each → the count of its red cells,
/// their diameter in pixels, and the micrometres that a pixel shows if they are of the usual size.
#[wasm_bindgen]
pub fn red_cells(all: &[f64], lengths: &[u32]) -> Option<Float64Array> {
    let mut rest = points(all);
    let mut contours = Vec::with_capacity(lengths.len());
    for &length in lengths {
        let (outline, after) = rest.split_at_checked(length as usize)?;
        contours.push(Contour::new("", outline.to_vec()));
        rest = after;
    }
    let cells = RedCells::among(&contours)?;
    let scale = cells.scale()?.value.get();
    let told = [cells.count as f64, cells.diameter, scale];
    Some(Float64Array::from(told.as_slice()))
}

fn points(numbers: &[f64]) -> &[[f64; 2]] {
    numbers.as_chunks().0
}

fn numbers(points: Vec<[f64; 2]>) -> Float64Array {
    Float64Array::from(points.as_flattened())
}
