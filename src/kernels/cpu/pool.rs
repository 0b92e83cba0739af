//! Max pooling over channels-last images.

use super::conv::{Images, Window};
use super::tasks::{Shared, buffer, for_each};

/// The highest value of every window, and which tap of the window it was.
pub fn max(x: &[f32], images: Images, window: Window) -> (Vec<f32>, Vec<u8>) {
    assert_eq!(x.len(), images.values());
    assert!(window.pad < window.kernel && window.kernel * window.kernel <= 1 << u8::BITS);
    let output = window.output(images, images.channels);
    let mut out = buffer(output.values());
    let mut taps = vec![0u8; output.values()];
    let shared = Shared::new(&mut out);
    let shared_taps = SharedTaps(taps.as_mut_ptr());
    for_each(images.batch * output.height, |task| {
        let (image, row) = (task / output.height, task % output.height);
        // SAFETY: one line a task.
        let (out, taps) = unsafe {
            (
                shared.part(task * output.line(), output.line()),
                shared_taps.part(task * output.line(), output.line()),
            )
        };
        let x = &x[image * images.image()..][..images.image()];
        let pixels = out
            .chunks_exact_mut(images.channels)
            .zip(taps.chunks_exact_mut(images.channels));
        for (column, (out, taps)) in pixels.enumerate() {
            out.fill(f32::NEG_INFINITY);
            for (tap, at) in seen(images, window, row, column) {
                let x = &x[at * images.channels..][..images.channels];
                for ((out, best), x) in out.iter_mut().zip(taps.iter_mut()).zip(x) {
                    let higher = *x > *out;
                    *best = if higher { tap } else { *best };
                    *out = if higher { *x } else { *out };
                }
            }
        }
    });
    (out, taps)
}

/// The gradient of the input: each window's goes to the tap that was highest.
pub fn max_gradient(taps: &[u8], images: Images, gradient: &[f32], window: Window) -> Vec<f32> {
    let output = window.output(images, images.channels);
    assert!(taps.len() == output.values() && gradient.len() == output.values());
    let mut out = buffer(images.values());
    let shared = Shared::new(&mut out);
    for_each(images.batch, |image| {
        // SAFETY: one image a task.
        let out = unsafe { shared.part(image * images.image(), images.image()) };
        out.fill(0.0);
        for row in 0..output.height {
            for column in 0..output.width {
                let from =
                    ((image * output.height + row) * output.width + column) * images.channels;
                let gradient = &gradient[from..][..images.channels];
                let taps = &taps[from..][..images.channels];
                for (tap, at) in seen(images, window, row, column) {
                    let out = &mut out[at * images.channels..][..images.channels];
                    for ((out, best), gradient) in out.iter_mut().zip(taps).zip(gradient) {
                        *out += if *best == tap { *gradient } else { 0.0 };
                    }
                }
            }
        }
    });
    out
}

/// The taps of one window that lie in the image, and the pixels they fall on.
fn seen(
    images: Images,
    window: Window,
    row: usize,
    column: usize,
) -> impl Iterator<Item = (u8, usize)> {
    let Window {
        kernel,
        stride,
        pad,
    } = window;
    (0..kernel * kernel).filter_map(move |tap| {
        let y = (row * stride + tap / kernel).wrapping_sub(pad);
        let x = (column * stride + tap % kernel).wrapping_sub(pad);
        (y < images.height && x < images.width).then_some((tap as u8, y * images.width + x))
    })
}

#[derive(Clone, Copy)]
struct SharedTaps(*mut u8);

// SAFETY: tasks write disjoint parts.
unsafe impl Send for SharedTaps {}
unsafe impl Sync for SharedTaps {}

impl SharedTaps {
    /// # Safety
    /// The part lies in the buffer and no other task holds one that overlaps.
    #[allow(clippy::mut_from_ref)]
    unsafe fn part(&self, from: usize, len: usize) -> &mut [u8] {
        unsafe { std::slice::from_raw_parts_mut(self.0.add(from), len) }
    }
}
