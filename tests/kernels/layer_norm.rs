//! Layer normalisation.

use karyolens::kernels;
use karyolens::kernels::layer_norm::compose;

use super::{check, device, random, run};

#[test]
fn layer_norm() {
    let device = device();
    for shape in [[1, 1, 1, 2], [2, 3, 5, 7], [3, 9, 11, 40], [1, 20, 20, 97]] {
        // Far from 0, where a careless variance loses its digits.
        let x = (random(shape, &device) + 30.0).detach().require_grad();
        let gamma = random([shape[3]], &device);
        let beta = random([shape[3]], &device);
        check(
            &format!("{shape:?}"),
            || {
                run!(
                    |x, g, b| kernels::layer_norm::<4>(x, g, b, 1e-6),
                    x,
                    gamma,
                    beta
                )
            },
            || {
                run!(
                    |x, g, b| compose::layer_norm::<4>(x, g, b, 1e-6),
                    x,
                    gamma,
                    beta
                )
            },
        );
    }
}
