//! A logit split by place: the share of each position of the last feature map.
//!
//! ResNet and ConvNeXt: class activation mapping ("Learning Deep Features for Discriminative
//! Localization", Zhou et al., arXiv 1512.04150). Their head reads the mean over the last map, and
//! the order of a mean and a linear layer does not matter: the logit is a sum over positions.
//! ConvNeXt has a LayerNorm between them. Its mean over the channels is linear too, and its deviation
//! is one number for the image, so the sum stays exact.
//!
//! ViT: the share of each token of the last block is exact, because the head is linear and reads
//! tokens and means of tokens. Attention roll-out ("Quantifying Attention Flow in Transformers",
//! Abnar and Zuidema, arXiv 2005.00928) then shares it among the patches: each block keeps half of a
//! token and takes the other half from all tokens by attention, the mean over the heads. The share
//! that stays with the class token belongs to no place.
//!
//! The network's device computes the maps ([`Insight`]). The rest is little work and is done here
//! ([`EvidenceHead`]).

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;

use super::layers::{LayerNorm, NORM_EPSILON};
use crate::kernels::attention_weights;

/// Inner values of a network: tensors on its device, a row an image; the same in memory; or the rows
/// of one image.
#[derive(Clone, Debug)]
pub struct Insight<T = Tensor<2>> {
    /// A transformer's queries, keys and values, block by block; empty for the other families.
    pub attention: Vec<T>,
    /// The last feature map, or the last tokens before the final norm.
    pub last: T,
}

impl Insight {
    /// The insight of a network whose head reads the mean of `map`, `[batch, rows, columns, channels]`.
    pub(super) fn of_map(map: Tensor<4>) -> Self {
        Self {
            attention: Vec::new(),
            last: map.flatten(1, 3),
        }
    }
}

impl Insight<Vec<f32>> {
    /// The rows of one image among `images`.
    pub fn of_image(&self, image: usize, images: usize) -> Insight<&[f32]> {
        fn row(rows: &[f32], image: usize, images: usize) -> &[f32] {
            let width = rows.len() / images;
            &rows[image * width..][..width]
        }
        let attention = self.attention.iter();
        Insight {
            attention: attention.map(|rows| row(rows, image, images)).collect(),
            last: row(&self.last, image, images),
        }
    }
}

/// The share of each place of an image in each logit.
/// [`Architecture::first_place`](super::Architecture::first_place) tells where the places lie.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The share of each place, `[rows · columns, classes]`, row after row.
    pub shares: Vec<f32>,
    /// The part that belongs to no place, such as the head's bias, `[classes]`. With it the shares sum
    /// up to the logits.
    pub rest: Vec<f32>,
}

/// The last layers of a network, which turn an [`Insight`] into logits.
#[derive(Clone, Debug)]
pub struct EvidenceHead {
    /// `[channels, classes]`.
    weight: Vec<f32>,
    /// `[classes]`.
    bias: Vec<f32>,
    kind: Kind,
}

/// The layers between the last map and the head.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// The mean over the places.
    Mean,
    /// The mean, then a layer norm.
    NormalisedMean(Norm),
    /// A transformer's tokens, normalised.
    Tokens {
        norm: Norm,
        heads: usize,
        /// Whether the head reads the patches' mean beside the class token.
        reads_patches: bool,
    },
}

/// The parameters of a layer norm, a value a channel each.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
}

impl Norm {
    /// The parameters of a layer on the CPU.
    pub(super) fn of(layer: &LayerNorm) -> Self {
        Self {
            gamma: values(&layer.gamma),
            beta: values(&layer.beta),
        }
    }

    /// The mean and the standard deviation of a row.
    fn deviation(row: &[f32]) -> (f32, f32) {
        let count = row.len() as f32;
        let mean = row.iter().sum::<f32>() / count;
        let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
        (mean, (variance + NORM_EPSILON as f32).sqrt())
    }

    fn normalise(&self, row: &[f32]) -> Vec<f32> {
        let (mean, deviation) = Self::deviation(row);
        let scaled = row.iter().zip(&self.gamma).zip(&self.beta);
        scaled
            .map(|((value, gamma), beta)| (value - mean) / deviation * gamma + beta)
            .collect()
    }
}

/// The values of a parameter on the CPU.
fn values<const D: usize>(parameter: &Param<Tensor<D>>) -> Vec<f32> {
    parameter.val().into_data().iter::<f32>().collect()
}

impl EvidenceHead {
    pub(super) fn new(head: &Linear, kind: Kind) -> Self {
        let bias = match &head.bias {
            Some(bias) => values(bias),
            None => vec![0.0; head.weight.dims()[1]],
        };
        Self {
            weight: values(&head.weight),
            bias,
            kind,
        }
    }

