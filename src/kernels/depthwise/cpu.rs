//! Depthwise convolution on the CPU.
//!
//! A vector holds neighbouring channels of one pixel. A tile of neighbouring outputs stays in
//! registers. Each input pixel of a line is loaded once and multiplied into every output that it
//! reaches.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::DepthwiseOps;
use crate::kernels::Images;
use crate::kernels::cpu::tasks::{Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{contiguous, images, tensor, values};

/// Neighbouring outputs in registers: a whole line or half of one in the networks' last stages.
const fn tile<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 7 } else { 4 }
}

/// Tasks for small batches.
const TASKS: usize = 16;

/// The sides of kernels that are compiled.
#[cfg(not(target_family = "wasm"))]
pub const KERNELS: [usize; 3] = [3, 5, 7];

impl DepthwiseOps for Flex {
    fn depthwise(x: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let [_, _, kernel, _] = weight.shape().dims();
        let taps = by_tap(values(&weight), kernel * kernel, false);
        let bias = Some(values(&bias));
        let out = correlate(values(&x), images(&x), &taps, bias, kernel);
        tensor(out, x.shape())
    }
}

/// `[channels, kernel · kernel]` -> `[kernel · kernel, channels]`, with the taps in reverse order if
/// `mirrored`.
pub fn by_tap(weights: &[f32], taps: usize, mirrored: bool) -> Vec<f32> {
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

/// `x` convolved with the taps `[kernel · kernel, channels]`.
pub fn correlate(
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

/// Some lines of one image.
pub struct Task<'a> {
    pub x: &'a [f32],
    pub images: Images,
    pub lines: std::ops::Range<usize>,
    pub kernel: usize,
}

impl Task<'_> {
    /// The input line that tap line `tap` of output line `y` falls on.
    #[inline(always)]
    pub fn line(&self, y: usize, tap: usize) -> Option<usize> {
        let line = (y + tap).wrapping_sub(self.kernel / 2);
        (line < self.images.height).then_some(line)
    }
}

/// Work that is compiled for each side of a kernel, with the tile that fits the machine's registers.
pub trait Sided {
    /// The side of the kernel.
    fn kernel(&self) -> usize;

    /// The work for kernels of side `K` in tiles of `T` pixels.
    ///
    /// # Safety
    /// The buffers fit the images.
    unsafe fn run<S: Simd, const K: usize, const T: usize>(self, simd: S);
}

pub struct BySide<W>(pub W);

impl<W: Sided> WithSimd for BySide<W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // SAFETY: the callers have checked that the buffers fit the images.
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
    /// Outputs `column..column + T` of line `y`, `lanes` channels from `channel` on. `INSIDE`
    /// where they read no pixel beyond the ends of a line.
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
