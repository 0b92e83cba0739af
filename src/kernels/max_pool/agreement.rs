//! Cases in which the GPU must agree with the CPU.

use super::max_pool;
use crate::kernels::Window;
use crate::kernels::agreement::cases::{Cases, WINDOWS};

pub fn cases(cases: &mut Cases) {
    for (images, _, window) in WINDOWS {
        let window = Window {
            pad: window.kernel / 2,
            ..window
        };
        let name = format!("max pool {images:?}, {window:?}");
        cases.add(name, move |random| {
            max_pool(random.next(images), window).flatten(0, 3)
        });
    }
}
