//! Max pooling on a browser's GPU: each unit reads its window from memory.

use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::MaxPoolOps;
use crate::kernels::gpu::windows::{Windows, pixel, windows};
use crate::kernels::gpu::{cubes, empty, lanes, sides};
use crate::kernels::{Images, Window};

/// The highest value of every window, channel by channel.
#[cube(launch_unchecked)]
pub fn max_pool<F: Float, N: Size>(x: &[Vector<F, N>], out: &mut [Vector<F, N>], sizes: Windows) {
    let channel = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if channel >= sizes.channels || row >= sizes.rows {
        terminate!();
    }
    let mut highest = Vector::<F, N>::new(F::min_value());
    for tap_y in 0..sizes.kernel {
        for tap_x in 0..sizes.kernel {
            let (at, inside) = pixel(&sizes, row, tap_y, tap_x);
            if inside {
                highest = max(highest, x[at + channel as usize]);
            }
        }
    }
    out[(row * sizes.channels + channel) as usize] = highest;
}

impl MaxPoolOps for CubeBackend {
    fn max_pool(x: CubeTensor, window: Window) -> CubeTensor {
        let x = into_contiguous(x);
        let images = Images::new(sides(&x));
        let output = window.output(images, images.channels);
        let lanes = lanes(&[images.channels]);
        let channels = images.channels / lanes;
        let out = empty(&x, output.shape());
        let sizes = windows(images, output, window, lanes);
        let (count, dim) = cubes(channels, output.pixels(), [8, 8]);
        let client = x.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            max_pool::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                lanes,
                x.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                sizes,
            );
        }
        out
    }
}
