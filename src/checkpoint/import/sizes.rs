//! The sizes of a network, from the shapes of its tensors.

use super::error::ImportError;
use super::foreign::Foreign;
use crate::model::{Architecture, BlockKind, ConvNextConfig, Pool, ResNetConfig, VitConfig};

/// Width of an attention head in every named transformer; the heads of another must be given.
const HEAD_WIDTH: usize = 64;

/// The architecture called `name`; where `name` is a family, the tensors tell the sizes. They always
/// tell a transformer's grid and the input of its head.
pub(super) fn architecture(
    foreign: &Foreign,
    name: &str,
    heads: Option<usize>,
) -> Result<Architecture, ImportError> {
    let mut architecture = match name {
        "resnet" => Architecture::ResNet(resnet(foreign)?),
        "convnext" => Architecture::ConvNext(convnext(foreign)?),
        "vit" => Architecture::Vit(vit(foreign, heads)?),
        _ => Architecture::named(name)?,
    };
    if let Architecture::Vit(config) = &mut architecture {
        config.grid = grid(foreign)?;
        config.pool = pool(foreign, config);
        config.heads = heads.unwrap_or(config.heads);
    }
    architecture.check()?;
    Ok(architecture)
}

fn resnet(foreign: &Foreign) -> Result<ResNetConfig, ImportError> {
    let block = match foreign.has("stages.0.0.branch.2.conv.weight") {
        true => BlockKind::Bottleneck,
        false => BlockKind::Basic,
    };
    Ok(ResNetConfig {
        block,
        depths: [0, 1, 2, 3].map(|i| {
            (0..)
                .take_while(|j| foreign.has(&format!("stages.{i}.{j}.branch.0.conv.weight")))
                .count()
        }),
        width: foreign.side("stem.conv.weight", 0)?,
    })
}

fn convnext(foreign: &Foreign) -> Result<ConvNextConfig, ImportError> {
    let mut config = ConvNextConfig {
        depths: [0; 4],
        widths: [0; 4],
    };
    for i in 0..4 {
        let has = |j: &usize| foreign.has(&format!("stages.{i}.blocks.{j}.depthwise.conv.weight"));
        config.depths[i] = (0..).take_while(has).count();
        config.widths[i] =
            foreign.side(&format!("stages.{i}.blocks.0.depthwise.conv.weight"), 0)?;
    }
    Ok(config)
}

fn vit(foreign: &Foreign, heads: Option<usize>) -> Result<VitConfig, ImportError> {
    let width = foreign.side("patches.weight", 0)?;
    let heads = match heads {
        Some(heads) => heads,
        None if width.is_multiple_of(HEAD_WIDTH) => width / HEAD_WIDTH,
        None => return Err(ImportError::Heads { width }),
    };
    let has = |i: &usize| foreign.has(&format!("blocks.{i}.attention_norm.gamma"));
    Ok(VitConfig {
        patch: foreign.side("patches.weight", 2)?,
        width,
        depth: (0..).take_while(has).count(),
        heads,
        attention: None,
        hidden: None,
        grid: 0,
        layer_scale: foreign.has("blocks.0.attention_scale"),
        pool: Pool::Class,
    })
}

/// Side of the square grid that the position embeddings were learned on.
fn grid(foreign: &Foreign) -> Result<usize, ImportError> {
    let tokens = foreign.side("positions", 1)?;
    let grid = tokens.saturating_sub(1).isqrt();
    match grid > 0 && grid * grid + 1 == tokens {
        true => Ok(grid),
        false => Err(ImportError::Positions { tokens }),
    }
}

/// A head that is twice as wide as a token reads the patches too. Without a head the named size
/// decides.
fn pool(foreign: &Foreign, config: &VitConfig) -> Pool {
    match foreign.side("head.weight", 1) {
        Ok(read) if read == 2 * config.width => Pool::ClassAndPatchMean,
        Ok(_) if foreign.keeps_head() => Pool::Class,
        _ => config.pool,
    }
}
