//! Which network: a family and its sizes, as a model card stores them.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::convnext::{self, ConvNextConfig};
use super::network::Model;
use super::resnet::{self, ResNetConfig};
use super::vit::VitConfig;

/// A family with all its sizes; enough to build the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Architecture {
    ResNet(ResNetConfig),
    ConvNext(ConvNextConfig),
    Vit(VitConfig),
}

/// Why an architecture cannot be had.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ArchitectureError {
    /// No network has this name.
    #[error("there is no network called {name:?}; there are {}", Architecture::names().join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The input's side does not divide into what the network works on.
    #[error("an input of {side} px does not fit {network}: it must be a multiple of {unit}")]
    InputSide {
        /// What was asked for, in pixels.
        side: usize,
        /// The network's name.
        network: String,
        /// Its stride or patch, in pixels.
        unit: usize,
    },
    /// A size that no network can have, from a card or a command line.
    #[error("a network cannot have {what}")]
    Size {
        /// The size and its value.
        what: String,
    },
}

/// Upper bounds of what a card may say: a damaged or hostile one must not make the program
/// allocate without end. The deepest stage here has 27 blocks, the widest network is 1024 wide.
const MAX_DEPTH: usize = 128;
/// As [`MAX_DEPTH`], for channels and tokens.
const MAX_WIDTH: usize = 4096;
/// As [`MAX_DEPTH`], for the side of an input in pixels.
const MAX_SIDE: usize = 4096;

impl Architecture {
    /// The names of the families.
    pub const FAMILIES: [&str; 3] = ["resnet", "convnext", "vit"];

