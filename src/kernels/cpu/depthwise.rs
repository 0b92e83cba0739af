//! Depthwise convolution over channels-last images: one filter a channel, stride 1, odd kernel,
//! as much padding as keeps the sides.
//!
//! A vector holds neighbouring channels of one pixel. A tile of neighbouring outputs stays in
//! registers while each input pixel of a line is loaded once and multiplied into every output it
//! reaches. The gradient of the input is the same with the kernel mirrored; that of the weights
//! turns the loops around: the taps stay in registers, the outputs pass by.

use pulp::{Simd, WithSimd};

use super::conv::Images;
use super::tasks::{self, Shared, buffer, for_each};
use super::vector;

/// Neighbouring outputs in registers: a whole line or half of one in the networks' last stages.
const fn tile<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 7 } else { 4 }
}

/// Tasks for small batches.
const TASKS: usize = 16;

/// Kernels that [`forward`] and the gradients know.
pub const KERNELS: [usize; 3] = [3, 5, 7];

/// `[channels, kernel · kernel]` -> `[kernel · kernel, channels]`, the taps turned around for the
/// gradient of the input.
fn by_tap(weights: &[f32], taps: usize, mirrored: bool) -> Vec<f32> {
    let channels = weights.len() / taps;
    let mut out = buffer(weights.len());
    for (channel, values) in weights.chunks_exact(taps).enumerate() {
        for (tap, value) in values.iter().enumerate() {
            let tap = if mirrored { taps - 1 - tap } else { tap };
            out[tap * channels + channel] = *value;
        }
    }
    out
}

/// `x` convolved; the same shape. `weights` are `[channels, 1, kernel, kernel]`.
pub fn forward(
    x: &[f32],
    images: Images,
    weights: &[f32],
    bias: Option<&[f32]>,
    kernel: usize,
) -> Vec<f32> {
    correlate(
        x,
        images,
        &by_tap(weights, kernel * kernel, false),
        bias,
        kernel,
    )
}

/// The gradient of the input.
pub fn input_gradient(
    gradient: &[f32],
    images: Images,
    weights: &[f32],
    kernel: usize,
) -> Vec<f32> {
    correlate(
        gradient,
        images,
        &by_tap(weights, kernel * kernel, true),
        None,
        kernel,
    )
}

fn correlate(
    x: &[f32],
    images: Images,
    weights: &[f32],
    bias: Option<&[f32]>,
    kernel: usize,
) -> Vec<f32> {
    assert_eq!(x.len(), images.values());
    assert_eq!(weights.len(), kernel * kernel * images.channels);
    let mut out = buffer(x.len());
    let shared = Shared::new(&mut out);
    let lines = images.height.div_ceil(TASKS.div_ceil(images.batch.max(1)));
    let pieces = images.height.div_ceil(lines.max(1));
    for_each(images.batch * pieces, |task| {
        let (image, piece) = (task / pieces, task % pieces);
        let lines = piece * lines..images.height.min((piece + 1) * lines);
        let x = &x[image * images.image()..][..images.image()];
        // SAFETY: one image and range of lines a task.
        let out = unsafe {
            shared.part(
                image * images.image() + lines.start * images.line(),
                lines.len() * images.line(),
            )
        };
        let task = Task {
            x,
            images,
            lines,
            kernel,
        };
        vector::dispatch(BySide(Correlate {
            task,
            weights,
            bias,
            out: out.as_mut_ptr(),
        }));
    });
    out
}

