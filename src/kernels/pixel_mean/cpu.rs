//! The mean on the CPU.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use super::PixelMeanOps;
use crate::kernels::flex::{contiguous, images, tensor, values};

impl PixelMeanOps for Flex {
    fn pixel_mean(x: FlexTensor) -> FlexTensor {
        let x = contiguous(x);
        let sides = images(&x);
        let share = 1.0 / (sides.height * sides.width) as f32;
        let mut out = vec![0.0; sides.batch * sides.channels];
        let means = out.chunks_exact_mut(sides.channels);
        for (image, mean) in values(&x).chunks_exact(sides.image()).zip(means) {
            for pixel in image.chunks_exact(sides.channels) {
                for (mean, value) in mean.iter_mut().zip(pixel) {
                    *mean += value;
                }
            }
            mean.iter_mut().for_each(|mean| *mean *= share);
        }
        tensor(out, [sides.batch, sides.channels])
    }
}
