//! Upsampling on the CPU, one task a line.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use pulp::{Simd, WithSimd};

use super::{Interpolation, UpsampleOps};
use crate::kernels::Images;
use crate::kernels::cpu::tasks::{Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{contiguous, images, tensor, values};

impl UpsampleOps for Flex {
    fn upsample(x: FlexTensor, interpolation: Interpolation) -> FlexTensor {
        let x = contiguous(x);
        let images = images(&x);
        let out = forward(values(&x), images, interpolation);
        tensor(out, doubled(images).shape())
    }
}

/// The images that an upsampling makes.
pub fn doubled(images: Images) -> Images {
    Images {
        height: 2 * images.height,
        width: 2 * images.width,
        ..images
    }
}

/// `x` upsampled.
pub fn forward(x: &[f32], images: Images, interpolation: Interpolation) -> Vec<f32> {
    assert_eq!(x.len(), images.values());
    let output = doubled(images);
    let mut out = buffer(output.values());
    let shared = Shared::new(&mut out);
    let lines = |line: usize| &x[line * images.line()..][..images.line()];
    for_each(images.batch * images.height, |line| {
        // SAFETY: one line a task, and the two that it makes.
        let out = unsafe { shared.part(2 * line * output.line(), 2 * output.line()) };
        let (upper, lower) = out.split_at_mut(output.line());
        match interpolation {
            Interpolation::Nearest => {
                let pixels = lines(line).chunks_exact(images.channels);
                for (pixel, pair) in pixels.zip(upper.chunks_exact_mut(2 * images.channels)) {
                    let (left, right) = pair.split_at_mut(images.channels);
                    left.copy_from_slice(pixel);
                    right.copy_from_slice(pixel);
                }
                lower.copy_from_slice(upper);
            }
            Interpolation::Bilinear => {
                let y = line % images.height;
                let above = if y == 0 { line } else { line - 1 };
                let below = if y + 1 == images.height {
                    line
                } else {
                    line + 1
                };
                for (far, out) in [(above, upper), (below, lower)] {
                    vector::dispatch(Line {
                        near: lines(line),
                        far: lines(far),
                        channels: images.channels,
                        out,
                    });
                }
            }
        }
    });
    out
}

/// One line of the result: ¾ of the nearest line and ¼ of the next nearest, and the same along it.
struct Line<'a> {
    near: &'a [f32],
    far: &'a [f32],
    channels: usize,
    out: &'a mut [f32],
}

impl WithSimd for Line<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            near,
            far,
            channels,
            out,
        } = self;
        let width = near.len() / channels;
        let (most, rest) = (simd.splat_f32s(0.75), simd.splat_f32s(0.25));
        let blend = |near, far| vector::mul_add(simd, near, most, simd.mul_f32s(far, rest));
        for channel in (0..channels).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(channels - channel);
            // SAFETY: `near` and `far` hold `width` pixels, `out` twice as many.
            unsafe {
                let pixel = |column: usize| {
                    let at = column.min(width - 1) * channels + channel;
                    blend(
                        vector::load(simd, near.as_ptr().add(at), lanes),
                        vector::load(simd, far.as_ptr().add(at), lanes),
                    )
                };
                let mut here = pixel(0);
                let mut left = here;
                for column in 0..width {
                    let right = pixel(column + 1);
                    let to = out.as_mut_ptr().add(2 * column * channels + channel);
                    vector::store(simd, to, lanes, blend(here, left));
                    vector::store(simd, to.add(channels), lanes, blend(here, right));
                    (left, here) = (here, right);
                }
            }
        }
    }
}
