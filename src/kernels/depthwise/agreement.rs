//! Cases in which the GPU must agree with the CPU.

use super::depthwise;
use crate::kernels::agreement::cases::Cases;

pub fn cases(cases: &mut Cases) {
    for [batch, height, width, channels, kernel] in [
        [1, 7, 7, 4, 7],
        [2, 5, 9, 6, 3],
        [1, 3, 2, 5, 5],
        [1, 14, 13, 40, 7],
        [2, 4, 6, 12, 7],
    ] {
        let name = format!("depthwise {batch}×{height}×{width}×{channels}, kernel {kernel}");
        cases.add(name, move |random| {
            let x = random.next([batch, height, width, channels]);
            let weight = random.next([channels, 1, kernel, kernel]);
            depthwise(x, weight, random.next([channels])).flatten(0, 3)
        });
    }
}
