//! The mean on a browser's GPU: each unit adds up one vector of channels of an image.

use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::PixelMeanOps;
use crate::kernels::Images;
use crate::kernels::gpu::{cubes, empty, lanes, sides};

/// `[images, pixels, channels]` → the mean over the pixels, `[images, channels]`.
#[cube(launch_unchecked)]
pub fn pixel_mean<F: Float, N: Size>(
    x: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    images: u32,
    pixels: u32,
    channels: u32,
) {
    let channel = ABSOLUTE_POS_X;
    let image = ABSOLUTE_POS_Y;
    if channel >= channels || image >= images {
        terminate!();
    }
    let mut sum = Vector::<F, N>::new(F::from_int(0));
    for pixel in 0..pixels {
        sum += x[((image * pixels + pixel) * channels + channel) as usize];
    }
    let count = Vector::<F, N>::new(F::cast_from(pixels));
    out[(image * channels + channel) as usize] = sum / count;
}

impl PixelMeanOps for CubeBackend {
    fn pixel_mean(x: CubeTensor) -> CubeTensor {
        let x = into_contiguous(x);
        let images = Images::new(sides(&x));
        let lanes = lanes(&[images.channels]);
        let channels = images.channels / lanes;
        let out = empty(&x, [images.batch, images.channels]);
        let (count, dim) = cubes(channels, images.batch, [32, 1]);
        let client = x.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            pixel_mean::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                lanes,
                x.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                images.batch as u32,
                (images.height * images.width) as u32,
                channels as u32,
            );
        }
        out
    }
}
