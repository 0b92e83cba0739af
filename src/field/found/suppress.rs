//! Polygon suppression: of several polygons about one nucleus only the most probable one stays.

use std::collections::HashMap;

use super::area::Area;
use super::polygons::Found;

/// Side in pixels of the squares that polygons are looked up by.
const CELL: i32 = 32;

/// Keeps every polygon that overlaps no other kept one before it by more than `overlap` (the intersection
/// over the union). Nuclei to be read come first, and of each kind the most probable. Empty polygons are
/// dropped.
///
/// This is greedy non-maximum suppression on the polygons' own pixels.
pub fn suppress(mut found: Vec<Found>, overlap: f32) -> Vec<Found> {
    let probability = |a: &Found, b: &Found| b.probability.total_cmp(&a.probability);
    found.sort_by(|a, b| b.is_read.cmp(&a.is_read).then(probability(a, b)));
    let mut kept: Vec<Area> = Vec::new();
    let mut by_square: HashMap<[i32; 2], Vec<usize>> = HashMap::new();
    found.retain(|found| {
        let area = Area::new(&found.points);
        let Some(squares) = squares(&area) else {
            return false;
        };
        let mut near = squares
            .clone()
            .flat_map(|at| by_square.get(&at).into_iter().flatten());
        if near.any(|&other| area.overlap(&kept[other]) > overlap) {
            return false;
        }
        for at in squares {
            by_square.entry(at).or_default().push(kept.len());
        }
        kept.push(area);
        true
    });
    found
}

/// The squares that an area touches.
fn squares(area: &Area) -> Option<impl Iterator<Item = [i32; 2]> + Clone + use<>> {
    let ([top, bottom], [left, right]) = (area.rows()?, area.columns()?);
    let number = |position: i32| position.div_euclid(CELL);
    let (rows, columns) = (number(top)..=number(bottom), number(left)..=number(right));
    Some(rows.flat_map(move |row| columns.clone().map(move |column| [column, row])))
}
