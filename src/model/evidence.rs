//! A logit taken apart by place: what each position of the last feature map adds to it.
//!
//! ResNet and ConvNeXt: class activation mapping ("Learning Deep Features for Discriminative
//! Localization", Zhou et al., arXiv 1512.04150). Their head reads the mean over the last map, and
//! a mean and a linear layer can change places: the logit is a sum over positions. ConvNeXt's
//! LayerNorm stands between; its mean over the channels is linear too, and its deviation is taken
//! as the number that it is for this image, so the sum stays exact.
//!
//! ViT: see [`Vit::evidence`](super::Vit::evidence).

use burn::nn::Linear;
use burn::tensor::Tensor;

/// What each place of an image adds to each logit. Where the places lie, see
/// [`Architecture::first_place`](super::Architecture::first_place).
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What each place adds, `[batch, rows, columns, classes]`.
    pub shares: Tensor<4>,
    /// What belongs to no place, such as the head's bias, `[batch, classes]`: with it the shares
    /// sum up to the logits.
    pub rest: Tensor<2>,
}

impl Evidence {
    /// Of a head that reads the mean of `map`, `[batch, rows, columns, channels]`, and adds `rest`.
    pub(super) fn of_mean(map: Tensor<4>, head: &Linear, rest: Tensor<2>) -> Self {
        let [batch, rows, columns, _] = map.dims();
        let [_, classes] = head.weight.dims();
        let places = (rows * columns) as f32;
        Self {
            shares: weigh(map / places, head),
            rest: rest.expand([batch, classes]),
        }
    }
}

/// `[…, channels]` → what they add to each logit, `[…, classes]`, without the head's bias.
pub(super) fn weigh<const D: usize>(channels: Tensor<D>, head: &Linear) -> Tensor<D> {
    crate::kernels::linear(channels, head.weight.val(), None)
}

/// What the head's bias adds to each logit, `[1, classes]`.
pub(super) fn bias(head: &Linear) -> Tensor<2> {
    match &head.bias {
        Some(bias) => bias.val().unsqueeze(),
        None => Tensor::zeros([1, head.weight.dims()[1]], &head.weight.device()),
    }
}
