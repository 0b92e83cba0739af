//! The functions that JavaScript calls, over the same [`Classifier`](crate::classify::Classifier) as
//! the command line.
//!
//! A caller gets plain data (objects, numbers, strings); a failure is an `Error` with a message for
//! people. `pkg/index.d.ts` describes the objects. The program runs in workers, since on the CPU a
//! forward pass blocks its thread; [`decide`] and [`geometry`] alone run on the page's own thread.

mod adapter;
mod classifier;
mod decide;
mod device;
mod field;
mod finder;
mod geometry;
mod load;
mod pictures;
#[cfg(feature = "webgpu")]
mod webgpu;
#[cfg(not(feature = "webgpu"))]
#[path = "no_webgpu.rs"]
mod webgpu;

use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::classify::ClassifyError;
use crate::image::NotACell;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds on the browser's steady clock, in the browser's resolution.
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
    // Without this call the linker has every call from JavaScript run all constructors, and again
    // for each object in an answer.
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

/// The error of a picture that cannot be read; a page knows by its name that the picture is a field.
fn refusal(error: ClassifyError) -> JsValue {
    let name = match error {
        ClassifyError::NotACell(NotACell::LooksLikeField { .. }) => "WholeFieldError",
        _ => "Error",
    };
    let error = js_sys::Error::new(&error.to_string());
    error.set_name(name);
    error.into()
}

/// Maps become plain objects and absent values null, as in JSON.
fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}
