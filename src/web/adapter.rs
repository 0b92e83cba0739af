//! The browser's GPU, as `navigator.gpu` describes it.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::WorkerGlobalScope;

/// The feature without which cubecl's wgpu runtime fails when it opens its first stream.
pub(super) const NEEDED_FEATURE: &str = "timestamp-query";

/// The browser's description of its GPU.
pub(super) struct Adapter {
    pub name: String,
    /// Whether it is a CPU that poses as a GPU.
    pub fallback: bool,
    /// Whether it has [`NEEDED_FEATURE`].
    pub capable: bool,
}

/// The adapter that `navigator.gpu` offers. web-sys has no stable bindings of WebGPU, so this reads the
/// few properties it needs by name.
pub(super) async fn find_adapter() -> Result<Adapter, String> {
    let gpu = get(&navigator(), "gpu");
    if gpu.is_undefined() {
        return Err("this browser has no WebGPU".into());
    }
    let options = Object::new();
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(
        &options,
        &"powerPreference".into(),
        &"high-performance".into(),
    );
    let adapter = call(&gpu, "requestAdapter", &options)
        .and_then(|promise| promise.dyn_into::<Promise>().ok())
        .ok_or("this browser's WebGPU cannot be asked for an adapter")?;
    let adapter = JsFuture::from(adapter).await.unwrap_or(JsValue::NULL);
    if adapter.is_null() || adapter.is_undefined() {
        return Err("this browser's WebGPU offers no adapter".into());
    }
    let info = get(&adapter, "info");
    let words = ["vendor", "architecture", "device", "description"]
        .iter()
        .filter_map(|key| get(&info, key).as_string())
        .filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join(" ");
    let features = get(&adapter, "features");
    let has = call(&features, "has", &NEEDED_FEATURE.into());
    // Older browsers have the flag on the adapter, newer ones on its info.
    let fallback = [&info, &adapter]
        .iter()
        .any(|object| get(object, "isFallbackAdapter").is_truthy());
    Ok(Adapter {
        name: if name.is_empty() {
            "unnamed".into()
        } else {
            name
        },
        fallback,
        capable: has.is_some_and(|has| has.is_truthy()),
    })
}

/// The worker's navigator, or the page's where there is no worker.
fn navigator() -> JsValue {
    let global = js_sys::global();
    match global.dyn_ref::<WorkerGlobalScope>() {
        Some(worker) => worker.navigator().into(),
        None => web_sys::window().map_or(JsValue::UNDEFINED, |page| page.navigator().into()),
    }
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn call(object: &JsValue, method: &str, argument: &JsValue) -> Option<JsValue> {
    get(object, method)
        .dyn_ref::<Function>()?
        .call1(object, argument)
        .ok()
}