/// The gradient of the weights, `[channels, 1, kernel, kernel]`.
pub fn weight_gradient(x: &[f32], images: Images, gradient: &[f32], kernel: usize) -> Vec<f32> {
    assert_eq!(x.len(), images.values());
    assert_eq!(gradient.len(), images.values());
    let (channels, taps) = (images.channels, kernel * kernel);
    let mut parts = vec![0.0; images.batch.max(1) * taps * channels];
    let shared = Shared::new(&mut parts);
    for_each(images.batch, |image| {
        let at = image * images.image();
        // SAFETY: one image a task.
        let out = unsafe { shared.part(image * taps * channels, taps * channels) };
        let task = Task {
            x: &x[at..][..images.image()],
            images,
            lines: 0..images.height,
            kernel,
        };
        vector::dispatch(BySide(Weights {
            task,
            gradient: &gradient[at..][..images.image()],
            out: out.as_mut_ptr(),
        }));
    });
    let sums = tasks::fold(parts, taps * channels);
    let mut out = buffer(sums.len());
    for (tap, sums) in sums.chunks_exact(channels).enumerate() {
        for (channel, sum) in sums.iter().enumerate() {
            out[channel * taps + tap] = *sum;
        }
    }
    out
}

/// Some lines of one image.
struct Task<'a> {
    x: &'a [f32],
    images: Images,
    lines: std::ops::Range<usize>,
    kernel: usize,
}

impl Task<'_> {
    /// The input line that tap line `tap` of output line `y` falls on.
    #[inline(always)]
    fn line(&self, y: usize, tap: usize) -> Option<usize> {
        let line = (y + tap).wrapping_sub(self.kernel / 2);
        (line < self.images.height).then_some(line)
    }
}

/// Work that is compiled for every side that a kernel may have, with the tile that fits the
/// machine's registers.
trait Sided {
    /// The side asked for.
    fn kernel(&self) -> usize;

    /// The work for kernels of side `K` in tiles of `T` pixels.
    ///
    /// # Safety
    /// The buffers fit the images.
    unsafe fn run<S: Simd, const K: usize, const T: usize>(self, simd: S);
}

struct BySide<W>(W);

impl<W: Sided> WithSimd for BySide<W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // SAFETY: the callers have seen that the buffers fit the images.
        unsafe {
            match (self.0.kernel(), tile::<S>()) {
                (3, 7) => self.0.run::<S, 3, 7>(simd),
                (5, 7) => self.0.run::<S, 5, 7>(simd),
                (7, 7) => self.0.run::<S, 7, 7>(simd),
                (3, _) => self.0.run::<S, 3, 4>(simd),
                (5, _) => self.0.run::<S, 5, 4>(simd),
                (7, _) => self.0.run::<S, 7, 4>(simd),
                (kernel, _) => panic!("no depthwise kernel of side {kernel}"),
            }
        }
    }
}

struct Correlate<'a> {
    task: Task<'a>,
    weights: &'a [f32],
    bias: Option<&'a [f32]>,
    out: *mut f32,
}

impl Sided for Correlate<'_> {
    fn kernel(&self) -> usize {
        self.task.kernel
    }

    #[inline(always)]
    unsafe fn run<S: Simd, const K: usize, const T: usize>(self, simd: S) {
        let Images {
            width, channels, ..
        } = self.task.images;
        for channel in (0..channels).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(channels - channel);
            for y in self.task.lines.clone() {
                for column in (0..width).step_by(T) {
                    let inside = column >= K / 2 && column + T + K / 2 <= width;
                    unsafe {
                        if inside && lanes == S::F32_LANES {
                            self.tile::<S, K, T, true>(simd, y, column, channel, S::F32_LANES);
                        } else if lanes == S::F32_LANES {
                            self.tile::<S, K, T, false>(simd, y, column, channel, S::F32_LANES);
                        } else {
                            self.tile::<S, K, T, false>(simd, y, column, channel, lanes);
                        }
                    }
                }
            }
        }
    }
}

