//! Images as a folded network takes them.

use burn::tensor::{Device, Tensor, TensorData};

/// Images that are not normalised: red, green and blue from 0 to 1, and a channel of ones,
/// `[batch, height, width, 4]`.
///
/// The ones tell an image's pixels from the zeros of the padding around it. The first layer of a
/// folded network subtracts the mean colour by way of them, so the padding stands for the mean
/// colour, as it does in the network that was trained.
#[derive(Clone, Debug)]
pub struct Pixels(Tensor<4>);

impl Pixels {
    /// Images on `device` from the colours of `[batch, height, width]` pixels, row by row.
    pub fn new(
        colours: impl IntoIterator<Item = [f32; 3]>,
        [batch, height, width]: [usize; 3],
        device: &Device,
    ) -> Self {
        let mut values = Vec::with_capacity(batch * height * width * 4);
        for [red, green, blue] in colours {
            values.extend([red, green, blue, 1.0]);
        }
        let values = TensorData::new(values, [batch, height, width, 4]);
        Self(Tensor::from_data(values, device))
    }

    /// `[batch, height, width, 4]`.
    pub(super) fn channels_last(self) -> Tensor<4> {
        self.0
    }
}

/// How colours from 0 to 1 become the input of a network that is trained: `mean` is subtracted,
/// then they are divided by `std`; red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Normalisation {
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

impl Normalisation {
    /// Normalised images of `pixels` pixels each, `[channel, row, column]` → the colours of their
    /// pixels, row by row.
    pub fn undone(self, images: &[f32], pixels: usize) -> impl Iterator<Item = [f32; 3]> {
        let colour = move |image: &[f32], pixel: usize| {
            [0, 1, 2].map(|channel| {
                image[channel * pixels + pixel] * self.std[channel] + self.mean[channel]
            })
        };
        images
            .chunks_exact(3 * pixels)
            .flat_map(move |image| (0..pixels).map(move |pixel| colour(image, pixel)))
    }
}
