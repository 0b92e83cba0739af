//! The networks' operations, with kernels of our own where they run on a CPU.
//!
//! [`model`](crate::model) calls the functions of this module and nothing else for its layers.
//! Every tensor here is channels-last: an image is `[batch, height, width, channels]`, a sequence
//! `[batch, tokens, channels]`, so that a layer over channels reads memory in order and no layout
//! is turned around between layers.
//!
//! On burn's Flex backend an operation is one pass of ours over the data, forward and backward:
//! `cpu` holds the arithmetic, `flex` and `autodiff` bring it to burn as a backend extension. On
//! any other device, and for any type but f32, [`compose`] says the same in burn's own operations;
//! tests hold the two against each other.

pub mod compose;
// Only native code takes gradients.
#[cfg_attr(target_family = "wasm", allow(dead_code, unused_imports))]
mod cpu;
mod flex;
mod packed;

#[cfg(not(target_family = "wasm"))]
mod autodiff;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, ExtensionType, backend_extension};
use burn::tensor::{DType, Tensor};

pub use cpu::adamw::Step as AdamWStep;
pub use cpu::conv::Window;
pub use cpu::gemm::{MatmulPrecision, matmul_precision, set_matmul_precision};
pub use packed::release_unused;

/// The extension of burn's backends; what each method computes stands at the function of this
/// module that calls it.
#[backend_extension(Flex, Autodiff: cfg(not(target_family = "wasm")))]
trait Kernels: Backend {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Maybe<Self>,
        gelu: bool,
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

/// Whether our kernels take this tensor.
fn ours<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device();
    #[allow(unreachable_patterns)] // Natively there is no other backend.
    let flex = match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        #[cfg(not(target_family = "wasm"))]
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Flex(_)),
        _ => false,
    };
    flex && x.dtype() == DType::F32
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

/// `[…, from]` times `weight` `[from, to]`, plus `bias` `[to]` → `[…, to]`.
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    check_linear(&x, &weight, &bias);
    if !ours(&x) {
        return compose::linear(x, weight, bias);
    }
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Kernels>::linear(x, weight, maybe(bias), false))
}

/// [`linear`], then the exact GELU, z·Φ(z).
pub fn linear_gelu<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    check_linear(&x, &weight, &bias);
    if !ours(&x) {
        return compose::linear_gelu(x, weight, bias);
    }
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Kernels>::linear(x, weight, maybe(bias), true))
}

/// Every row of the last axis brought to mean 0 and variance 1, then times `gamma` plus `beta`.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    check_channels(x.dims()[D - 1], [&gamma, &beta]);
    if !ours(&x) {
        return compose::layer_norm(x, gamma, beta, epsilon);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::layer_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon as f32,
    ))
}

/// Images `[batch, height, width, from]` convolved with `weight` `[to, from, kernel, kernel]`,
/// plus `bias` `[to]`. The kernel's side is `window`'s.
pub fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
) -> Tensor<4> {
    let [to, from, ..] = weight.dims();
    assert_eq!(
        x.dims()[3],
        from,
        "the weight's second side is the input's channels"
    );
    check_channels(to, &bias);
    if !ours(&x) {
        return compose::convolve(x, weight, bias, window);
    }
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Kernels>::convolve(
        x,
        weight,
        maybe(bias),
        window,
    ))
}

/// Images `[batch, height, width, channels]` convolved with one filter a channel, `weight`
/// `[channels, 1, kernel, kernel]` with an odd kernel, plus `bias`; the sides stay.
pub fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [channels, _, kernel, _] = weight.dims();
    assert_eq!(x.dims()[3], channels, "one filter a channel");
    check_channels(channels, [&bias]);
    if !ours(&x) || !cpu::depthwise::KERNELS.contains(&kernel) {
        return compose::depthwise(x, weight, bias);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::depthwise(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    ))
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
    if !ours(&residual) {
        return compose::join(residual, branch, scale, keep);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::join(
        residual.into_dispatch(),
        branch.into_dispatch(),
        maybe(scale),
        maybe(keep),
    ))
}

/// Multi-head self-attention: queries, keys and values side by side, `[batch, tokens, 3·width]`,
/// each `[heads, width / heads]` → `[batch, tokens, width]`.
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    assert!(
        qkv.dims()[2].is_multiple_of(3 * heads),
        "three parts of whole heads"
    );
    if !ours(&qkv) {
        return compose::attention(qkv, heads);
    }
    let qkv = qkv.into_dispatch();
    Tensor::from_dispatch(<Dispatch as Kernels>::attention(qkv, heads))
}

/// How much of each token [`attention`] gives to each, mean over the heads, `[batch, tokens,
/// tokens]`; every row sums to 1. Only explanations ask for them, so no kernel of ours is worth its
/// while.
pub fn attention_weights(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    compose::attention_weights(qkv, heads)
}

/// Mean and biased variance of every channel of `[batch, height, width, channels]`; no gradient
/// passes.
pub fn statistics(x: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
    if !ours(&x) {
        return compose::statistics(x);
    }
    let (mean, variance) = <Dispatch as Kernels>::statistics(x.into_dispatch());
    (Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
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
    if !ours(&x) {
        return compose::batch_norm(x, norm, residual, relu);
    }
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
    if !ours(&x) {
        return compose::max_pool(x, window);
    }
    let x = x.into_dispatch();
    Tensor::from_dispatch(<Dispatch as Kernels>::max_pool(x, window))
}

/// One step of AdamW: a parameter, its gradient, and the running means of gradients and of their
/// squares → the new parameter and means. Tensors that nobody else holds are changed in place.
pub fn adamw<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    mean: Tensor<D>,
    square: Tensor<D>,
    step: AdamWStep,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    if !ours(&parameter) {
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
