//! Dense two-dimensional convolution over channels-last images, as matrix products.
//!
//! Weights come as checkpoints hold them, `[to, from, kernel, kernel]`. The windows of a padded
//! image are rows of [`gemm`] as they lie; gradients are products too: of the input, a convolution
//! with the mirrored kernel (stride 1) or a product that is added up window by window (other
//! strides); of the weights, windows times gradient.

use super::gemm::{self, Epilogue, MatmulPrecision, Packed, Rows, Source, Store};
use super::tasks::{Scratch, Shared, buffer, for_each};

/// Sides of a batch of channels-last images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Images {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Images {
    /// From `[batch, height, width, channels]`.
    pub fn new([batch, height, width, channels]: [usize; 4]) -> Self {
        Self {
            batch,
            height,
            width,
            channels,
        }
    }

    /// `[batch, height, width, channels]`.
    pub fn shape(self) -> [usize; 4] {
        [self.batch, self.height, self.width, self.channels]
    }

    /// Pixels of all images.
    pub fn pixels(self) -> usize {
        self.batch * self.height * self.width
    }

    /// Values a line of pixels.
    pub fn line(self) -> usize {
        self.width * self.channels
    }

    /// Values an image.
    pub fn image(self) -> usize {
        self.height * self.line()
    }

    /// Values in all.
    pub fn values(self) -> usize {
        self.batch * self.image()
    }

    /// The images with `pad` pixels more on every side.
    fn padded(self, pad: usize) -> Self {
        Self {
            height: self.height + 2 * pad,
            width: self.width + 2 * pad,
            ..self
        }
    }
}

/// A square kernel, its stride, and the zeros it sees around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Side of the kernel.
    pub kernel: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Pixels of zeros on every side.
    pub pad: usize,
}

impl Window {
    /// Patches of `side` pixels that do not overlap.
    pub fn patches(side: usize) -> Self {
        Self {
            kernel: side,
            stride: side,
            pad: 0,
        }
    }

    /// What comes out of `images`, with `channels` channels.
    ///
    /// # Panics
    /// Where a window does not fit into the padded images.
    pub fn output(self, images: Images, channels: usize) -> Images {
        let side = |side: usize| {
            let padded = side + 2 * self.pad;
            assert!(
                padded >= self.kernel,
                "a window of {} in {padded} px",
                self.kernel
            );
            (padded - self.kernel) / self.stride + 1
        };
        Images {
            height: side(images.height),
            width: side(images.width),
            channels,
            ..images
        }
    }

    fn taps(self) -> usize {
        self.kernel * self.kernel
    }

    /// The windows of padded images, one a row.
    fn rows(self, data: &[f32], padded: Images) -> Rows<'_> {
        let output = Window { pad: 0, ..self }.output(padded, 0);
        Rows {
            data,
            count: output.pixels(),
            columns: output.width,
            lines: output.height,
            image_step: padded.image(),
            line_step: self.stride * padded.line(),
            column_step: self.stride * padded.channels,
            runs: self.kernel,
            run: self.kernel * padded.channels,
            run_step: padded.line(),
        }
    }
}

/// Images as they came, or a copy with zeros around each.
enum Padded<'a> {
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
fn pad(x: &[f32], images: Images, pad: usize) -> Padded<'_> {
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
    let rows = window.rows(&padded, images.padded(window.pad));
    let mut out = buffer(rows.count * to);
    gemm::multiply(rows, packed, &Store::new(&mut out, to, epilogue));
    out
}

/// The gradient of the input.
pub fn input_gradient(
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
pub fn weight_gradient(
    x: &[f32],
    images: Images,
    gradient: &[f32],
    window: Window,
    to: usize,
    precision: MatmulPrecision,
) -> Vec<f32> {
    let (from, taps) = (images.channels, window.taps());
    let padded = pad(x, images, window.pad);
    let rows = window.rows(&padded, images.padded(window.pad));
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
