//! The networks' operations, with kernels of our own where they run on a CPU or a browser's GPU.
//!
//! [`model`](crate::model) calls the functions of this module and nothing else for its layers.
//! Every tensor here is channels-last: an image is `[batch, height, width, channels]`, a sequence
//! `[batch, tokens, channels]`, so that a layer over channels reads memory in order and no layout
//! is turned around between layers.
//!
//! On burn's Flex backend an operation is one pass of ours over the data, forward and backward:
//! `cpu` holds the arithmetic, `flex` and `autodiff` bring it to burn as a backend extension. On a
//! browser's GPU, which only runs networks, `gpu` does. On any other device, and for any type but f32,
//! [`compose`] says the same in burn's own operations; tests hold them against each other. A browser
//! has nothing but the first one or two, so that burn's own kernels need not be downloaded.

pub mod agreement;
pub mod compose;
// Only native code takes gradients.
#[cfg_attr(target_family = "wasm", allow(dead_code, unused_imports))]
mod cpu;
mod flex;
#[cfg(feature = "webgpu")]
mod gpu;
mod packed;
pub mod plan;

#[cfg(not(target_family = "wasm"))]
mod autodiff;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, ExtensionType, backend_extension};
use burn::tensor::{DType, Device, Tensor};

pub use cpu::adamw::Step as AdamWStep;
pub use cpu::conv::Window;
pub use cpu::gemm::MatmulPrecision;
#[cfg(feature = "webgpu")]
use gpu::ActivationKind as Activation;
#[cfg(feature = "webgpu")]
pub use gpu::set_staging;
pub use packed::release_unused;
use plan::{Launch, note};