    fn classes(&self) -> usize {
        self.bias.len()
    }

    /// One image's rows → the share of each place in each logit.
    pub fn evidence(&self, insight: &Insight<&[f32]>) -> Evidence {
        let last = insight.last;
        match &self.kind {
            Kind::Mean => {
                let places = last.len() / self.channels();
                Evidence {
                    shares: self.weigh(last, 1.0 / places as f32),
                    rest: self.bias.clone(),
                }
            }
            Kind::NormalisedMean(norm) => self.of_normalised_mean(norm, last),
            Kind::Tokens {
                norm,
                heads,
                reads_patches,
            } => self.of_tokens(norm, *heads, *reads_patches, insight),
        }
    }

    fn channels(&self) -> usize {
        self.weight.len() / self.classes()
    }

    /// Rows `[…, channels]` times `share` → their parts of each logit, `[…, classes]`, without the head's
    /// bias.
    fn weigh(&self, rows: &[f32], share: f32) -> Vec<f32> {
        self.weigh_from(0, rows, self.channels(), share)
    }

    /// The same for rows of `width` channels that the head reads from channel `first` on.
    fn weigh_from(&self, first: usize, rows: &[f32], width: usize, share: f32) -> Vec<f32> {
        let classes = self.classes();
        let weight = &self.weight[first * classes..][..width * classes];
        let mut added = vec![0.0; rows.len() / width * classes];
        for (row, added) in rows
            .chunks_exact(width)
            .zip(added.chunks_exact_mut(classes))
        {
            for (value, weight) in row.iter().zip(weight.chunks_exact(classes)) {
                for (added, weight) in added.iter_mut().zip(weight) {
                    *added += value * share * weight;
                }
            }
        }
        added
    }

    fn of_normalised_mean(&self, norm: &Norm, map: &[f32]) -> Evidence {
        let channels = self.channels();
        let places = map.len() / channels;
        let mut pooled = vec![0.0; channels];
        for place in map.chunks_exact(channels) {
            for (pooled, value) in pooled.iter_mut().zip(place) {
                *pooled += value / places as f32;
            }
        }
        let (_, deviation) = Norm::deviation(&pooled);
        let normalised: Vec<f32> = map
            .chunks_exact(channels)
            .flat_map(|place| {
                let mean = place.iter().sum::<f32>() / channels as f32;
                let scaled = place.iter().zip(&norm.gamma);
                scaled.map(move |(value, gamma)| (value - mean) * gamma / deviation)
            })
            .collect();
        let mut rest = self.weigh(&norm.beta, 1.0);
        for (rest, bias) in rest.iter_mut().zip(&self.bias) {
            *rest += bias;
        }
        Evidence {
            shares: self.weigh(&normalised, 1.0 / places as f32),
            rest,
        }
    }

    fn of_tokens(
        &self,
        norm: &Norm,
        heads: usize,
        reads_patches: bool,
        insight: &Insight<&[f32]>,
    ) -> Evidence {
        let tokens = insight.last;
        let (width, classes) = (norm.gamma.len(), self.classes());
        let count = tokens.len() / width;
        // The share of each token of the last block, the class token first.
        let normalised: Vec<f32> = tokens
            .chunks_exact(width)
            .flat_map(|token| norm.normalise(token))
            .collect();
        let (class_token, patches) = normalised.split_at(width);
        let mut added = self.weigh_from(0, class_token, width, 1.0);
        added.extend(match reads_patches {
            true => self.weigh_from(width, patches, width, 1.0 / (count - 1) as f32),
            false => vec![0.0; (count - 1) * classes],
        });
        // Backwards through the blocks: half stays with a token, half goes to the tokens it looked at.
        for qkv in insight.attention.iter().rev() {
            let weights = attention_weights(qkv, count, heads);
            let mut earlier: Vec<f32> = added.iter().map(|added| added / 2.0).collect();
            let share = 0.5 / heads as f32;
            for (row, weights) in weights.chunks_exact(count).enumerate() {
                let added = &added[row % count * classes..][..classes];
                for (weight, earlier) in weights.iter().zip(earlier.chunks_exact_mut(classes)) {
                    for (earlier, added) in earlier.iter_mut().zip(added) {
                        *earlier += share * weight * added;
                    }
                }
            }
            added = earlier;
        }
        let mut rest: Vec<f32> = added.drain(..classes).collect();
        for (rest, bias) in rest.iter_mut().zip(&self.bias) {
            *rest += bias;
        }
        Evidence {
            shares: added,
            rest,
        }
    }
}
