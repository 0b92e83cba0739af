//! The gradients of a convolution, which are products too. The input's gradient is a convolution with the
//! mirrored kernel (stride 1), or a product that is added up window by window (other strides). The
//! weights' gradient is windows times gradient.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::ops::{ActivationOps, FloatTensorOps};
use burn::backend::{Autodiff, Flex, TensorMetadata};

use super::ConvolveOps;
use super::cpu::{forward, pack, pad, windows};
use crate::kernels::cpu::gemm::{self, Epilogue, Packed, Rows, Source, Store};
use crate::kernels::cpu::tasks::{Scratch, Shared, buffer, column_sums, for_each};
use crate::kernels::flex::{images, tensor, values};
use crate::kernels::gradient::{GraphTensor, Step, optional_parts, parts, record};
use crate::kernels::optional::Optional;
use crate::kernels::{Images, MatmulPrecision, Window};

impl<C: CheckpointStrategy> ConvolveOps for Autodiff<Flex, C> {
    /// Residual and ReLU are steps of their own in the graph.
    fn convolve(
        x: GraphTensor,
        weight: GraphTensor,
        bias: Optional<Self>,
        window: Window,
        residual: Optional<Self>,
        relu: bool,
        precision: MatmulPrecision,
    ) -> GraphTensor {
        let ((x, of_x), (weight, of_weight)) = (parts(x), parts(weight));
        let (bias, of_bias) = optional_parts(bias);
        let [to, from, ..] = weight.shape().dims::<4>();
        let packed = pack(values(&weight), window, from, to, precision);
        let sides = images(&x);
        let epilogue = Epilogue::bias(bias.as_ref().map(values));
        let out = forward(values(&x), sides, &packed, window, to, epilogue);
        let out = tensor(out, window.output(sides, to).shape());
        let step = ConvolveStep {
            x,
            weight,
            window,
            precision,
        };
        let out = record::<C, _, 3>([of_x, of_weight, of_bias], out, step);
        let out = match residual.option() {
            Some(residual) => Self::float_add(out, residual),
            None => out,
        };
        match relu {
            true => Self::relu(out),
            false => out,
        }
    }
}

#[derive(Clone, Debug)]
struct ConvolveStep {
    x: FlexTensor,
    weight: FlexTensor,
    window: Window,
    precision: MatmulPrecision,
}

impl Step<3> for ConvolveStep {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let (sides, gradient) = (images(&self.x), values(&gradient));
        let (window, precision) = (self.window, self.precision);
        let [to, ..] = self.weight.shape().dims::<4>();
        let of_x = x.then(|| {
            let weight = values(&self.weight);
            let out = input_gradient(gradient, sides, weight, window, to, precision);
            tensor(out, self.x.shape())
        });
        let of_weight = weight.then(|| {
            let out = weight_gradient(values(&self.x), sides, gradient, window, to, precision);
            tensor(out, self.weight.shape())
        });
        let of_bias = bias.then(|| tensor(column_sums(gradient, to), [to]));
        [of_x, of_weight, of_bias]
    }
}

/// The gradient of the input.
fn input_gradient(
    gradient: &[f32],
    images: Images,
    values: &[f32],
    window: Window,
    to: usize,
    precision: MatmulPrecision,
) -> Vec<f32> {
    let output = window.output(images, to);
    let (from, taps) = (images.channels, window.taps());
    if window.stride == 1 && window.pad < window.kernel {
        // Each input pixel sees the outputs it went to through the mirrored kernel.
        let mirrored = Source {
            data: values,
            taps,
            channels: to,
            columns: from,
            start: taps - 1,
            tap_step: -1,
            channel_step: from * taps,
            column_step: taps,
        };
        let window = Window {
            pad: window.kernel - 1 - window.pad,
            ..window
        };
        let packed = Packed::new(mirrored, precision);
        return forward(gradient, output, &packed, window, from, Epilogue::default());
    }
    // [to, from, taps] -> [to, taps, from]
    let mut by_tap = Scratch::new(values.len());
    for (to, from_to) in by_tap
        .chunks_exact_mut(taps * from)
        .zip(values.chunks_exact(taps * from))
    {
        for (channel, values) in from_to.chunks_exact(taps).enumerate() {
            for (tap, value) in values.iter().enumerate() {
                to[tap * from + channel] = *value;
            }
        }
    }
    let width = taps * from;
    let packed = Packed::new(Source::plain(&by_tap, to, width, width), precision);
    let rows = Rows::plain(gradient, output.pixels(), to, to);
    let mut windows = Scratch::new(rows.count * width);
    gemm::multiply(
        rows,
        &packed,
        &Store::new(&mut windows, width, Epilogue::default()),
    );
    add_windows(&windows, images, output, window)
}

/// The values of all windows, each added to the pixel it came from.
fn add_windows(windows: &[f32], images: Images, output: Images, window: Window) -> Vec<f32> {
    let channels = images.channels;
    let mut out = buffer(images.values());
    let shared = Shared::new(&mut out);
    let run = window.kernel * channels;
    for_each(images.batch, |image| {
        // SAFETY: one image a task.
        let out = unsafe { shared.part(image * images.image(), images.image()) };
        out.fill(0.0);
        let first = image * output.height * output.width;
        for row in 0..output.height {
            for column in 0..output.width {
                let at = (first + row * output.width + column) * window.kernel * run;
                for tap in 0..window.kernel {
                    let y = (row * window.stride + tap).wrapping_sub(window.pad);
                    if y >= images.height {
                        continue;
                    }
                    // The part of the run that lies in the image.
                    let x = column * window.stride;
                    let skipped = window.pad.saturating_sub(x).min(window.kernel);
                    let x = (x + skipped).saturating_sub(window.pad).min(images.width);
                    let pixels = (window.kernel - skipped).min(images.width - x);
                    let from = at + tap * run + skipped * channels;
                    let values = &windows[from..][..pixels * channels];
                    let to = &mut out[(y * images.width + x) * channels..][..pixels * channels];
                    for (to, value) in to.iter_mut().zip(values) {
                        *to += value;
                    }
                }
            }
        }
    });
    out
}

/// The gradient of the weights, `[to, from, kernel, kernel]`.
fn weight_gradient(
    x: &[f32],
    images: Images,
    gradient: &[f32],
    window: Window,
    to: usize,
    precision: MatmulPrecision,
) -> Vec<f32> {
    let (from, taps) = (images.channels, window.taps());
    let padded = pad(x, images, window.pad);
    let rows = windows(window, &padded, images.padded(window.pad));
    // [taps, from, to] -> [to, from, taps]
    let by_tap = gemm::outer(rows, gradient, to, precision);
    let mut out = buffer(by_tap.len());
    let shared = Shared::new(&mut out);
    const CHUNK: usize = 64;
    for_each(to.div_ceil(CHUNK), |chunk| {
        let first = chunk * CHUNK;
        let count = CHUNK.min(to - first);
        // SAFETY: one chunk of output channels a task.
        let out = unsafe { shared.part(first * from * taps, count * from * taps) };
        for channel in 0..from {
            for (o, out) in out.chunks_exact_mut(from * taps).enumerate() {
                let out = &mut out[channel * taps..][..taps];
                for (tap, out) in out.iter_mut().enumerate() {
                    *out = by_tap[(tap * from + channel) * to + first + o];
                }
            }
        }
    });
    out
}