/// The extension of burn's backends; what each method computes stands at the function of this
/// module that calls it.
#[backend_extension(Flex, Autodiff: cfg(not(target_family = "wasm")))]
#[cfg_attr(target_family = "wasm", allow(dead_code))] // Only native code trains.
trait Kernels: Backend {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Maybe<Self>,
        #[extension_type] residual: Maybe<Self>,
        gelu: bool,
        precision: MatmulPrecision,
    ) -> FloatTensor<Self>;

    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Maybe<Self>,
        window: Window,
        #[extension_type] residual: Maybe<Self>,
        relu: bool,
        precision: MatmulPrecision,
    ) -> FloatTensor<Self>;

    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn join(
        residual: FloatTensor<Self>,
        branch: FloatTensor<Self>,
        #[extension_type] scale: Maybe<Self>,
        #[extension_type] keep: Maybe<Self>,
    ) -> FloatTensor<Self>;

    fn attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;

    fn statistics(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn batch_norm(
        x: FloatTensor<Self>,
        #[extension_type] norm: Norm<Self>,
        #[extension_type] residual: Maybe<Self>,
        epsilon: f32,
        relu: bool,
        training: bool,
    ) -> FloatTensor<Self>;

    fn max_pool(x: FloatTensor<Self>, window: Window) -> FloatTensor<Self>;

    fn adamw(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        step: AdamWStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// What only networks without gradients ask for; with gradients burn's own operations do.
#[backend_extension(Flex, Cube: cfg(feature = "webgpu"))]
trait Inference: Backend {
    fn tokens(
        patches: FloatTensor<Self>,
        class_token: FloatTensor<Self>,
        positions: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn pixel_mean(x: FloatTensor<Self>) -> FloatTensor<Self>;

    fn beside(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// A tensor that may be left out.
#[derive(ExtensionType)]
enum Maybe<B: Backend> {
    Given(FloatTensor<B>),
    Absent,
}

impl<B: Backend> Maybe<B> {
    fn option(self) -> Option<FloatTensor<B>> {
        match self {
            Self::Given(tensor) => Some(tensor),
            Self::Absent => None,
        }
    }
}

/// What a batch normalisation works with, one value a channel each.
#[derive(ExtensionType)]
struct Norm<B: Backend> {
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
}

fn maybe<const D: usize>(tensor: Option<Tensor<D>>) -> Maybe<Dispatch> {
    match tensor {
        Some(tensor) => Maybe::Given(tensor.into_dispatch()),
        None => Maybe::Absent,
    }
}

/// Whose kernels take a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    /// Ours for the CPU.
    Cpu,
    /// Ours for a browser's GPU.
    #[cfg(feature = "webgpu")]
    Gpu,
    /// Burn's.
    Burn,
}

fn runner<const D: usize>(x: &Tensor<D>) -> Runner {
    match x.dtype() {
        DType::F32 => runner_on(&x.device()),
        _ => Runner::Burn,
    }
}

fn runner_on(device: &Device) -> Runner {
    #[allow(unreachable_patterns)] // Some builds have no other backend.
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => Runner::Cpu,
        #[cfg(feature = "webgpu")]
        DispatchDevice::Cube(_) => Runner::Gpu,
        #[cfg(not(target_family = "wasm"))]
        DispatchDevice::Autodiff(inner) if matches!(**inner, DispatchDevice::Flex(_)) => {
            Runner::Cpu
        }
        _ => Runner::Burn,
    }
}

/// Whether kernels of ours run this tensor's operations without a gradient.
#[cfg(not(target_family = "wasm"))]
fn infers<const D: usize>(x: &Tensor<D>) -> bool {
    runner(x) != Runner::Burn && !x.device().is_autodiff()
}

/// Whether the kernels of `device` read filters `[to, from, kernel, kernel]` in the order `[kernel,
/// kernel, from, to]`; they take any, but each other one is copied at every use.
pub fn reads_filters_last(device: &Device) -> bool {
    match runner_on(device) {
        #[cfg(feature = "webgpu")]
        Runner::Gpu => true,
        Runner::Cpu | Runner::Burn => false,
    }
}

/// How many images are best taken through a network at a time: a browser's CPU is one thread, and what
/// one image leaves behind fills its caches; any other device takes all there are.
pub fn images_at_once(device: &Device) -> usize {
    match runner_on(device) {
        Runner::Cpu if cfg!(target_family = "wasm") => 1,
        _ => usize::MAX,
    }
}

/// The answer of the kernels that take `$x`. A browser never asks burn's own.
macro_rules! run {
    ($x:expr, cpu: $cpu:expr, gpu: $gpu:expr, burn: $burn:expr $(,)?) => {
        match runner($x) {
            Runner::Cpu => $cpu,
            #[cfg(feature = "webgpu")]
            Runner::Gpu => $gpu,
            #[cfg(not(target_family = "wasm"))]
            Runner::Burn => $burn,
            #[cfg(target_family = "wasm")]
            Runner::Burn => unreachable!("in a browser tensors are f32, on the CPU or the GPU"),
        }
    };
    // Operations that a folded network does not have.
    ($x:expr, cpu: $cpu:expr, burn: $burn:expr $(,)?) => {
        match runner($x) {
            Runner::Cpu => $cpu,
            #[cfg(not(target_family = "wasm"))]
            _ => $burn,
            #[cfg(target_family = "wasm")]
            _ => unreachable!("a browser's GPU runs folded networks, see Model::folded"),
        }
    };
}

/// # Panics
/// Where a tensor of one value a channel is not `channels` long: kernels read without looking.
fn check_channels<'a>(channels: usize, vectors: impl IntoIterator<Item = &'a Tensor<1>>) {
    for vector in vectors {
        assert_eq!(vector.dims(), [channels], "one value a channel");
    }
}

fn check_linear<const D: usize>(x: &Tensor<D>, weight: &Tensor<2>, bias: &Option<Tensor<1>>) {
    let [from, to] = weight.dims();
    assert_eq!(
        x.dims()[D - 1],
        from,
        "the weight's first side is the input's last"
    );
    check_channels(to, bias);
}

/// `[…, from]` times `weight` `[from, to]`, plus `bias` `[to]` → `[…, to]`. The product and those
/// of its gradients have `precision`.
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    check_linear(&x, &weight, &bias);
    note_linear(&x, &weight, false);
    run!(
        &x,
        cpu: cpu_linear(x, weight, bias, None, false, precision),
        gpu: gpu::linear(x, weight, bias, None, Activation::None),
        burn: compose::linear(x, weight, bias),
    )
}

/// [`linear`], then the exact GELU, z·Φ(z).
pub fn linear_gelu<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    check_linear(&x, &weight, &bias);
    note_linear(&x, &weight, false);
    run!(
        &x,
        cpu: cpu_linear(x, weight, bias, None, true, precision),
        gpu: gpu::linear(x, weight, bias, None, Activation::Gelu),
        burn: compose::linear_gelu(x, weight, bias),
    )
}

