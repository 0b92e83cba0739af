//! Cases in which the GPU must agree with the CPU.

use super::pixel_mean;
use crate::kernels::agreement::cases::{Cases, WINDOWS};

pub fn cases(cases: &mut Cases) {
    for (images, ..) in WINDOWS {
        cases.add(format!("pixel mean {images:?}"), move |random| {
            pixel_mean(random.next(images)).flatten(0, 1)
        });
    }
}
