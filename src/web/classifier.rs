//! A trained network on one of the browser's devices.

use wasm_bindgen::prelude::*;

use super::device::DeviceReport;
use super::field::{Cell, rgb_of, scale_of};
use super::{now, refusal, to_js};
use crate::classify;
use crate::field::cell_scale;
use crate::image::{CellImage, render_synthetic};
use crate::kernels;
use crate::nuclei::Feature;

/// A trained network on one of the browser's devices.
#[wasm_bindgen]
pub struct Classifier {
    pub(super) classifier: classify::Classifier,
    pub(super) device: DeviceReport,
}

#[wasm_bindgen]
impl Classifier {
    /// The model card.
    #[wasm_bindgen(getter)]
    pub fn card(&self) -> Result<JsValue, JsError> {
        to_js(self.classifier.card())
    }

    /// The rule of the risk; null where the features are not the nine.
    #[wasm_bindgen(getter)]
    pub fn risk_rule(&self) -> Result<JsValue, JsError> {
        to_js(&self.classifier.card().task.features.risk_rule())
    }

    /// Which device runs the network, and why.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> Result<JsValue, JsError> {
        to_js(&self.device)
    }

    /// The bytes of one image file → the features of the cell.
    pub async fn classify(&self, file: Vec<u8>) -> Result<JsValue, JsValue> {
        let read = self.classifier.read(&file).await;
        Ok(to_js(&read.map_err(refusal)?)?)
    }

    /// A picture, RGBA, whatever it shows → its features as those of one cell.
    pub async fn classify_picture(&self, rgba: Vec<u8>, width: u32) -> Result<JsValue, JsError> {
        to_js(&self.classifier.read_picture(rgb_of(&rgba, width)?).await?)
    }

    /// The nucleus that a contour surrounds in a piece of a field, RGBA, at the scale that the model was
    /// trained at. `contour` is x and y of each point in pixels of the piece, a pixel shows `micrometres`
    /// of the slide. The contour's `name` is for the error where it surrounds nothing.
    pub fn cut(
        &self,
        rgba: &[u8],
        width: u32,
        contour: &[f64],
        micrometres: Option<f64>,
        name: &str,
    ) -> Result<Cell, JsError> {
        let scale = cell_scale(&self.classifier, scale_of(micrometres)?);
        let nothing = || JsError::new(&format!("{name} surrounds no pixel of the picture"));
        Cell::cut(rgba, width, contour, scale)?.ok_or_else(nothing)
    }

    /// Nuclei → the features of each.
    pub async fn classify_cells(&self, cells: Vec<Cell>) -> Result<JsValue, JsError> {
        let cells: Vec<CellImage> = cells.into_iter().map(|cell| cell.0).collect();
        to_js(&self.classifier.classify_cells(&cells).await?)
    }

    /// A nucleus and a feature's name → which parts of the nucleus spoke for it.
    pub async fn explain_cell(&self, cell: Cell, feature: String) -> Result<JsValue, JsError> {
        let feature = self.classifier.card().task.features.index(&feature)?;
        to_js(&self.classifier.explain_cell(&cell.0, feature).await?)
    }

    /// The bytes of a reference → how far the network's answers are from it.
    pub async fn verify(&self, reference: Vec<u8>) -> Result<JsValue, JsError> {
        to_js(&self.classifier.verify(&reference).await?)
    }

    /// Frees the network; its memory serves the next one.
    pub fn release(self) {
        drop(self);
        kernels::release_unused();
    }

    /// Milliseconds of each of `passes` forward passes over `batch` drawn cells: from pictures of
    /// the input's side to logits that have been read back, as classifying does it.
    pub async fn measure(&self, batch: u32, passes: u32) -> Result<JsValue, JsError> {
        let spec = &self.classifier.card().task.input;
        let pictures = (0..batch)
            .map(|seed| CellImage::new(render_synthetic(&[Feature::Grooves], seed.into())))
            .map(|cell| Ok(spec.resized(&cell?)))
            .collect::<Result<Vec<_>, JsError>>()?;
        let mut times = Vec::new();
        for _ in 0..passes {
            let start = now();
            self.classifier.pass(&pictures).await?;
            times.push(now() - start);
        }
        to_js(&times)
    }
}