/// [`linear`], then `residual` `[…, to]` added.
pub fn linear_join<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    residual: Tensor<D>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    check_linear(&x, &weight, &bias);
    // A gradient passes through both steps.
    if x.device().is_autodiff() {
        return join(residual, linear(x, weight, bias, precision), None, None);
    }
    note_linear(&x, &weight, true);
    run!(
        &x,
        cpu: cpu_linear(x, weight, bias, Some(residual), false, precision),
        gpu: gpu::linear(x, weight, bias, Some(residual), Activation::None),
        burn: compose::join(residual, compose::linear(x, weight, bias), None, None),
    )
}

fn note_linear<const D: usize>(x: &Tensor<D>, weight: &Tensor<2>, joins: bool) {
    note(|| {
        let [from, to] = weight.dims();
        Launch::linear(x.shape().num_elements() / from, from, to, joins)
    });
}

fn cpu_linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    residual: Option<Tensor<D>>,
    gelu: bool,
    precision: MatmulPrecision,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as Kernels>::linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        maybe(bias),
        maybe(residual),
        gelu,
        precision,
    ))
}

/// Every row of the last axis brought to mean 0 and variance 1, then times `gamma` plus `beta`.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    check_channels(x.dims()[D - 1], [&gamma, &beta]);
    note(|| {
        let columns = x.dims()[D - 1];
        Launch::layer_norm(x.shape().num_elements() / columns, columns)
    });
    run!(
        &x,
        cpu: Tensor::from_dispatch(<Dispatch as Kernels>::layer_norm(
            x.into_dispatch(),
            gamma.into_dispatch(),
            beta.into_dispatch(),
            epsilon as f32,
        )),
        gpu: gpu::layer_norm(x, gamma, beta, epsilon as f32),
        burn: compose::layer_norm(x, gamma, beta, epsilon),
    )
}

/// Images `[batch, height, width, from]` convolved with `weight` `[to, from, kernel, kernel]`,
/// plus `bias` `[to]`. The kernel's side is `window`'s. The products and those of the gradients have
/// `precision`.
pub fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
    precision: MatmulPrecision,
) -> Tensor<4> {
    check_convolve(&x, &weight, &bias);
    note(|| Launch::convolve(x.dims(), window, weight.dims()[0], false));
    run!(
        &x,
        cpu: cpu_convolve(x, weight, bias, window, None, false, precision),
        gpu: gpu::convolve(x, weight, bias, window, None, Activation::None),
        burn: compose::convolve(x, weight, bias, window),
    )
}

/// [`convolve`], then `residual` added if there is one, then ReLU if `relu`.
pub fn convolve_join(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
    residual: Option<Tensor<4>>,
    relu: bool,
    precision: MatmulPrecision,
) -> Tensor<4> {
    check_convolve(&x, &weight, &bias);
    // A gradient passes through every step; the browser takes none.
    #[cfg(not(target_family = "wasm"))]
    if x.device().is_autodiff() {
        return compose::join_relu(convolve(x, weight, bias, window, precision), residual, relu);
    }
    note(|| Launch::convolve(x.dims(), window, weight.dims()[0], residual.is_some()));
    run!(
        &x,
        cpu: cpu_convolve(x, weight, bias, window, residual, relu, precision),
        gpu: gpu::convolve(x, weight, bias, window, residual, Activation::relu(relu)),
        burn: compose::join_relu(compose::convolve(x, weight, bias, window), residual, relu),
    )
}

fn check_convolve(x: &Tensor<4>, weight: &Tensor<4>, bias: &Option<Tensor<1>>) {
    let [to, from, ..] = weight.dims();
    assert_eq!(
        x.dims()[3],
        from,
        "the weight's second side is the input's channels"
    );
    check_channels(to, bias);
}

fn cpu_convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
    residual: Option<Tensor<4>>,
    relu: bool,
    precision: MatmulPrecision,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::convolve(
        x.into_dispatch(),
        weight.into_dispatch(),
        maybe(bias),
        window,
        maybe(residual),
        relu,
        precision,
    ))
}