impl Correlate<'_> {
    /// Outputs `column..column + T` of line `y`, `lanes` channels from `channel` on. `INSIDE` where
    /// all that they read along the line lies in the image.
    #[inline(always)]
    unsafe fn tile<S: Simd, const K: usize, const T: usize, const INSIDE: bool>(
        &self,
        simd: S,
        y: usize,
        column: usize,
        channel: usize,
        lanes: usize,
    ) {
        let Images {
            width, channels, ..
        } = self.task.images;
        unsafe {
            let bias = match self.bias {
                Some(bias) => vector::load(simd, bias.as_ptr().add(channel), lanes),
                None => simd.splat_f32s(0.0),
            };
            let mut sums = [bias; T];
            for tap in 0..K {
                let Some(line) = self.task.line(y, tap) else {
                    continue;
                };
                let mut weights = [bias; K];
                for k in 0..K {
                    let at = (tap * K + k) * channels + channel;
                    weights[k] = vector::load(simd, self.weights.as_ptr().add(at), lanes);
                }
                let x = self.task.x.as_ptr().add(line * width * channels + channel);
                for j in 0..T + K - 1 {
                    let pixel = (column + j).wrapping_sub(K / 2);
                    if INSIDE || pixel < width {
                        let x = vector::load(simd, x.add(pixel * channels), lanes);
                        for k in 0..K {
                            if j >= k && j - k < T {
                                // Not `vector::mul_add`: V8's relaxed one needs a register more.
                                sums[j - k] = simd.mul_add_e_f32s(x, weights[k], sums[j - k]);
                            }
                        }
                    }
                }
            }
            let line = (y - self.task.lines.start) * width;
            for i in 0..T {
                if INSIDE || column + i < width {
                    let at = (line + column + i) * channels + channel;
                    vector::store(simd, self.out.add(at), lanes, sums[i]);
                }
            }
        }
    }
}

struct Weights<'a> {
    task: Task<'a>,
    gradient: &'a [f32],
    out: *mut f32,
}

impl Sided for Weights<'_> {
    fn kernel(&self) -> usize {
        self.task.kernel
    }

    #[inline(always)]
    unsafe fn run<S: Simd, const K: usize, const T: usize>(self, simd: S) {
        let channels = self.task.images.channels;
        for channel in (0..channels).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(channels - channel);
            for tap in 0..K {
                unsafe {
                    if lanes == S::F32_LANES {
                        self.taps::<S, K, T>(simd, tap, channel, S::F32_LANES);
                    } else {
                        self.taps::<S, K, T>(simd, tap, channel, lanes);
                    }
                }
            }
        }
    }
}

impl Weights<'_> {
    /// One line of the kernel, `lanes` channels from `channel` on.
    #[inline(always)]
    unsafe fn taps<S: Simd, const K: usize, const T: usize>(
        &self,
        simd: S,
        tap: usize,
        channel: usize,
        lanes: usize,
    ) {
        let Images {
            width, channels, ..
        } = self.task.images;
        let zero = simd.splat_f32s(0.0);
        let mut sums = [zero; K];
        unsafe {
            for y in self.task.lines.clone() {
                let Some(line) = self.task.line(y, tap) else {
                    continue;
                };
                let x = self.task.x.as_ptr().add(line * width * channels + channel);
                let gradient = self.gradient.as_ptr().add(y * width * channels + channel);
                for column in (0..width).step_by(T) {
                    let mut gradients = [zero; T];
                    for i in 0..T {
                        if column + i < width {
                            gradients[i] =
                                vector::load(simd, gradient.add((column + i) * channels), lanes);
                        }
                    }
                    for j in 0..T + K - 1 {
                        let pixel = (column + j).wrapping_sub(K / 2);
                        if pixel < width {
                            let x = vector::load(simd, x.add(pixel * channels), lanes);
                            for k in 0..K {
                                if j >= k && j - k < T {
                                    sums[k] = vector::mul_add(simd, x, gradients[j - k], sums[k]);
                                }
                            }
                        }
                    }
                }
            }
            for k in 0..K {
                let at = (tap * K + k) * channels + channel;
                vector::store(simd, self.out.add(at), lanes, sums[k]);
            }
        }
    }
}
