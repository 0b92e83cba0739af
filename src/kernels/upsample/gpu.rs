//! Upsampling on a browser's GPU: a unit makes one vector of channels of one pixel.

use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{Interpolation, UpsampleOps};
use crate::kernels::Images;
use crate::kernels::gpu::{cubes, empty, lanes, sides};

/// Sizes of an upsampling; `channels` in vectors.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct Sizes {
    /// Pixels of the result, of all images.
    pub rows: u32,
    pub channels: u32,
    /// Lines that go in.
    pub height: u32,
    /// Pixels of a line that go in.
    pub width: u32,
}

/// The place after the nearest one to place `at` of the result, of `side` places.
#[cube]
fn next_nearest(at: u32, side: u32) -> u32 {
    let near = at / 2;
    select(at % 2 == 0, max(near, 1) - 1, min(near + 1, side - 1))
}

#[cube(launch_unchecked)]
pub fn upsample<F: Float, N: Size>(
    x: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    sizes: Sizes,
    #[comptime] bilinear: bool,
) {
    let channel = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if channel >= sizes.channels || row >= sizes.rows {
        terminate!();
    }
    let column = row % (2 * sizes.width);
    let line = row / (2 * sizes.width);
    let y = line % (2 * sizes.height);
    let first = line / (2 * sizes.height) * sizes.height;
    let near = (first + y / 2) * sizes.width;
    let mut value = x[((near + column / 2) * sizes.channels + channel) as usize];
    if bilinear {
        let far = (first + next_nearest(y, sizes.height)) * sizes.width;
        let aside = next_nearest(column, sizes.width);
        let below = x[((far + column / 2) * sizes.channels + channel) as usize];
        let beside = x[((near + aside) * sizes.channels + channel) as usize];
        let across = x[((far + aside) * sizes.channels + channel) as usize];
        let most = Vector::<F, N>::new(F::new(0.75_f32));
        let rest = Vector::<F, N>::new(F::new(0.25_f32));
        value = most * (most * value + rest * below) + rest * (most * beside + rest * across);
    }
    out[(row * sizes.channels + channel) as usize] = value;
}

impl UpsampleOps for CubeBackend {
    fn upsample(x: CubeTensor, interpolation: Interpolation) -> CubeTensor {
        let x = into_contiguous(x);
        let images = Images::new(sides(&x));
        let output = super::cpu::doubled(images);
        let lanes = lanes(&[images.channels]);
        let channels = images.channels / lanes;
        let out = empty(&x, output.shape());
        let sizes = SizesLaunch::new(
            output.pixels() as u32,
            channels as u32,
            images.height as u32,
            images.width as u32,
        );
        let (count, dim) = cubes(channels, output.pixels(), [8, 8]);
        let client = x.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            upsample::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                lanes,
                x.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                sizes,
                interpolation == Interpolation::Bilinear,
            );
        }
        out
    }
}
