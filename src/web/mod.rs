//! The browser's face: what JavaScript calls, over the same [`Classifier`] as the command line.
//!
//! Everything a caller gets is plain data (objects, numbers, strings); every failure is an
//! `Error` with a message for people. `pkg/index.d.ts` describes the objects. The module is made
//! to run in a worker: on the CPU a forward pass blocks its thread.

mod adapter;
mod device;
#[cfg(feature = "webgpu")]
mod webgpu;
#[cfg(not(feature = "webgpu"))]
#[path = "no_webgpu.rs"]
mod webgpu;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::checkpoint::Checkpoint;
use crate::classify;
use crate::image::{CellImage, RgbImage, decode, render_synthetic};
#[cfg(feature = "webgpu")]
use crate::kernels::{agreement::agreement, set_staging};
use crate::nuclei::Feature;
use device::{DeviceReport, Request};

#[wasm_bindgen]
extern "C" {
    /// Milliseconds on the browser's steady clock, as finely as it tells them.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

unsafe extern "C" {
    /// The constructors of the module's statics; with WebGPU CubeCL's compiler registers its
    /// operations in hundreds of them. The linker defines it.
    fn __wasm_call_ctors();
}

#[wasm_bindgen(start)]
fn start() {
    // Once, here: where nobody names them, the linker has every call from JavaScript run them all,
    // and again for each object that an answer is made of.
    // SAFETY: nothing has run before, and this runs once.
    unsafe { __wasm_call_ctors() };
    // A panic ends the module; its message must reach the page all the same.
    console_error_panic_hook::set_once();
}

/// The crate's version.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

/// A PNG file with one synthetic cell image that shows the named features, marked as synthetic.
#[wasm_bindgen(js_name = render_synthetic)]
pub fn render_synthetic_png(features: Vec<String>, seed: u32) -> Result<Vec<u8>, JsError> {
    let features = features.iter().map(|name| name.parse::<Feature>());
    let features = features
        .collect::<Result<Vec<_>, _>>()
        .map_err(|fault| JsError::new(&fault))?;
    png_of(&render_synthetic(&features, seed.into()))
}

/// The bytes of one image file → a PNG file of the 224×224 px cell image that networks are given.
#[wasm_bindgen]
pub fn cell_image(file: Vec<u8>) -> Result<Vec<u8>, JsError> {
    // The classifier's errors speak to the person who chose the file.
    let picture = decode(&file).map_err(classify::ClassifyError::from)?;
    png_of(CellImage::new(picture)?.pixels())
}

/// With PNG's own encoder: `RgbImage::write_to` would bring those of every format into the module.
fn png_of(picture: &RgbImage) -> Result<Vec<u8>, JsError> {
    let mut png = Vec::new();
    let (width, height) = picture.dimensions();
    PngEncoder::new(&mut png).write_image(picture, width, height, ExtendedColorType::Rgb8)?;
    Ok(png)
}

/// A trained network on one of the browser's devices.
#[wasm_bindgen]
pub struct Classifier {
    classifier: classify::Classifier,
    device: DeviceReport,
}

#[wasm_bindgen]
impl Classifier {
    /// Reads the bytes of a checkpoint and puts its network on `device`: `auto`, `webgpu`, `cpu`.
    pub async fn load(checkpoint: Vec<u8>, device: String) -> Result<Classifier, JsError> {
        let request: Request = device
            .parse()
            .map_err(|fault: String| JsError::new(&fault))?;
        let checkpoint = Checkpoint::read(&checkpoint)?;
        let (classifier, device) = device::place(checkpoint, request)
            .await
            .map_err(|fault| JsError::new(&fault))?;
        Ok(Self { classifier, device })
    }

    /// The model card.
    #[wasm_bindgen(getter)]
    pub fn card(&self) -> Result<JsValue, JsError> {
        to_js(self.classifier.card())
    }

    /// How the risk is worked out; null where the features are not the nine.
    #[wasm_bindgen(getter)]
    pub fn risk_rule(&self) -> Result<JsValue, JsError> {
        to_js(&self.classifier.card().task.features.risk_rule())
    }

    /// Which device runs the network, and why.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> Result<JsValue, JsError> {
        to_js(&self.device)
    }

    /// The bytes of one image file → what the network says of the cell.
    pub async fn classify(&self, file: Vec<u8>) -> Result<JsValue, JsError> {
        to_js(&self.classifier.read(&file).await?)
    }

    /// The bytes of one image file and a feature's name → which parts of the cell spoke for it.
    pub async fn explain(&self, file: Vec<u8>, feature: String) -> Result<JsValue, JsError> {
        let feature = self.classifier.card().task.features.index(&feature)?;
        to_js(&self.classifier.explain(&file, feature).await?)
    }

    /// The bytes of a reference → how far the network's answers are from it.
    pub async fn verify(&self, reference: Vec<u8>) -> Result<JsValue, JsError> {
        to_js(&self.classifier.verify(&reference).await?)
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

/// Every kernel of the browser's GPU against the CPU's, with and without shared memory: an array of
/// `{case, difference}`.
///
/// An error where there is no GPU that can be asked. Afterwards products use no shared memory.
#[cfg(feature = "webgpu")]
#[wasm_bindgen]
pub async fn check_kernels() -> Result<JsValue, JsError> {
    let device = webgpu::open().await.map_err(|fault| JsError::new(&fault))?;
    let mut found = Vec::new();
    for staging in [true, false] {
        set_staging(staging);
        found.extend(agreement(&device).await?);
    }
    to_js(&found)
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    // Maps as plain objects, absent values as null, as JSON would have them.
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}