    /// The architecture called `name`, such as `convnext-atto`.
    ///
    /// # Errors
    /// [`ArchitectureError::Unknown`], with every name that there is.
    pub fn named(name: &str) -> Result<Self, ArchitectureError> {
        Self::all()
            .find(|(known, _)| *known == name)
            .map(|(_, found)| found)
            .ok_or_else(|| ArchitectureError::Unknown { name: name.into() })
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

    /// The size's name where it has one, else the family's. A transformer's name does not
    /// depend on the grid of its position embeddings.
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

    /// What the input's side must be a multiple of: the network's stride or patch, in pixels.
    pub fn unit(&self) -> usize {
        match self {
            Self::ResNet(_) => resnet::STRIDE,
            Self::ConvNext(_) => convnext::STRIDE,
            Self::Vit(config) => config.patch,
        }
    }

    /// Where the middle of the last map's first place, or of the first patch, lies in the input, in
    /// pixels from its upper and left edge; the others follow at a distance of
    /// [`unit`](Self::unit).
    pub fn first_place(&self) -> f32 {
        match self {
            Self::ResNet(_) => resnet::FIRST_PLACE,
            Self::ConvNext(_) | Self::Vit(_) => self.unit() as f32 / 2.0,
        }
    }

    /// The input side that pretrained weights of this network are usually given at, in pixels.
    pub fn native_side(&self) -> usize {
        match self {
            Self::ResNet(_) | Self::ConvNext(_) => 224,
            Self::Vit(config) => config.grid * config.patch,
        }
    }

    /// The same network for inputs of `side` pixels; a transformer's position grid follows.
    ///
    /// # Errors
    /// [`ArchitectureError::InputSide`] unless `side` is a positive multiple of [`unit`](Self::unit).
    pub fn with_input_side(mut self, side: usize) -> Result<Self, ArchitectureError> {
        self.check_input_side(side)?;
        if let Self::Vit(config) = &mut self {
            config.grid = side / config.patch;
        }
        Ok(self)
    }

    /// The same network with another width: `width` channels in the first stage or a token, and the
    /// rest, stages and attention heads, in proportion.
    ///
    /// # Errors
    /// [`ArchitectureError::Size`] where the proportion gives no whole numbers, or none that a
    /// network can have.
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

    /// # Errors
    /// [`ArchitectureError::InputSide`] unless `side` is a positive multiple of [`unit`](Self::unit).
    pub fn check_input_side(&self, side: usize) -> Result<(), ArchitectureError> {
        let unit = self.unit();
        match side > 0 && side <= MAX_SIDE && side.is_multiple_of(unit) {
            true => Ok(()),
            false => Err(ArchitectureError::InputSide {
                side,
                network: self.name().into(),
                unit,
            }),
        }
    }

    /// Blocks of each stage; a transformer has one stage.
    fn depths(&self) -> &[usize] {
        match self {
            Self::ResNet(config) => &config.depths,
            Self::ConvNext(config) => &config.depths,
            Self::Vit(config) => std::slice::from_ref(&config.depth),
        }
    }

    /// How many layers there are for a learning rate that differs by layer: the stem or patch
    /// embedding, every block, and the head with the norm before it.
    pub fn layers(&self) -> usize {
        self.depths().iter().sum::<usize>() + 2
    }

    /// The layer, from 0, that holds the weight at this path of modules. What stands between two
    /// stages counts as part of the block after it.
    pub fn layer(&self, path: &[impl AsRef<str>]) -> usize {
        let part = |name: &str| path.iter().position(|part| part.as_ref() == name);
        let number = |at: usize| path.get(at).and_then(|part| part.as_ref().parse().ok());
        let stem = ["stem", "patches", "class_token", "positions"];
        if stem.into_iter().any(|name| part(name).is_some()) {
            return 0;
        }
        let (stage, block) = match (part("stages"), part("blocks")) {
            (Some(at), None) => (number(at + 1), number(at + 2)),
            (Some(at), Some(blocks)) => (number(at + 1), number(blocks + 1)),
            (None, Some(blocks)) => (Some(0), number(blocks + 1)),
            (None, None) => return self.layers() - 1,
        };
        let before: usize = self.depths().iter().take(stage.unwrap_or(0)).sum();
        1 + before + block.unwrap_or(0)
    }

    /// Refuses sizes of zero, beyond all bounds, or that contradict each other.
    ///
    /// # Errors
    /// [`ArchitectureError::Size`] with the first that is wrong.
    pub fn check(&self) -> Result<(), ArchitectureError> {
        let widths = match self {
            Self::ResNet(c) => vec![c.width],
            Self::ConvNext(c) => c.widths.to_vec(),
            Self::Vit(c) => vec![c.width, c.heads, c.attention_width()],
        };
        let within = |what: &str, sizes: &[usize], bound| match sizes
            .iter()
            .find(|size| !(1..=bound).contains(*size))
        {
            Some(size) => Err(ArchitectureError::Size {
                what: format!("a {what} of {size}"),
            }),
            None => Ok(()),
        };
        within("depth", self.depths(), MAX_DEPTH)?;
        within("width", &widths, MAX_WIDTH)?;
        if let Self::Vit(c) = self {
            within("hidden width", &[c.hidden_width()], 4 * MAX_WIDTH)?;
            within("patch", &[c.patch], MAX_SIDE)?;
            within("grid", &[c.grid], MAX_SIDE / c.patch)?;
        }
        match self {
            Self::Vit(c) if !c.attention_width().is_multiple_of(c.heads) => {
                Err(ArchitectureError::Size {
                    what: format!(
                        "{} heads at width {}: the width must divide",
                        c.heads,
                        c.attention_width()
                    ),
                })
            }
            _ => Ok(()),
        }
    }

    /// A fresh network with `classes` logits (0: a backbone without a head).
    ///
    /// Weights are drawn from the device's random source, see `Device::seed`. `drop_path` is the
    /// rate of the last block while training.
    pub fn init(&self, classes: usize, drop_path: f64, device: &Device) -> Model {
        match self {
            Self::ResNet(config) => Model::ResNet(config.init(classes, drop_path, device)),
            Self::ConvNext(config) => Model::ConvNext(config.init(classes, drop_path, device)),
            Self::Vit(config) => Model::Vit(config.init(classes, drop_path, device)),
        }
    }
}
