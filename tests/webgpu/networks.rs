//! The launches of a folded network's forward pass, layer by layer.

use karyolens::kernels::{Images, Window};
use karyolens::model::{Architecture, BlockKind, ConvNextConfig, Pool, ResNetConfig, VitConfig};

use super::launches::Launch;

/// Channels of the images that a folded network takes.
const INPUT: usize = 4;

/// The launches for images `[batch, side, side]`, with `classes` logits.
pub fn launches(
    architecture: &Architecture,
    batch: usize,
    side: usize,
    classes: usize,
) -> Vec<Launch> {
    let images = Images::new([batch, side, side, INPUT]);
    let mut pass = Pass {
        images,
        launches: Vec::new(),
    };
    match architecture {
        Architecture::ResNet(config) => pass.resnet(config),
        Architecture::ConvNext(config) => pass.convnext(config),
        Architecture::Vit(config) => pass.vit(config),
    }
    let head = Launch::linear(batch, architecture.channels(), classes, false);
    pass.launches.push(head);
    pass.launches
}

/// A forward pass so far: its launches, and the map that the next layer reads.
struct Pass {
    images: Images,
    launches: Vec<Launch>,
}

impl Pass {
    fn convolve(&mut self, window: Window, to: usize, joins: bool) {
        let launch = Launch::convolve(self.images, window, to, joins);
        self.launches.push(launch);
        self.images = window.output(self.images, to);
    }

    fn layer_norm(&mut self) {
        let launch = Launch::layer_norm(self.images.pixels(), self.images.channels);
        self.launches.push(launch);
    }

    fn linear(&mut self, to: usize, joins: bool) {
        let Images { channels: from, .. } = self.images;
        let launch = Launch::linear(self.images.pixels(), from, to, joins);
        self.launches.push(launch);
        self.images.channels = to;
    }

    fn resnet(&mut self, config: &ResNetConfig) {
        assert_eq!(config.block, BlockKind::Basic);
        let window = |kernel, stride| Window {
            kernel,
            stride,
            pad: kernel / 2,
        };
        self.convolve(window(7, 2), config.width, false);
        self.launches
            .push(Launch::max_pool(self.images, window(3, 2)));
        self.images = window(3, 2).output(self.images, config.width);
        for (stage, depth) in config.depths.into_iter().enumerate() {
            let width = config.width << stage;
            for block in 0..depth {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                if stride > 1 || self.images.channels != width {
                    let shortcut = Launch::convolve(self.images, window(1, stride), width, false);
                    self.launches.push(shortcut);
                }
                self.convolve(window(3, stride), width, false);
                self.convolve(window(3, 1), width, true);
            }
        }
        self.launches.push(Launch::pixel_mean(self.images));
    }

    fn convnext(&mut self, config: &ConvNextConfig) {
        for (stage, (depth, width)) in config.depths.into_iter().zip(config.widths).enumerate() {
            match stage {
                0 => {
                    self.convolve(Window::patches(4), width, false);
                    self.layer_norm();
                }
                _ => {
                    self.layer_norm();
                    self.convolve(Window::patches(2), width, false);
                }
            }
            for _ in 0..depth {
                self.launches.push(Launch::depthwise(self.images, 7));
                self.layer_norm();
                self.linear(4 * width, false);
                self.linear(width, true);
            }
        }
        self.launches.push(Launch::pixel_mean(self.images));
        let Images {
            batch, channels, ..
        } = self.images;
        self.launches.push(Launch::layer_norm(batch, channels));
    }

    fn vit(&mut self, config: &VitConfig) {
        assert_eq!(config.pool, Pool::Class);
        self.convolve(Window::patches(config.patch), config.width, false);
        let batch = self.images.batch;
        let count = 1 + self.images.height * self.images.width;
        self.launches
            .push(Launch::tokens(batch, count, config.width));
        self.images = Images::new([batch, 1, count, config.width]);
        for _ in 0..config.depth {
            self.layer_norm();
            self.linear(3 * config.attention_width(), false);
            let attention = Launch::attention(batch, count, config.attention_width());
            self.launches.push(attention);
            self.images.channels = config.attention_width();
            self.linear(config.width, true);
            self.layer_norm();
            self.linear(config.hidden_width(), false);
            self.linear(config.width, true);
        }
        self.launches.push(Launch::layer_norm(batch, config.width));
    }
}
