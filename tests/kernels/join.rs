//! Residual branches.

use karyolens::kernels;
use karyolens::kernels::join::compose;

use super::{check, device, random, run};

#[test]
fn join() {
    let device = device();
    for shape in [[1, 1, 1], [4, 50, 37], [3, 200, 40]] {
        let [batch, _, channels] = shape;
        let residual = random(shape, &device);
        let branch = random(shape, &device);
        let scale = random([channels], &device);
        let keep = random([batch], &device).detach();
        let keep = || Some(keep.clone());
        check(
            &format!("{shape:?} with both"),
            || {
                run!(
                    |r, b, s| kernels::join::<3>(r, b, Some(s), keep()),
                    residual,
                    branch,
                    scale
                )
            },
            || {
                run!(
                    |r, b, s| compose::join::<3>(r, b, Some(s), keep()),
                    residual,
                    branch,
                    scale
                )
            },
        );
        check(
            &format!("{shape:?} with a scale"),
            || {
                run!(
                    |r, b, s| kernels::join::<3>(r, b, Some(s), None),
                    residual,
                    branch,
                    scale
                )
            },
            || {
                run!(
                    |r, b, s| compose::join::<3>(r, b, Some(s), None),
                    residual,
                    branch,
                    scale
                )
            },
        );
        check(
            &format!("{shape:?} with keep"),
            || {
                run!(
                    |r, b| kernels::join::<3>(r, b, None, keep()),
                    residual,
                    branch
                )
            },
            || {
                run!(
                    |r, b| compose::join::<3>(r, b, None, keep()),
                    residual,
                    branch
                )
            },
        );
        check(
            &format!("{shape:?} alone"),
            || {
                run!(
                    |r, b| kernels::join::<3>(r, b, None, None),
                    residual,
                    branch
                )
            },
            || {
                run!(
                    |r, b| compose::join::<3>(r, b, None, None),
                    residual,
                    branch
                )
            },
        );
    }
}
