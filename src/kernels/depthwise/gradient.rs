//! The gradients of a depthwise convolution. The input's gradient is the same convolution with the kernel
//! mirrored. The weights' gradient turns the loops around: the taps stay in registers, the outputs pass by.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use pulp::Simd;

use super::DepthwiseOps;
use super::cpu::{BySide, Sided, Task, by_tap, correlate};
use crate::kernels::Images;
use crate::kernels::cpu::tasks::{self, Shared, buffer, column_sums, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{images, tensor, values};
use crate::kernels::gradient::{GraphTensor, Step, parts, record};

impl<C: CheckpointStrategy> DepthwiseOps for Autodiff<Flex, C> {
    fn depthwise(x: GraphTensor, weight: GraphTensor, bias: GraphTensor) -> GraphTensor {
        let [(x, of_x), (weight, of_weight), (bias, of_bias)] = [x, weight, bias].map(parts);
        let out = Flex::depthwise(x.clone(), weight.clone(), bias);
        let step = DepthwiseStep { x, weight };
        record::<C, _, 3>([of_x, of_weight, of_bias], out, step)
    }
}

#[derive(Clone, Debug)]
struct DepthwiseStep {
    x: FlexTensor,
    weight: FlexTensor,
}

impl Step<3> for DepthwiseStep {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let (sides, gradient) = (images(&self.x), values(&gradient));
        let [_, _, kernel, _] = self.weight.shape().dims();
        let of_x = x.then(|| {
            let taps = by_tap(values(&self.weight), kernel * kernel, true);
            let out = correlate(gradient, sides, &taps, None, kernel);
            tensor(out, self.x.shape())
        });
        let of_weight = weight.then(|| {
            let out = weight_gradient(values(&self.x), sides, gradient, kernel);
            tensor(out, self.weight.shape())
        });
        let channels = sides.channels;
        let of_bias = bias.then(|| tensor(column_sums(gradient, channels), [channels]));
        [of_x, of_weight, of_bias]
    }
}

/// The gradient of the weights, `[channels, 1, kernel, kernel]`.
fn weight_gradient(x: &[f32], images: Images, gradient: &[f32], kernel: usize) -> Vec<f32> {
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
