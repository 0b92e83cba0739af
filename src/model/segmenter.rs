//! The network that finds nuclei: star-convex polygons ("Cell Detection with Star-Convex Polygons",
//! Schmidt et al., MICCAI 2018) from an encoder of any family with four feature maps and a decoder
//! like a feature pyramid ("Feature Pyramid Networks for Object Detection", Lin et al.,
//! arXiv 1612.03144).
//!
//! The decoder goes from the coarsest map to the finest. At each step it doubles its map, adds the
//! encoder's map of the same size by way of a 1×1 convolution, and smooths the sum with a 3×3
//! convolution. Batch norms and ReLU follow every convolution but the last, as in the encoder.

use burn::module::{Initializer, Module};
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::architecture::{Architecture, ArchitectureError};
use super::conv_norm::ConvNorm;
use super::fold;
use super::form::{Folded, Form, Trainable};
use super::forward::Forward;
use super::fresh;
use super::layers;
use super::network::Network;
use super::pixels::Normalisation;
use crate::kernels::{self, Interpolation, MatmulPrecision, Window};

/// The network; see the module's first paragraph.
#[derive(Module, Debug)]
pub struct Segmenter<F: Form> {
    encoder: Network<F>,
    /// Reads the coarsest map.
    top: ConvNorm<F>,
    /// The other maps, the coarsest first.
    steps: Vec<DecoderStep<F>>,
    head: Head<F>,
    form: F,
}

/// One step of the decoder to a map of twice the size.
#[derive(Module, Debug)]
struct DecoderStep<F: Form> {
    lateral: ConvNorm<F>,
    smooth: ConvNorm<F>,
}

/// The last two layers.
#[derive(Module, Debug)]
struct Head<F: Form> {
    hidden: ConvNorm<F>,
    answer: Conv2d,
}

/// The meaning of a segmenter's channels at each place. A place stands for a square of
/// [`STRIDE`](Self::STRIDE) pixels, and its rays start from the square's middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer;

impl Answer {
    /// Pixels of the input from one place to the next.
    pub const STRIDE: usize = 4;
    /// The channel with the logit of a nucleus that is to be read. Its probability is highest in
    /// the nucleus' middle.
    pub const READ: usize = 0;
    /// The channel with the same of an object that is to be left out.
    pub const LEFT_OUT: usize = 1;
    /// The first of the channels of the rays: each has the natural logarithm of a distance, in
    /// strides, to the contour. The first ray points right, the next ones follow clockwise.
    pub const RAYS: usize = 2;
}

impl<F: Forward> Segmenter<F> {
    /// The sides of an image that the decoder's maps fit: multiples of this, in pixels.
    pub const SIDES: usize = 32;

    /// Images, their sides multiples of [`SIDES`](Self::SIDES) → `[batch, height / 4, width / 4,
    /// channels]`, see [`Answer`]. In a folded network channels of zeros follow the others.
    pub fn forward(&self, images: F::Images) -> Tensor<4> {
        let mut maps = self.encoder.feature_maps(images);
        let coarsest = maps.pop().expect("`new` takes encoders with four maps");
        let mut x = self.top.forward(coarsest, true, &self.form);
        for step in &self.steps {
            let map = maps.pop().expect("`new` takes encoders with four maps");
            let doubled = kernels::upsample(x, Interpolation::Bilinear);
            x = step.lateral.join(map, doubled, None, &self.form);
            x = step.smooth.forward(x, true, &self.form);
        }
        let x = self.head.hidden.forward(x, true, &self.form);
        layers::convolve(&self.head.answer, x, self.form.precision())
    }
}

