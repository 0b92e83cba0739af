//! The product for GPUs: a cube stages tiles of both matrices in shared memory.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use super::{Sizes, finish};
use crate::kernels::gpu::windows::pixel;
use crate::kernels::tiles::Tile;

/// Each cube computes a tile of the result, and stages its parts of both matrices. `lanes` are the values of
/// an `In` vector.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)] // A kernel's buffers.
pub fn tiled<F: Float, In: Size, Out: Size>(
    x: &[Vector<F, In>],
    weight: &[Vector<F, Out>],
    bias: &[Vector<F, Out>],
    residual: &[Vector<F, Out>],
    out: &mut [Vector<F, Out>],
    sizes: Sizes,
    #[comptime] lanes: usize,
    #[comptime] tile: Tile,
) {
    let units = comptime!(tile.units() as u32);
    // One vector more a row, so that neighbouring rows lie in different banks.
    let line = comptime!(tile.depth + 1);
    let mut left = Shared::<[Vector<F, In>]>::new_slice(comptime!(tile.rows * (tile.depth + 1)));
    let mut right =
        Shared::<[Vector<F, Out>]>::new_slice(comptime!(tile.depth * lanes * tile.columns));
    let first_row = CUBE_POS_Y * comptime!(tile.rows as u32);
    let first_column = CUBE_POS_X * comptime!(tile.columns as u32);
    let wide = comptime!((tile.columns / tile.unit_columns) as u32);
    let unit_column = (UNIT_POS % wide) * comptime!(tile.unit_columns as u32);
    let unit_row = (UNIT_POS / wide) * comptime!(tile.unit_rows as u32);
    let mut sums = Array::<Vector<F, Out>>::new(comptime!(tile.unit_rows * tile.unit_columns));
    #[unroll]
    for i in 0..comptime!(tile.unit_rows * tile.unit_columns) {
        sums[i] = Vector::new(F::from_int(0));
    }
    let depth = sizes.windows.kernel * sizes.windows.kernel * sizes.windows.channels;
    let steps = (depth + comptime!(tile.depth as u32 - 1)) / comptime!(tile.depth as u32);
    for step in 0..steps {
        let start = step * comptime!(tile.depth as u32);
        // Every unit fetches its share of both tiles.
        #[unroll]
        for i in 0..comptime!((tile.rows * tile.depth).div_ceil(tile.units())) {
            let share = UNIT_POS + comptime!(i as u32) * units;
            if share < comptime!((tile.rows * tile.depth) as u32) {
                let row = share / comptime!(tile.depth as u32);
                let within = share % comptime!(tile.depth as u32);
                let at = start + within;
                let tap = at / sizes.windows.channels;
                let channel = at % sizes.windows.channels;
                let (tap_y, tap_x) = (tap / sizes.windows.kernel, tap % sizes.windows.kernel);
                let (pixel, inside) = pixel(&sizes.windows, first_row + row, tap_y, tap_x);
                let value = x[select(at < depth, pixel + channel as usize, 0)];
                let inside = inside && at < depth;
                left[row as usize * line + within as usize] =
                    select(inside, value, Vector::new(F::from_int(0)));
            }
        }
        #[unroll]
        for i in 0..comptime!((tile.depth * lanes * tile.columns).div_ceil(tile.units())) {
            let share = UNIT_POS + comptime!(i as u32) * units;
            if share < comptime!((tile.depth * lanes * tile.columns) as u32) {
                let within = share / comptime!(tile.columns as u32);
                let column = first_column + share % comptime!(tile.columns as u32);
                let row = start * comptime!(lanes as u32) + within;
                let inside = column < sizes.columns && row < depth * comptime!(lanes as u32);
                let at = select(inside, row * sizes.columns + column, 0);
                right[share as usize] =
                    select(inside, weight[at as usize], Vector::new(F::from_int(0)));
            }
        }
        sync_cube();
        for within in 0..comptime!(tile.depth as u32) {
            let mut values = Array::<Vector<F, In>>::new(comptime!(tile.unit_rows));
            #[unroll]
            for r in 0..tile.unit_rows {
                values[r] = left[(unit_row as usize + r) * line + within as usize];
            }
            #[unroll]
            for k in 0..lanes {
                let row = within * comptime!(lanes as u32) + k as u32;
                let from = row * comptime!(tile.columns as u32) + unit_column;
                #[unroll]
                for c in 0..tile.unit_columns {
                    let weight = right[from as usize + c];
                    #[unroll]
                    for r in 0..tile.unit_rows {
                        let value = Vector::<F, Out>::new(values[r].extract(k));
                        let sum = comptime!(r * tile.unit_columns + c);
                        sums[sum] = fma(value, weight, sums[sum]);
                    }
                }
            }
        }
        sync_cube();
    }
    #[unroll]
    for r in 0..tile.unit_rows {
        #[unroll]
        for c in 0..tile.unit_columns {
            let row = first_row + unit_row + r as u32;
            let column = first_column + unit_column + c as u32;
            let sum = sums[comptime!(r * tile.unit_columns + c)];
            finish(sum, row, column, bias, residual, out, &sizes);
        }
    }
}
