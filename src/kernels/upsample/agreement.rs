//! Cases in which the GPU must agree with the CPU.

use super::{Interpolation, upsample};
use crate::kernels::agreement::cases::Cases;

pub fn cases(cases: &mut Cases) {
    for images in [
        [1, 1, 1, 1],
        [2, 3, 5, 7],
        [1, 7, 1, 4],
        [2, 9, 11, 40],
        [1, 14, 13, 64],
    ] {
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            let name = format!("upsample {images:?}, {interpolation:?}");
            cases.add(name, move |random| {
                upsample(random.next(images), interpolation).flatten(0, 3)
            });
        }
    }
}
