//! Random numbers that repeat.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A random source for one purpose of a run: `path` tells purposes, epochs and items apart.
pub fn random(seed: u64, path: &[u64]) -> ChaCha8Rng {
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