/// Images `[batch, height, width, channels]` convolved with one filter a channel, `weight`
/// `[channels, 1, kernel, kernel]` with an odd kernel, plus `bias`; the sides stay.
pub fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [channels, _, kernel, _] = weight.dims();
    assert_eq!(x.dims()[3], channels, "one filter a channel");
    check_channels(channels, [&bias]);
    #[cfg(not(target_family = "wasm"))]
    if !cpu::depthwise::KERNELS.contains(&kernel) {
        return compose::depthwise(x, weight, bias);
    }
    note(|| Launch::depthwise(x.dims(), kernel));
    run!(
        &x,
        cpu: Tensor::from_dispatch(<Dispatch as Kernels>::depthwise(
            x.into_dispatch(),
            weight.into_dispatch(),
            bias.into_dispatch(),
        )),
        gpu: gpu::depthwise(x, weight, bias),
        burn: compose::depthwise(x, weight, bias),
    )
}

/// A residual branch added: `residual + branch · scale · keep`, `scale` a value a channel
/// `[channels]` (layer scale), `keep` a value an image `[batch]` (stochastic depth).
pub fn join<const D: usize>(
    residual: Tensor<D>,
    branch: Tensor<D>,
    scale: Option<Tensor<1>>,
    keep: Option<Tensor<1>>,
) -> Tensor<D> {
    assert_eq!(
        residual.dims(),
        branch.dims(),
        "a branch is added to its like"
    );
    check_channels(branch.dims()[D - 1], &scale);
    check_channels(branch.dims()[0], &keep);
    run!(
        &residual,
        cpu: Tensor::from_dispatch(<Dispatch as Kernels>::join(
            residual.into_dispatch(),
            branch.into_dispatch(),
            maybe(scale),
            maybe(keep),
        )),
        burn: compose::join(residual, branch, scale, keep),
    )
}

/// Multi-head self-attention: queries, keys and values side by side, `[batch, tokens, 3·width]`,
/// each `[heads, width / heads]` → `[batch, tokens, width]`.
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    assert!(
        qkv.dims()[2].is_multiple_of(3 * heads),
        "three parts of whole heads"
    );
    note(|| {
        let [batch, tokens, width] = qkv.dims();
        Launch::attention(batch, tokens, width / 3)
    });
    run!(
        &qkv,
        cpu: Tensor::from_dispatch(<Dispatch as Kernels>::attention(qkv.into_dispatch(), heads)),
        gpu: gpu::attention(qkv, heads),
        burn: compose::attention(qkv, heads),
    )
}

/// How much of each token [`attention`] gives to each, of the queries, keys and values of one image
/// in memory: `[tokens, 3·width]` → `[heads, tokens, tokens]`; every row sums to 1.
pub fn attention_weights(qkv: &[f32], tokens: usize, heads: usize) -> Vec<f32> {
    let side = qkv.len() / tokens / 3 / heads;
    let heads = cpu::attention::Heads {
        batch: 1,
        tokens,
        heads,
        side,
    };
    cpu::attention::forward(qkv, heads, true).1
}

/// Patches `[batch, patches, width]` → tokens `[batch, 1 + patches, width]`: `class_token`
/// `[1, 1, width]` before them, and `positions` `[1, 1 + patches, width]` added to all.
pub fn tokens(patches: Tensor<3>, class_token: Tensor<3>, positions: Tensor<3>) -> Tensor<3> {
    let [_, count, width] = patches.dims();
    assert_eq!(class_token.dims(), [1, 1, width], "one class token");
    assert_eq!(
        positions.dims(),
        [1, 1 + count, width],
        "a position a token"
    );
    note(|| Launch::tokens(patches.dims()[0], 1 + count, width));
    #[cfg(not(target_family = "wasm"))]
    if !infers(&patches) {
        return compose::tokens(patches, class_token, positions);
    }
    Tensor::from_dispatch(<Dispatch as Inference>::tokens(
        patches.into_dispatch(),
        class_token.into_dispatch(),
        positions.into_dispatch(),
    ))
}

/// The mean over the pixels of `[batch, height, width, channels]`, `[batch, channels]`.
pub fn pixel_mean(x: Tensor<4>) -> Tensor<2> {
    note(|| Launch::pixel_mean(x.dims()));
    #[cfg(not(target_family = "wasm"))]
    if !infers(&x) {
        return compose::pixel_mean(x);
    }
    let x = x.into_dispatch();
    Tensor::from_dispatch(<Dispatch as Inference>::pixel_mean(x))
}

