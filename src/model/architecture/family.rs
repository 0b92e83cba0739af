//! The family and the sizes of a network, as a model card stores them.

use serde::{Deserialize, Serialize};

use super::convnext::{self, ConvNextConfig};
use super::error::ArchitectureError;
use super::resnet::{self, ResNetConfig};
use super::vit::VitConfig;

/// A family with all the sizes that are needed to build the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Architecture {
    ResNet(ResNetConfig),
    ConvNext(ConvNextConfig),
    Vit(VitConfig),
}

impl Architecture {
    /// The names of the families.
    pub const FAMILIES: [&str; 3] = ["resnet", "convnext", "vit"];

    /// The architecture called `name`, such as `convnext-atto`.
    ///
    /// # Errors
    /// [`ArchitectureError::Unknown`], with every known name.
    pub fn named(name: &str) -> Result<Self, ArchitectureError> {
        Self::all()
            .find(|(known, _)| *known == name)
            .map(|(_, found)| found)
            .ok_or_else(|| ArchitectureError::Unknown {
                name: name.into(),
                known: Self::names(),
            })
    }

    /// Every name that [`Architecture::named`] knows.
    pub fn names() -> Vec<&'static str> {
        Self::all().map(|(name, _)| name).collect()
    }

    fn all() -> impl Iterator<Item = (&'static str, Self)> {
        let resnets = ResNetConfig::SIZES.map(|(name, block, depths)| {
            let width = ResNetConfig::WIDTH;
            (
                name,
                Self::ResNet(ResNetConfig {
                    block,
                    depths,
                    width,
                }),
            )
        });
        let convnexts = ConvNextConfig::SIZES.map(|(name, depths, widths)| {
            (name, Self::ConvNext(ConvNextConfig { depths, widths }))
        });
        let vits = VitConfig::SIZES.map(
            |(name, patch, width, depth, heads, grid, layer_scale, pool)| {
                let config = VitConfig {
                    patch,
                    width,
                    depth,
                    heads,
                    attention: None,
                    hidden: None,
                    grid,
                    layer_scale,
                    pool,
                };
                (name, Self::Vit(config))
            },
        );
        resnets.into_iter().chain(convnexts).chain(vits)
    }

    /// `resnet`, `convnext` or `vit`.
    pub fn family(&self) -> &'static str {
        match self {
            Self::ResNet(_) => "resnet",
            Self::ConvNext(_) => "convnext",
            Self::Vit(_) => "vit",
        }
    }

    /// The name of the size, or of the family where the size has no name. The grid of a transformer's
    /// position embeddings does not change its name.
    pub fn name(&self) -> &'static str {
        Self::all()
            .find(|(_, known)| match (self, known) {
                (Self::Vit(own), Self::Vit(known)) => {
                    VitConfig {
                        grid: known.grid,
                        ..own.clone()
                    } == *known
                }
                _ => self == known,
            })
            .map_or(self.family(), |(name, _)| name)
    }

    /// Channels that the head reads.
    pub fn channels(&self) -> usize {
        match self {
            Self::ResNet(config) => config.channels(),
            Self::ConvNext(config) => config.widths[3],
            Self::Vit(config) => config.channels(),
        }
    }

    /// Channels of the four feature maps, the finest first; `None` for a transformer, which has one map.
    pub fn map_channels(&self) -> Option<[usize; 4]> {
        match self {
            Self::ResNet(config) => {
                Some([0, 1, 2, 3].map(|i| config.block.output(config.width << i)))
            }
            Self::ConvNext(config) => Some(config.widths),
            Self::Vit(_) => None,
        }
    }

    /// Pixels of the input from one place of the last feature map to the next: the network's stride,
    /// or a transformer's patch.
    pub fn stride(&self) -> usize {
        match self {
            Self::ResNet(_) => resnet::STRIDE,
            Self::ConvNext(_) => convnext::STRIDE,
            Self::Vit(config) => config.patch,
        }
    }

    /// Places along a side of the last feature map, or patches, of an input of `side` pixels.
    pub fn places(&self, side: usize) -> usize {
        match self {
            // Every strided layer is padded, so that its windows reach the last pixel.
            Self::ResNet(_) => side.div_ceil(self.stride()),
            // Every strided layer leaves out the pixels that fill no patch.
            Self::ConvNext(_) | Self::Vit(_) => side / self.stride(),
        }
    }

    /// Where the middle of the first place lies in the input, in pixels from its upper and left
    /// edge; the others follow at a distance of [`stride`](Self::stride).
    pub fn first_place(&self) -> f32 {
        match self {
            Self::ResNet(_) => resnet::FIRST_PLACE,
            Self::ConvNext(_) | Self::Vit(_) => self.stride() as f32 / 2.0,
        }
    }

    /// The usual input side of pretrained weights of this network, in pixels.
    pub fn native_side(&self) -> usize {
        match self {
            Self::ResNet(_) | Self::ConvNext(_) => 224,
            Self::Vit(config) => config.grid * config.patch,
        }
    }

    /// The same network for inputs of `side` pixels; a transformer's position grid follows.
    ///
    /// # Errors
    /// As [`check_input_side`](Self::check_input_side).
    pub fn with_input_side(mut self, side: usize) -> Result<Self, ArchitectureError> {
        self.check_input_side(side)?;
        if let Self::Vit(config) = &mut self {
            config.grid = side / config.patch;
        }
        Ok(self)
    }

    /// The same network with `width` channels in the first stage or a token; the other stages and the
    /// attention heads change in proportion.
    ///
    /// # Errors
    /// [`ArchitectureError::Size`] where the proportion gives no whole numbers, or sizes that
    /// [`check`](Self::check) refuses.
    pub fn with_width(mut self, width: usize) -> Result<Self, ArchitectureError> {
        let name = self.name();
        let scaled = |size: usize, of: usize| match (size * width).is_multiple_of(of) {
            true => Ok(size * width / of),
            false => Err(ArchitectureError::Size {
                what: format!("the proportions of {name} at a width of {width}"),
            }),
        };
        match &mut self {
            Self::ResNet(config) => config.width = width,
            Self::ConvNext(config) => {
                let of = config.widths[0];
                for size in &mut config.widths {
                    *size = scaled(*size, of)?;
                }
            }
            Self::Vit(config) => {
                let of = config.width;
                config.heads = scaled(config.heads, of)?;
                for inner in [&mut config.attention, &mut config.hidden] {
                    *inner = inner.map(|size| scaled(size, of)).transpose()?;
                }
                config.width = width;
            }
        }
        self.check()?;
        Ok(self)
    }

    /// Blocks of each stage; a transformer has one stage.
    pub(super) fn depths(&self) -> &[usize] {
        match self {
            Self::ResNet(config) => &config.depths,
            Self::ConvNext(config) => &config.depths,
            Self::Vit(config) => std::slice::from_ref(&config.depth),
        }
    }
}
