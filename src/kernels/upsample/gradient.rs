//! The gradient of an upsampling: each pixel collects from the pixels that it went to.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use pulp::{Simd, WithSimd};

use super::cpu::doubled;
use super::{Interpolation, UpsampleOps};
use crate::kernels::Images;
use crate::kernels::cpu::tasks::{Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{images, tensor, values};
use crate::kernels::gradient::{GraphTensor, Step, parts, record};

impl<C: CheckpointStrategy> UpsampleOps for Autodiff<Flex, C> {
    fn upsample(x: GraphTensor, interpolation: Interpolation) -> GraphTensor {
        let (x, of_x) = parts(x);
        let step = UpsampleStep {
            images: images(&x),
            interpolation,
        };
        record::<C, _, 1>([of_x], Flex::upsample(x, interpolation), step)
    }
}

#[derive(Clone, Debug)]
struct UpsampleStep {
    images: Images,
    interpolation: Interpolation,
}

impl Step<1> for UpsampleStep {
    fn gradients(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let out = backward(values(&gradient), self.images, self.interpolation);
        [Some(tensor(out, self.images.shape()))]
    }
}

/// The gradient of the `images` that went in.
fn backward(gradient: &[f32], images: Images, interpolation: Interpolation) -> Vec<f32> {
    let output = doubled(images);
    assert_eq!(gradient.len(), output.values());
    let mut out = buffer(images.values());
    let shared = Shared::new(&mut out);
    for_each(images.batch * images.height, |line| {
        let (image, y) = (line / images.height, line % images.height);
        vector::dispatch(Line {
            gradient: &gradient[image * output.image()..][..output.image()],
            y,
            output,
            interpolation,
            // SAFETY: one line a task.
            out: unsafe { shared.part(line * images.line(), images.line()) },
        });
    });
    out
}

/// One line of the gradient, from one image's gradient of the result.
struct Line<'a> {
    gradient: &'a [f32],
    y: usize,
    output: Images,
    interpolation: Interpolation,
    out: &'a mut [f32],
}

impl WithSimd for Line<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.interpolation {
            Interpolation::Nearest => self.collect(simd, 0, [1.0; 2]),
            Interpolation::Bilinear => self.collect(simd, 1, [0.25, 0.75, 0.75, 0.25]),
        }
    }
}

impl Line<'_> {
    /// Pixel `i` of an axis went to the `N` pixels from `2·i - before` on with these `weights`; those beyond the
    /// border stand for the pixel at the border.
    #[inline(always)]
    fn collect<S: Simd, const N: usize>(self, simd: S, before: usize, weights: [f32; N]) {
        let Images {
            height,
            width,
            channels,
            ..
        } = self.output;
        let weights = weights.map(|weight| simd.splat_f32s(weight));
        let places = |i: usize, side: usize| -> [usize; N] {
            std::array::from_fn(|tap| (2 * i + tap).saturating_sub(before).min(side - 1))
        };
        let lines = places(self.y, height).map(|y| y * width * channels);
        for channel in (0..channels).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(channels - channel);
            for column in 0..width / 2 {
                let mut sum = simd.splat_f32s(0.0);
                let columns = places(column, width).map(|x| x * channels + channel);
                // SAFETY: `places` are those of the image, and the line holds `width / 2` pixels.
                unsafe {
                    for (line, of_line) in lines.iter().zip(weights) {
                        let mut along = simd.splat_f32s(0.0);
                        for (column, of_column) in columns.iter().zip(weights) {
                            let from = self.gradient.as_ptr().add(line + column);
                            let gradient = vector::load(simd, from, lanes);
                            along = vector::mul_add(simd, gradient, of_column, along);
                        }
                        sum = vector::mul_add(simd, along, of_line, sum);
                    }
                    let to = self.out.as_mut_ptr().add(column * channels + channel);
                    vector::store(simd, to, lanes, sum);
                }
            }
        }
    }
}
