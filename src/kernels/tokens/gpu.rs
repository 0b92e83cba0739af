//! The copies on a browser's GPU.

use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::TokensOps;
use crate::kernels::gpu::{cubes, empty, lanes, sides};

/// Patches `[images, patches, width]`, one class token and the positions of all → tokens
/// `[images, 1 + patches, width]`, the class token first.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)] // A kernel's buffers.
pub fn tokens<F: Float, N: Size>(
    patches: &[Vector<F, N>],
    class_token: &[Vector<F, N>],
    positions: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    images: u32,
    count: u32,
    width: u32,
) {
    let channel = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if channel >= width || row >= images * count {
        terminate!();
    }
    let token = row % count;
    let image = row / count;
    let mut value = positions[(token * width + channel) as usize];
    if token == 0 {
        value += class_token[channel as usize];
    } else {
        let patch = image * (count - 1) + token - 1;
        value += patches[(patch * width + channel) as usize];
    }
    out[(row * width + channel) as usize] = value;
}

/// `[rows, wide]` and `[rows, columns - wide]` → `[rows, columns]`, value by value.
#[cube(launch_unchecked)]
pub fn beside<F: Float>(
    left: &[F],
    right: &[F],
    out: &mut [F],
    rows: u32,
    wide: u32,
    columns: u32,
) {
    let column = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if column >= columns || row >= rows {
        terminate!();
    }
    let to = (row * columns + column) as usize;
    if column < wide {
        out[to] = left[(row * wide + column) as usize];
    } else {
        out[to] = right[(row * (columns - wide) + column - wide) as usize];
    }
}

impl TokensOps for CubeBackend {
    fn tokens(patches: CubeTensor, class_token: CubeTensor, positions: CubeTensor) -> CubeTensor {
        let [patches, class_token, positions] =
            [patches, class_token, positions].map(into_contiguous);
        let [images, count, width] = sides(&patches);
        let count = count + 1;
        let lanes = lanes(&[width]);
        let out = empty(&patches, [images, count, width]);
        let (cubes, dim) = cubes(width / lanes, images * count, [32, 2]);
        let client = patches.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            tokens::launch_unchecked::<f32>(
                &client,
                cubes,
                dim,
                lanes,
                patches.into_buffer_arg(),
                class_token.into_buffer_arg(),
                positions.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                images as u32,
                count as u32,
                (width / lanes) as u32,
            );
        }
        out
    }

    fn beside(left: CubeTensor, right: CubeTensor) -> CubeTensor {
        let [left, right] = [left, right].map(into_contiguous);
        let [rows, wide] = sides(&left);
        let columns = wide + sides::<2>(&right)[1];
        let out = empty(&left, [rows, columns]);
        let (count, dim) = cubes(columns, rows, [32, 2]);
        let client = left.client.clone();
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            beside::launch_unchecked::<f32>(
                &client,
                count,
                dim,
                left.into_buffer_arg(),
                right.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                rows as u32,
                wide as u32,
                columns as u32,
            );
        }
        out
    }
}
