//! Max pooling over channels-last images.

use pulp::{Simd, WithSimd};

use super::conv::{Images, Window};
use super::tasks::{Shared, buffer, for_each};
use super::vector;

/// The highest value of every window and, where `keep` asks for it, which tap of the window it
/// was, as a number.
pub fn max(x: &[f32], images: Images, window: Window, keep: bool) -> (Vec<f32>, Vec<f32>) {
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
                        // A NaN is not equal to itself, and nothing is higher than one.
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

/// The gradient of the input: each window's goes to the tap that was highest.
pub fn max_gradient(taps: &[f32], images: Images, gradient: &[f32], window: Window) -> Vec<f32> {
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

/// The taps of one window that lie in the image, and the pixels they fall on.
#[inline(always)]
fn seen(
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
