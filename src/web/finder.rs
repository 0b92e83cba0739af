//! A network that finds nuclei, on one of the browser's devices.
//!
//! Tiles and found objects are rows of numbers: the page hands those of many tiles from worker to worker
//! before `pkg/found.js` makes objects of them.

use wasm_bindgen::prelude::*;

use super::device::DeviceReport;
use super::field::{rgb_of, scale_of};
use super::to_js;
use crate::field::found::{self, Found, Tile};
use crate::kernels;

/// Numbers of an object before its points: probability, whether it is to be read, its place.
const BEFORE_POINTS: usize = 4;

/// A trained network that finds nuclei, on one of the browser's devices.
#[wasm_bindgen]
pub struct Finder {
    pub(super) finder: found::Finder,
    pub(super) device: DeviceReport,
}

#[wasm_bindgen]
impl Finder {
    /// The model card.
    #[wasm_bindgen(getter)]
    pub fn card(&self) -> Result<JsValue, JsError> {
        to_js(self.finder.card())
    }

    /// Which device runs the network, and why.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> Result<JsValue, JsError> {
        to_js(&self.device)
    }

    /// Points of every outline.
    #[wasm_bindgen(getter)]
    pub fn rays(&self) -> usize {
        self.finder.rays()
    }

    /// How many pixels of a field stand for one of the fields that the network was trained on, where a
    /// pixel shows `micrometres` of the slide.
    pub fn enlarged(&self, micrometres: Option<f64>) -> Result<Option<f32>, JsError> {
        Ok(scale_of(micrometres)?.map(|scale| self.finder.enlarged(scale)))
    }

    /// The tiles of a field, eight numbers each: the first column and row that the tile sees and those after
    /// the last, then the same of its own part.
    pub fn tiles(&self, width: u32, height: u32, enlarged: f32) -> Vec<u32> {
        let tiles = self.finder.tiles([width, height], enlarged).into_iter();
        let numbers = |[columns, rows]: [std::ops::Range<u32>; 2]| {
            [columns.start, rows.start, columns.end, rows.end]
        };
        tiles
            .flat_map(|tile| [numbers(tile.seen), numbers(tile.own)])
            .flatten()
            .collect()
    }

    /// The pixels that a tile sees, RGBA, and its eight numbers → the objects of its own part.
    pub async fn find(
        &self,
        rgba: Vec<u8>,
        tile: Vec<u32>,
        enlarged: f32,
    ) -> Result<Vec<f32>, JsError> {
        let (&[seen, own], _) = tile.as_chunks::<4>() else {
            return Err(JsError::new("a tile has eight numbers"));
        };
        let ranges = |[left, top, right, bottom]: [u32; 4]| [left..right, top..bottom];
        let tile = Tile {
            seen: ranges(seen),
            own: ranges(own),
        };
        let seen = rgb_of(&rgba, tile.seen[0].len() as u32)?;
        let found = self.finder.read(&seen, &tile, enlarged).await?;
        Ok(numbers(&found))
    }

    /// The objects of all tiles → those of the field, each once.
    pub fn join(&self, found: &[f32], width: u32, height: u32) -> Vec<f32> {
        numbers(&self.finder.join(self.objects(found), [width, height]))
    }

    /// The objects of a field, read as one of the trained scale → how many of its pixels stand for one of
    /// that scale; undefined where it is about one, or cannot be told.
    pub fn enlargement(&self, found: &[f32]) -> Option<f32> {
        self.finder.enlargement(&self.objects(found))
    }

    /// Frees the network; its memory serves the next one.
    pub fn release(self) {
        drop(self);
        kernels::release_unused();
    }
}

impl Finder {
    fn objects(&self, numbers: &[f32]) -> Vec<Found> {
        let rays = self.finder.rays();
        let objects = numbers.chunks_exact(BEFORE_POINTS + 2 * rays);
        let object = |numbers: &[f32]| {
            let (before, points) = numbers.split_at(BEFORE_POINTS);
            Found {
                probability: before[0],
                is_read: before[1] != 0.0,
                middle: [before[2], before[3]],
                points: points.as_chunks().0.to_vec(),
            }
        };
        objects.map(object).collect()
    }
}

fn numbers(found: &[Found]) -> Vec<f32> {
    let object = |found: &Found| {
        let [x, y] = found.middle;
        let before = [found.probability, f32::from(found.is_read), x, y];
        let mut numbers = before.to_vec();
        numbers.extend(found.points.as_flattened());
        numbers
    };
    found.iter().flat_map(object).collect()
}