impl Segmenter<Trainable> {
    /// A fresh network whose decoder has `width` channels.
    ///
    /// # Errors
    /// [`ArchitectureError::Size`] for a transformer, which has one feature map.
    pub fn new(
        encoder: &Architecture,
        width: usize,
        rays: usize,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        let Some([finest @ .., coarsest]) = encoder.map_channels() else {
            return Err(ArchitectureError::Size {
                what: format!("a decoder of its one map, as {} has it", encoder.name()),
            });
        };
        let norm = |from, to, kernel| ConvNorm::new(from, to, kernel, 1, device);
        let step = |&from: &usize| DecoderStep {
            lateral: norm(from, width, 1),
            smooth: norm(width, width, 3),
        };
        let one_by_one = Window {
            kernel: 1,
            stride: 1,
            pad: 0,
        };
        let small = Initializer::Normal {
            mean: 0.0,
            std: 0.01,
        };
        let answers = [width, Answer::RAYS + rays];
        Ok(Self {
            encoder: encoder.init(0, 0.0, device),
            top: norm(coarsest, width, 1),
            steps: finest.iter().rev().map(step).collect(),
            head: Head {
                hidden: norm(width, width, 3),
                answer: fresh::convolution(answers, one_by_one, 1, &small, true, device),
            },
            form: Trainable::default(),
        })
    }

    /// As [`Model::with_precision`](super::Model::with_precision).
    pub fn with_precision(self, precision: MatmulPrecision) -> Self {
        Self {
            encoder: self.encoder.with_precision(precision),
            form: Trainable { precision },
            ..self
        }
    }

    /// As [`Model::folded`](super::Model::folded).
    pub fn folded(self, input: Normalisation) -> Segmenter<Folded> {
        let step = |step: DecoderStep<Trainable>| DecoderStep {
            lateral: step.lateral.folded(),
            smooth: step.smooth.folded(),
        };
        Segmenter {
            encoder: self.encoder.folded(input),
            top: self.top.folded(),
            steps: self.steps.into_iter().map(step).collect(),
            head: Head {
                hidden: self.head.hidden.folded(),
                answer: fold::padded(self.head.answer),
            },
            form: Folded {},
        }
    }
}

impl Segmenter<Folded> {
    /// As [`FoldedModel::on`](super::FoldedModel::on).
    pub fn on(self, device: &Device) -> Self {
        self.map(&mut super::network::Move::to(device))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::super::architecture::{BlockKind, ResNetConfig};
    use super::super::pixels::Pixels;
    use super::*;

    const SIDES: [usize; 2] = [64, 96];

    #[test]
    fn a_folded_segmenter_answers_as_the_one_that_was_trained() {
        let device = Device::flex();
        let encoder = Architecture::ResNet(ResNetConfig {
            block: BlockKind::Basic,
            depths: [1; 4],
            width: 6,
        });
        let network = Segmenter::new(&encoder, 10, 7, &device).expect("an encoder");
        let input = Normalisation {
            mean: [0.6, 0.5, 0.4],
            std: [0.2, 0.3, 0.25],
        };
        let [height, width] = SIDES;
        let values: Vec<f32> = (0..3 * height * width)
            .map(|i| (i as f32 * 0.7).sin())
            .collect();
        let pixels = Pixels::new(
            input.undone(&values, height * width),
            [1, height, width],
            &device,
        );
        let images = Tensor::from_data(TensorData::new(values, [1, 3, height, width]), &device);
        let wanted = network.forward(images);
        assert_eq!(wanted.dims(), [1, height / 4, width / 4, Answer::RAYS + 7]);
        let found = network.folded(input).forward(pixels);
        let found = found.narrow(3, 0, Answer::RAYS + 7);
        let apart = (found - wanted).abs().max().into_scalar::<f32>();
        assert!(apart < 1e-4, "{apart}");
    }

    #[test]
    fn a_transformer_is_no_encoder() {
        let vit = Architecture::named("vit-tiny").expect("a network");
        let error = Segmenter::new(&vit, 8, 32, &Device::flex()).expect_err("one map");
        assert!(error.to_string().contains("vit-tiny"), "{error}");
    }
}
