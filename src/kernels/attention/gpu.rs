//! Attention on a browser's GPU in one pass over the keys ("Online normalizer calculation for
//! softmax", Milakov and Gimelshein, arXiv 1805.02867; "FlashAttention", Dao et al., arXiv
//! 2205.14135): the weights `[tokens, tokens]` are never stored.
//!
//! A unit holds one query and its sum of values in registers. The units of a cube go through the
//! keys together, so all of them read the same key and value; with `staged` they fetch some keys
//! and values at a time into shared memory, each its share.

use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::AttentionOps;
use crate::kernels::gpu::{cubes, empty, lanes, sides, staging, total};
use crate::kernels::tiles::QUERIES;

/// Keys, and values, that are staged at a time: 8 KB of each for heads of 64.
const STAGED: usize = 16;

/// `qkv` is `[images, tokens, 3, heads, side]` in vectors, `side` a head's, `out` `[images, tokens,
/// heads, side]`; `scale` is 1 / √(values of a head).
#[cube(launch_unchecked)]
pub fn attention<F: Float, N: Size>(
    qkv: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    tokens: u32,
    heads: u32,
    scale: f32,
    #[comptime] side: usize,
    #[comptime] staged: bool,
) {
    let head = CUBE_POS_Y % heads;
    let image = CUBE_POS_Y / heads;
    // A cube's last queries may lie beyond the end. They repeat the last query: every unit must reach the
    // barriers.
    let query = min(ABSOLUTE_POS_X, tokens - 1);
    let width = heads * comptime!(side as u32);
    // Where this head's part of the image's first token lies.
    let first = image * tokens * 3 * width + head * comptime!(side as u32);
    let from = (first + query * 3 * width) as usize;
    let mut wanted = Array::<Vector<F, N>>::new(side);
    let mut sums = Array::<Vector<F, N>>::new(side);
    #[unroll]
    for i in 0..side {
        wanted[i] = qkv[from + i] * Vector::new(F::cast_from(scale));
        sums[i] = Vector::new(F::from_int(0));
    }
    let mut highest = F::min_value();
    let mut weights = F::from_int(0);
    if staged {
        let mut keys = Shared::<[Vector<F, N>]>::new_slice(comptime!(STAGED * side));
        let mut values = Shared::<[Vector<F, N>]>::new_slice(comptime!(STAGED * side));
        for start in range_stepped(0, tokens, comptime!(STAGED as u32)) {
            #[unroll]
            for i in 0..comptime!((STAGED * side).div_ceil(QUERIES)) {
                let share = UNIT_POS + comptime!((i * QUERIES) as u32);
                let token = min(start + share / comptime!(side as u32), tokens - 1);
                let at = first + token * 3 * width + share % comptime!(side as u32);
                if share < comptime!((STAGED * side) as u32) {
                    keys[share as usize] = qkv[(at + width) as usize];
                    values[share as usize] = qkv[(at + 2 * width) as usize];
                }
            }
            sync_cube();
            for token in 0..min(comptime!(STAGED as u32), tokens - start) {
                let at = (token * comptime!(side as u32)) as usize;
                let (highest_yet, weights_yet) = take_in::<F, N>(
                    &wanted,
                    keys.as_slice(),
                    at,
                    values.as_slice(),
                    at,
                    &mut sums,
                    highest,
                    weights,
                    side,
                );
                highest = highest_yet;
                weights = weights_yet;
            }
            sync_cube();
        }
    } else {
        for token in 0..tokens {
            let key = (first + token * 3 * width + width) as usize;
            let value = (first + token * 3 * width + 2 * width) as usize;
            let (highest_yet, weights_yet) = take_in::<F, N>(
                &wanted, qkv, key, qkv, value, &mut sums, highest, weights, side,
            );
            highest = highest_yet;
            weights = weights_yet;
        }
    }
    let to = ((image * tokens + query) * width + head * comptime!(side as u32)) as usize;
    let inverse = Vector::<F, N>::new(F::new(1.0_f32) / weights);
    if ABSOLUTE_POS_X < tokens {
        #[unroll]
        for i in 0..side {
            out[to + i] = sums[i] * inverse;
        }
    }
}

/// Takes one more key and its value into a query's softmax: `sums` are the values times their weights,
/// all relative to the highest score. Returns the highest score and the sum of the weights.
#[cube]
#[allow(clippy::too_many_arguments)] // A kernel has no state to keep them in.
fn take_in<F: Float, N: Size>(
    wanted: &Array<Vector<F, N>>,
    keys: &[Vector<F, N>],
    key: usize,
    values: &[Vector<F, N>],
    value: usize,
    sums: &mut Array<Vector<F, N>>,
    highest: F,
    weights: F,
    #[comptime] side: usize,
) -> (F, F) {
    let mut product = Vector::<F, N>::new(F::from_int(0));
    #[unroll]
    for i in 0..side {
        product = fma(wanted[i], keys[key + i], product);
    }
    let score = total::<F, N>(product);
    let higher = max(highest, score);
    let keep = (highest - higher).exp();
    let weight = (score - higher).exp();
    #[unroll]
    for i in 0..side {
        let kept = sums[i] * Vector::new(keep);
        sums[i] = fma(Vector::new(weight), values[value + i], kept);
    }
    (higher, weights * keep + weight)
}

impl AttentionOps for CubeBackend {
    fn attention(qkv: CubeTensor, heads: usize) -> CubeTensor {
        let qkv = into_contiguous(qkv);
        let [images, tokens, width] = sides(&qkv);
        let width = width / 3;
        let side = width / heads;
        let lanes = lanes(&[side]);
        let out = empty(&qkv, [images, tokens, width]);
        let (count, dim) = cubes(tokens, images * heads, [QUERIES as u32, 1]);
        let client = qkv.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            attention::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                lanes,
                qkv.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                tokens as u32,
                heads as u32,
                1.0 / (side as f32).sqrt(),
                side / lanes,
                staging(),
            );
        }
        out
    }
}
