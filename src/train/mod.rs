//! Training, natively: from a folder of labelled cells to a run folder with a checkpoint.
//!
//! In the order in which a run meets them: [`config`] holds its settings, [`data`] reads records,
//! [`lessons`] is what there is to learn of each, [`teachers`] included (`seen`: whether they
//! know it already); [`sampler`] orders them,
//! [`augment`] varies each image, [`cutmix`] mixes some, [`loader`] makes batches beside the
//! training step; `step` is what happens to one, with [`loss`] and [`average`]; `optimise` moves
//! the weights, [`run`] keeps the folder, [`mod@fit`] drives burn-train's learner,
//! [`split_figure`] computes an epoch's figures, [`history`] keeps them and [`timing`] its time;
//! [`metrics`] says how good the result is, and [`report`] puts it all on one page. [`ablate`]
//! asks what each method is worth, over many runs.
//!
//! burn-train supplies the loop, the schedulers, the checkpoints of a run and the dashboard. Ours
//! is AdamW's arithmetic, for speed ([`adamw`]), and what burn cannot do: an order and
//! augmentations that depend on seed, epoch and position alone, so that a run repeats exactly
//! ([`loader`]); macro-F1 over an epoch instead of the mean over batches ([`split_figure`]); one
//! table of figures a run ([`history`]); checkpoints that a kill cannot break ([`run`]); and an
//! average of the weights ([`average`]).

pub mod ablate;
pub mod adamw;
pub mod augment;
pub mod average;
pub mod config;
pub mod cutmix;
pub mod data;
pub mod evaluate;
pub mod fit;
pub mod history;
pub mod lessons;
pub mod loader;
pub mod loss;
pub mod metrics;
mod optimise;
pub mod progress;
pub mod report;
pub mod run;
pub mod sampler;
mod seen;
pub mod settings;
pub mod split_figure;
mod step;
pub mod teachers;
pub mod timing;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A random source for one purpose of a run: `path` tells purposes, epochs and images apart.
fn random(seed: u64, path: &[u64]) -> ChaCha8Rng {
    // Mixed as boost's hash_combine does, widened to 64 bits; ChaCha does the rest.
    let mixed = path.iter().fold(seed, |mixed, &part| {
        let golden = 0x9e37_79b9_7f4a_7c15u64;
        mixed
            ^ part
                .wrapping_add(golden)
                .wrapping_add(mixed << 6)
                .wrapping_add(mixed >> 2)
    });
    ChaCha8Rng::seed_from_u64(mixed)
}
