//! Dense convolution over channels-last images, as matrix products.
//!
//! Weights come as checkpoints hold them, `[to, from, kernel, kernel]`. The windows of a padded image
//! are rows of [`gemm`] where they lie. Without gradients, 3×3 convolutions of stride 1 take
//! [Winograd's way](super::winograd) where it is faster.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};

use super::ConvolveOps;
use super::winograd::{self, Winograd};
use crate::kernels::cpu::gemm::{self, Epilogue, Packed, Rows, Source, Store};
use crate::kernels::cpu::tasks::{Scratch, Shared, buffer, for_each};
use crate::kernels::flex::{contiguous, images, tensor, values};
use crate::kernels::optional::Optional;
use crate::kernels::packed::packed;
use crate::kernels::{Images, MatmulPrecision, Window};

impl ConvolveOps for Flex {
    fn convolve(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Optional<Self>,
        window: Window,
        residual: Optional<Self>,
        relu: bool,
        precision: MatmulPrecision,
    ) -> FlexTensor {
        let (x, weight) = (contiguous(x), contiguous(weight));
        let [bias, residual] = [bias, residual].map(|tensor| tensor.option().map(contiguous));
        let [to, from, _, _] = weight.shape().dims();
        let sides = images(&x);
        let output = window.output(sides, to);
        let epilogue = Epilogue {
            bias: bias.as_ref().map(values),
            residual: residual.as_ref().map(values),
            relu,
        };
        let out = match winograd::points(window, from, output, precision) {
            Some(winograd::FEW) => by_points::<{ winograd::FEW }>(&x, &weight, window, epilogue),
            Some(_) => by_points::<{ winograd::MANY }>(&x, &weight, window, epilogue),
            None => {
                let right = packed(&weight, precision, || {
                    pack(values(&weight), window, from, to, precision)
                });
                forward(values(&x), sides, &right, window, to, epilogue)
            }
        };
        tensor(out, output.shape())
    }
}

/// A convolution by way of `N` points an axis.
fn by_points<const N: usize>(
    x: &FlexTensor,
    weight: &FlexTensor,
    window: Window,
    epilogue: Epilogue,
) -> Vec<f32> {
    let [to, from, _, _] = weight.shape().dims();
    let sides = images(x);
    let right = packed(weight, MatmulPrecision::Highest, || {
        Winograd::<N>::new(values(weight), from, to)
    });
    let mut out = buffer(window.output(sides, to).values());
    let finish = Store::new(&mut out, to, epilogue);
    right.forward(values(x), sides, window.pad, &finish);
    out
}

/// Images without a border as they are, or a copy with a border of zeros.
pub enum Padded<'a> {
    Given(&'a [f32]),
    Copied(Scratch),
}

impl std::ops::Deref for Padded<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Given(values) => values,
            Self::Copied(values) => values,
        }
    }
}

/// `x` with zeros around every image.
pub fn pad(x: &[f32], images: Images, pad: usize) -> Padded<'_> {
    assert_eq!(x.len(), images.values());
    if pad == 0 {
        return Padded::Given(x);
    }
    let padded = images.padded(pad);
    let mut out = Scratch::new(padded.values());
    let shared = Shared::new(&mut out);
    for_each(images.batch, |image| {
        // SAFETY: one image a task.
        let out = unsafe { shared.part(image * padded.image(), padded.image()) };
        let side = pad * images.channels;
        let above = pad * padded.line();
        out[..above].fill(0.0);
        out[padded.image() - above..].fill(0.0);
        let lines = out[above..].chunks_exact_mut(padded.line());
        let x = &x[image * images.image()..][..images.image()];
        for (to, from) in lines.zip(x.chunks_exact(images.line())) {
            to[..side].fill(0.0);
            to[side..side + images.line()].copy_from_slice(from);
            to[side + images.line()..].fill(0.0);
        }
    });
    Padded::Copied(out)
}

/// The windows of padded images, one a row.
pub fn windows(window: Window, data: &[f32], padded: Images) -> Rows<'_> {
    let output = Window { pad: 0, ..window }.output(padded, 0);
    Rows {
        data,
        count: output.pixels(),
        columns: output.width,
        lines: output.height,
        image_step: padded.image(),
        line_step: window.stride * padded.line(),
        column_step: window.stride * padded.channels,
        runs: window.kernel,
        run: window.kernel * padded.channels,
        run_step: padded.line(),
    }
}

/// The weights as the right matrix of a product with windows.
fn weights(weights: &[f32], window: Window, from: usize, to: usize) -> Source<'_> {
    Source {
        data: weights,
        taps: window.taps(),
        channels: from,
        columns: to,
        start: 0,
        tap_step: 1,
        channel_step: window.taps(),
        column_step: from * window.taps(),
    }
}

/// The weights of a convolution, ready for [`forward`].
pub fn pack(
    values: &[f32],
    window: Window,
    from: usize,
    to: usize,
    precision: MatmulPrecision,
) -> Packed {
    Packed::new(weights(values, window, from, to), precision)
}

/// `x` convolved, `[batch, height, width, to]`, after its epilogue.
pub fn forward(
    x: &[f32],
    images: Images,
    packed: &Packed,
    window: Window,
    to: usize,
    epilogue: Epilogue,
) -> Vec<f32> {
    let padded = pad(x, images, window.pad);
    let rows = windows(window, &padded, images.padded(window.pad));
    let mut out = buffer(rows.count * to);
    gemm::multiply(rows, packed, &Store::new(&mut out, to, epilogue));
    out
}