/// `[rows, left]` and `[rows, right]` → `[rows, left + right]`.
pub fn beside(left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
    assert_eq!(left.dims()[0], right.dims()[0], "as many rows");
    note(|| Launch::beside(left.dims()[0], left.dims()[1] + right.dims()[1]));
    #[cfg(not(target_family = "wasm"))]
    if !infers(&left) {
        return Tensor::cat(vec![left, right], 1);
    }
    let (left, right) = (left.into_dispatch(), right.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Inference>::beside(left, right))
}

/// Mean and biased variance of every channel of `[batch, height, width, channels]`; no gradient
/// passes.
pub fn statistics(x: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
    run!(
        &x,
        cpu: {
            let (mean, variance) = <Dispatch as Kernels>::statistics(x.into_dispatch());
            (Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
        },
        burn: compose::statistics(x),
    )
}

/// The per-channel tensors of a batch normalisation.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// What every channel is centred by.
    pub mean: Tensor<1>,
    /// What every channel is scaled by.
    pub variance: Tensor<1>,
    /// The learned scale.
    pub gamma: Tensor<1>,
    /// The learned shift.
    pub beta: Tensor<1>,
    /// Added to the variance.
    pub epsilon: f64,
    /// Whether mean and variance are the [`statistics`] of the very input: then the gradient
    /// passes through them too.
    pub training: bool,
}

/// Every channel of `[batch, height, width, channels]` normalised, then `residual` added if there
/// is one, then ReLU if `relu`.
pub fn batch_norm(
    x: Tensor<4>,
    norm: BatchNorm,
    residual: Option<Tensor<4>>,
    relu: bool,
) -> Tensor<4> {
    check_channels(
        x.dims()[3],
        [&norm.mean, &norm.variance, &norm.gamma, &norm.beta],
    );
    if let Some(residual) = &residual {
        assert_eq!(residual.dims(), x.dims(), "a residual is added to its like");
    }
    run!(
        &x,
        cpu: cpu_batch_norm(x, norm, residual, relu),
        burn: compose::batch_norm(x, norm, residual, relu),
    )
}

fn cpu_batch_norm(
    x: Tensor<4>,
    norm: BatchNorm,
    residual: Option<Tensor<4>>,
    relu: bool,
) -> Tensor<4> {
    let BatchNorm {
        mean,
        variance,
        gamma,
        beta,
        epsilon,
        training,
    } = norm;
    let norm = Norm {
        mean: mean.into_dispatch(),
        variance: variance.into_dispatch(),
        gamma: gamma.into_dispatch(),
        beta: beta.into_dispatch(),
    };
    Tensor::from_dispatch(<Dispatch as Kernels>::batch_norm(
        x.into_dispatch(),
        norm,
        maybe(residual),
        epsilon as f32,
        relu,
        training,
    ))
}

/// The highest value of every window of `[batch, height, width, channels]`, channel by channel.
pub fn max_pool(x: Tensor<4>, window: Window) -> Tensor<4> {
    note(|| Launch::max_pool(x.dims(), window));
    run!(
        &x,
        cpu: Tensor::from_dispatch(<Dispatch as Kernels>::max_pool(x.into_dispatch(), window)),
        gpu: gpu::max_pool(x, window),
        burn: compose::max_pool(x, window),
    )
}

/// One step of AdamW: a parameter, its gradient, and the running means of gradients and of their
/// squares → the new parameter and means. Tensors that nobody else holds are changed in place.
#[cfg(not(target_family = "wasm"))]
pub fn adamw<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    mean: Tensor<D>,
    square: Tensor<D>,
    step: AdamWStep,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    if runner(&parameter) != Runner::Cpu {
        return compose::adamw(parameter, gradient, mean, square, step);
    }
    let (parameter, mean, square) = <Dispatch as Kernels>::adamw(
        parameter.into_dispatch(),
        gradient.into_dispatch(),
        mean.into_dispatch(),
        square.into_dispatch(),
        step,
    );
    (
        Tensor::from_dispatch(parameter),
        Tensor::from_dispatch(mean),
        Tensor::from_dispatch(square),
    )
}
