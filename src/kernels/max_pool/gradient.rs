//! The gradient of a max pooling: each window passes its own to its tap with the highest value.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use pulp::{Simd, WithSimd};

use super::MaxPoolOps;
use super::cpu::{forward, seen};
use crate::kernels::cpu::tasks::{Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{images, tensor, values};
use crate::kernels::gradient::{GraphTensor, Step, parts, record};
use crate::kernels::{Images, Window};

impl<C: CheckpointStrategy> MaxPoolOps for Autodiff<Flex, C> {
    fn max_pool(x: GraphTensor, window: Window) -> GraphTensor {
        let (x, of_x) = parts(x);
        let images = images(&x);
        let (out, taps) = forward(values(&x), images, window, true);
        let out = tensor(out, window.output(images, images.channels).shape());
        let step = MaxPoolStep {
            images,
            taps: Arc::new(taps),
            window,
        };
        record::<C, _, 1>([of_x], out, step)
    }
}

#[derive(Clone, Debug)]
struct MaxPoolStep {
    images: Images,
    taps: Arc<Vec<f32>>,
    window: Window,
}

impl Step<1> for MaxPoolStep {
    fn gradients(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let out = backward(&self.taps, self.images, values(&gradient), self.window);
        [Some(tensor(out, self.images.shape()))]
    }
}

fn backward(taps: &[f32], images: Images, gradient: &[f32], window: Window) -> Vec<f32> {
    let output = window.output(images, images.channels);
    assert!(taps.len() == output.values() && gradient.len() == output.values());
    let mut out = buffer(images.values());
    let shared = Shared::new(&mut out);
    for_each(images.batch, |image| {
        vector::dispatch(Gradient {
            taps: &taps[image * output.image()..][..output.image()],
            gradient: &gradient[image * output.image()..][..output.image()],
            images,
            window,
            // SAFETY: one image a task.
            out: unsafe { shared.part(image * images.image(), images.image()) },
        });
    });
    out
}

/// One image of a gradient.
struct Gradient<'a> {
    taps: &'a [f32],
    gradient: &'a [f32],
    images: Images,
    window: Window,
    out: &'a mut [f32],
}

impl WithSimd for Gradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.images.channels;
        let output = self.window.output(self.images, channels);
        let zero = simd.splat_f32s(0.0);
        self.out.fill(0.0);
        for window in 0..output.height * output.width {
            let (row, column) = (window / output.width, window % output.width);
            for (tap, pixel) in seen(self.images, self.window, row, column) {
                let tap = simd.splat_f32s(tap as f32);
                for channel in (0..channels).step_by(S::F32_LANES) {
                    let lanes = S::F32_LANES.min(channels - channel);
                    let at = window * channels + channel;
                    // SAFETY: `seen` names pixels of the image.
                    unsafe {
                        let best = vector::load(simd, self.taps.as_ptr().add(at), lanes);
                        let gradient = vector::load(simd, self.gradient.as_ptr().add(at), lanes);
                        let gradient = simd.select_f32s(simd.equal_f32s(best, tap), gradient, zero);
                        let to = self.out.as_mut_ptr().add(pixel * channels + channel);
                        let sum = simd.add_f32s(vector::load(simd, to, lanes), gradient);
                        vector::store(simd, to, lanes, sum);
                    }
                }
            }
        }
    }
}
