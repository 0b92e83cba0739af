//! Max pooling on the CPU.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use pulp::{Simd, WithSimd};

use super::MaxPoolOps;
use crate::kernels::cpu::tasks::{Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{contiguous, images, tensor, values};
use crate::kernels::{Images, Window};

impl MaxPoolOps for Flex {
    fn max_pool(x: FlexTensor, window: Window) -> FlexTensor {
        let x = contiguous(x);
        let sides = images(&x);
        let (out, _) = forward(values(&x), sides, window, false);
        tensor(out, window.output(sides, sides.channels).shape())
    }
}

/// The highest value of every window and, with `keep`, the number of its tap in the window.
pub fn forward(x: &[f32], images: Images, window: Window, keep: bool) -> (Vec<f32>, Vec<f32>) {
    assert_eq!(x.len(), images.values());
    assert!(window.pad < window.kernel);
    let output = window.output(images, images.channels);
    let mut out = buffer(output.values());
    let mut taps = buffer(if keep { output.values() } else { 0 });
    let (shared, shared_taps) = (Shared::new(&mut out), Shared::new(&mut taps));
    for_each(images.batch * output.height, |line| {
        // SAFETY: one line a task.
        let (out, taps) = unsafe {
            let taps = keep.then(|| shared_taps.from(line * output.line()));
            (shared.from(line * output.line()), taps)
        };
        vector::dispatch(Line {
            x,
            images,
            window,
            line,
            out,
            taps,
        });
    });
    (out, taps)
}

/// One line of windows.
struct Line<'a> {
    x: &'a [f32],
    images: Images,
    window: Window,
    line: usize,
    out: Shared,
    taps: Option<Shared>,
}

impl WithSimd for Line<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.images.channels;
        let output = self.window.output(self.images, channels);
        let (image, row) = (self.line / output.height, self.line % output.height);
        let x = &self.x[image * self.images.image()..][..self.images.image()];
        for column in 0..output.width {
            for channel in (0..channels).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(channels - channel);
                let mut highest = simd.splat_f32s(f32::NEG_INFINITY);
                let mut best = simd.splat_f32s(0.0);
                // SAFETY: `seen` names pixels of the image; the line is `output.line()` long.
                unsafe {
                    for (tap, pixel) in seen(self.images, self.window, row, column) {
                        let from = x.as_ptr().add(pixel * channels + channel);
                        let value = vector::load(simd, from, lanes);
                        let tap = simd.splat_f32s(tap as f32);
                        let higher = simd.greater_than_f32s(value, highest);
                        best = simd.select_f32s(higher, tap, best);
                        highest = simd.select_f32s(higher, value, highest);
                        // A NaN wins. It is not equal to itself.
                        let number = simd.equal_f32s(value, value);
                        best = simd.select_f32s(number, best, tap);
                        highest = simd.select_f32s(number, highest, value);
                    }
                    let at = column * channels + channel;
                    vector::store(simd, self.out.at(at), lanes, highest);
                    if let Some(taps) = &self.taps {
                        vector::store(simd, taps.at(at), lanes, best);
                    }
                }
            }
        }
    }
}

/// The taps of one window that lie in the image, and the pixels they fall on.
#[inline(always)]
pub fn seen(
    images: Images,
    window: Window,
    row: usize,
    column: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let Window {
        kernel,
        stride,
        pad,
    } = window;
    (0..kernel * kernel).filter_map(
        #[inline(always)]
        move |tap| {
            let y = (row * stride + tap / kernel).wrapping_sub(pad);
            let x = (column * stride + tap % kernel).wrapping_sub(pad);
            (y < images.height && x < images.width).then_some((tap, y * images.width + x))
        },
    )
}
