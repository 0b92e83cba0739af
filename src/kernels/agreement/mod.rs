//! Whether the kernels of a device agree with the CPU's: every kernel, over odd sizes and the sizes of
//! the networks.
//!
//! A browser's GPU can be wrong without an error. The browser's tests find out here, and anybody can
//! on a machine of their own.

pub(super) mod cases;

use burn::tensor::{Device, ExecutionError};
use serde::Serialize;

use cases::{Cases, Inputs};

/// How far one kernel is from the CPU's.
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    /// The kernel and its sizes.
    pub case: String,
    /// The largest |difference|, over max(1, the largest |value|); infinite where an answer is not
    /// a number.
    pub difference: f32,
}

/// The cases of every operation.
fn all() -> Cases {
    let mut cases = Cases::default();
    for room in [
        super::attention::agreement::cases,
        super::convolve::agreement::cases,
        super::depthwise::agreement::cases,
        super::layer_norm::agreement::cases,
        super::linear::agreement::cases,
        super::max_pool::agreement::cases,
        super::pixel_mean::agreement::cases,
        super::tokens::agreement::cases,
        super::upsample::agreement::cases,
    ] {
        room(&mut cases);
    }
    cases
}

/// Every kernel on `device` against the CPU's.
///
/// # Errors
/// [`ExecutionError`] where the device gives no answer.
pub async fn agreement(device: &Device) -> Result<Vec<Agreement>, ExecutionError> {
    let mut found = Vec::new();
    for (case, operation) in all().0 {
        let on = |device: &Device| operation(&mut Inputs::new(device)).into_data_async();
        let expected: Vec<f32> = on(&Device::flex()).await?.iter::<f32>().collect();
        let answer: Vec<f32> = on(device).await?.iter::<f32>().collect();
        let largest = expected
            .iter()
            .fold(1.0f32, |most, value| most.max(value.abs()));
        let apart = answer.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        // `f32::max` passes over NaN, which must not pass here.
        let apart = apart.fold(0.0f32, |most, apart| match apart.is_nan() {
            true => f32::INFINITY,
            false => most.max(apart),
        });
        let complete = answer.len() == expected.len();
        found.push(Agreement {
            case,
            difference: if complete {
                apart / largest
            } else {
                f32::INFINITY
            },
        });
    }
    Ok(found)
}
