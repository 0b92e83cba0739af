//! The product without shared memory: each unit reads its values from memory.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use super::{Sizes, finish};
use crate::kernels::gpu::windows::pixel;

/// Each unit computes a block of `pixels` rows and `vectors` vectors of columns. `lanes` are the values of
/// an `In` vector.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)] // A kernel's buffers.
pub fn blocked<F: Float, In: Size, Out: Size>(
    x: &[Vector<F, In>],
    weight: &[Vector<F, Out>],
    bias: &[Vector<F, Out>],
    residual: &[Vector<F, Out>],
    out: &mut [Vector<F, Out>],
    sizes: Sizes,
    #[comptime] lanes: usize,
    #[comptime] pixels: usize,
    #[comptime] vectors: usize,
) {
    let column = ABSOLUTE_POS_X * comptime!(vectors as u32);
    let first = ABSOLUTE_POS_Y * comptime!(pixels as u32);
    if column >= sizes.columns || first >= sizes.windows.rows {
        terminate!();
    }
    let mut sums = Array::<Vector<F, Out>>::new(comptime!(pixels * vectors));
    #[unroll]
    for i in 0..comptime!(pixels * vectors) {
        sums[i] = Vector::new(F::from_int(0));
    }
    // The last block may reach beyond the columns: it reads the last ones again.
    let mut columns = Array::<u32>::new(vectors);
    #[unroll]
    for v in 0..vectors {
        columns[v] = min(column + v as u32, sizes.columns - 1);
    }
    let mut tap = 0u32;
    for tap_y in 0..sizes.windows.kernel {
        for tap_x in 0..sizes.windows.kernel {
            let mut starts = Array::<usize>::new(pixels);
            let mut inside = Array::<bool>::new(pixels);
            #[unroll]
            for p in 0..pixels {
                let (start, within) = pixel(&sizes.windows, first + p as u32, tap_y, tap_x);
                starts[p] = start;
                inside[p] = within;
            }
            for channel in 0..sizes.windows.channels {
                let mut values = Array::<Vector<F, In>>::new(pixels);
                #[unroll]
                for p in 0..pixels {
                    let value = x[starts[p] + channel as usize];
                    values[p] = select(inside[p], value, Vector::new(F::from_int(0)));
                }
                let depth = (tap * sizes.windows.channels + channel) * comptime!(lanes as u32);
                #[unroll]
                for k in 0..lanes {
                    let line = (depth + k as u32) * sizes.columns;
                    #[unroll]
                    for v in 0..vectors {
                        let weight = weight[(line + columns[v]) as usize];
                        #[unroll]
                        for p in 0..pixels {
                            let value = Vector::<F, Out>::new(values[p].extract(k));
                            sums[p * vectors + v] = fma(value, weight, sums[p * vectors + v]);
                        }
                    }
                }
            }
            tap += 1;
        }
    }
    #[unroll]
    for p in 0..pixels {
        #[unroll]
        for v in 0..vectors {
            let (row, column) = (first + p as u32, column + v as u32);
            finish(
                sums[p * vectors + v],
                row,
                column,
                bias,
                residual,
                out,
                &sizes,
            );
        }
    }
}
