//! Depthwise convolutions, also of a side that only burn knows.

use karyolens::kernels;
use karyolens::kernels::depthwise::compose;

use super::{check, device, random, run};

#[test]
fn depthwise() {
    let device = device();
    for (shape, kernel) in [
        ([1, 1, 1, 1], 7),
        ([2, 3, 3, 320], 7),
        ([1, 5, 9, 17], 7),
        ([3, 14, 16, 40], 7),
        ([2, 8, 7, 33], 5),
        ([2, 6, 15, 9], 3),
        ([2, 12, 12, 6], 9),
    ] {
        let [_, _, _, channels] = shape;
        let x = random(shape, &device);
        let weight = random([channels, 1, kernel, kernel], &device);
        let bias = random([channels], &device);
        check(
            &format!("{shape:?}, kernel {kernel}"),
            || run!(kernels::depthwise, x, weight, bias),
            || run!(compose::depthwise, x, weight, bias),
        );
    }
}
