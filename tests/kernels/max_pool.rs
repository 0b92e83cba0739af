//! Max pooling.

use karyolens::kernels::max_pool::compose;
use karyolens::kernels::{self, Window};

use super::{check, device, random, run};

#[test]
fn max_pool() {
    let device = device();
    for (shape, kernel, stride, pad) in [
        ([1, 3, 3, 1], 3, 2, 1),
        ([2, 11, 8, 19], 3, 2, 1),
        ([2, 6, 6, 5], 2, 2, 0),
    ] {
        let window = Window {
            kernel,
            stride,
            pad,
        };
        let x = random(shape, &device);
        check(
            &format!("{shape:?}, {window:?}"),
            || run!(|x| kernels::max_pool(x, window), x),
            || run!(|x| compose::max_pool(x, window), x),
        );
    }
}
