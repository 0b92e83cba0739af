//! The layers of a network in order, for learning rates that differ by layer.

use super::family::Architecture;

impl Architecture {
    /// The number of layers for learning rates that differ by layer: the stem or patch embedding, every
    /// block, and the head with the norm before it.
    pub fn layers(&self) -> usize {
        self.depths().iter().sum::<usize>() + 2
    }

    /// The layer, from 0, that holds the weight at this path of modules. A downsampling between two
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
}
