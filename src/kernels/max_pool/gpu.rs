//! Max pooling on a browser's GPU: each unit reads its window from memory.

use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::MaxPoolOps;
use crate::kernels::gpu::{cubes, empty, lanes, sides};
use crate::kernels::{Images, Window};

/// Sizes of a pooling; `channels` in vectors.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
#[allow(missing_docs)]
pub struct PoolSizes {
    pub rows: u32,
    pub channels: u32,
    pub height: u32,
    pub width: u32,
    pub out_height: u32,
    pub out_width: u32,
    pub kernel: u32,
    pub stride: u32,
    pub pad: u32,
}

/// The highest value of every window, channel by channel.
#[cube(launch_unchecked)]
pub fn max_pool<F: Float, N: Size>(x: &[Vector<F, N>], out: &mut [Vector<F, N>], sizes: PoolSizes) {
    let channel = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if channel >= sizes.channels || row >= sizes.rows {
        terminate!();
    }
    let column = row % sizes.out_width;
    let line = row / sizes.out_width;
    let image = line / sizes.out_height;
    let top = (line % sizes.out_height) * sizes.stride;
    let left = column * sizes.stride;
    let mut highest = Vector::<F, N>::new(F::min_value());
    for tap_y in 0..sizes.kernel {
        for tap_x in 0..sizes.kernel {
            // Below 0 wraps to far above the sides.
            let y = top + tap_y - sizes.pad;
            let x_at = left + tap_x - sizes.pad;
            if y < sizes.height && x_at < sizes.width {
                let pixel = (image * sizes.height + y) * sizes.width + x_at;
                highest = max(highest, x[(pixel * sizes.channels + channel) as usize]);
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
        let sizes = PoolSizesLaunch::new(
            output.pixels() as u32,
            channels as u32,
            images.height as u32,
            images.width as u32,
            output.height as u32,
            output.width as u32,
            window.kernel as u32,
            window.stride as u32,
            window.pad as u32,
        );
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
