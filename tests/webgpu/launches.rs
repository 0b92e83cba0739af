//! Each operation as the GPU is given it: multiplications, and the bytes that its cubes move.

use karyolens::kernels::tiles::{DEPTHWISE_CHANNELS, DEPTHWISE_SIDE, LANES, QUERIES, Tile};
use karyolens::kernels::{Images, Window};

/// Bytes of a value.
const BYTES: u64 = 4;

/// One dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The operation's name.
    pub kernel: &'static str,
    /// The shape of the layer's weight; empty where it has none, or only vectors.
    pub weight: Vec<usize>,
    /// Multiplications, each with its addition.
    pub products: u64,
    /// Bytes that cubes read and write.
    pub bytes: u64,
    /// Bytes of the inputs and the result, each once: no kernel can move less.
    pub least: u64,
}

impl Launch {
    fn new(kernel: &'static str, products: usize, moved: usize, least: usize) -> Self {
        Self {
            kernel,
            weight: Vec::new(),
            products: products as u64,
            bytes: BYTES * moved as u64,
            least: BYTES * least as u64,
        }
    }

    /// A product of `[rows, depth]` and `[depth, columns]`, where `input` values hold the rows.
    fn product(
        kernel: &'static str,
        [rows, depth, columns]: [usize; 3],
        input: usize,
        joins: bool,
    ) -> Self {
        let lanes = if columns.is_multiple_of(LANES) {
            LANES
        } else {
            1
        };
        let vectors = columns / lanes;
        let [wide, high] = Tile::of(rows, vectors).cubes(rows, vectors);
        let results = rows * columns * (1 + usize::from(joins)) + columns;
        let moved = wide * rows * depth + high * depth * columns + results;
        Self::new(
            kernel,
            rows * depth * columns,
            moved,
            input + depth * columns + results,
        )
    }

    pub fn linear(rows: usize, from: usize, to: usize, joins: bool) -> Self {
        Self {
            weight: vec![from, to],
            ..Self::product("linear", [rows, from, to], rows * from, joins)
        }
    }

    pub fn convolve(images: Images, window: Window, to: usize, joins: bool) -> Self {
        let output = window.output(images, to);
        let depth = window.kernel * window.kernel * images.channels;
        let sides = [output.pixels(), depth, to];
        Self {
            weight: vec![to, images.channels, window.kernel, window.kernel],
            ..Self::product("convolve", sides, images.values(), joins)
        }
    }

    pub fn depthwise(images: Images, kernel: usize) -> Self {
        let taps = kernel * kernel;
        let tiles = |side: usize| side.div_ceil(DEPTHWISE_SIDE);
        let cubes = images.batch
            * tiles(images.height)
            * tiles(images.width)
            * images.channels.div_ceil(LANES * DEPTHWISE_CHANNELS);
        let staged = (DEPTHWISE_SIDE + kernel - 1).pow(2) + taps;
        let staged = cubes * staged * LANES * DEPTHWISE_CHANNELS;
        let moved = staged + images.values() + images.channels;
        let least = 2 * images.values() + (taps + 1) * images.channels;
        Self {
            weight: vec![images.channels, 1, kernel, kernel],
            ..Self::new("depthwise", images.values() * taps, moved, least)
        }
    }

    pub fn layer_norm(rows: usize, columns: usize) -> Self {
        let values = rows * columns;
        let moved = 4 * values + 2 * values;
        Self::new("layer norm", 3 * values, moved, 2 * values + 2 * columns)
    }

    pub fn attention(batch: usize, tokens: usize, width: usize) -> Self {
        let values = batch * tokens * width;
        let cubes = tokens.div_ceil(QUERIES);
        let moved = 2 * values + cubes * 2 * values;
        Self::new("attention", 2 * values * tokens, moved, 4 * values)
    }

    pub fn max_pool(images: Images, window: Window) -> Self {
        let results = window.output(images, images.channels).values();
        let taps = window.kernel * window.kernel;
        let least = images.values() + results;
        Self::new("max pool", 0, results * (taps + 1), least)
    }

    pub fn pixel_mean(images: Images) -> Self {
        let values = images.values() + images.batch * images.channels;
        Self::new("pixel mean", 0, values, values)
    }

    pub fn tokens(batch: usize, count: usize, width: usize) -> Self {
        let positions = count * width;
        let values = 2 * batch * positions;
        Self::new("tokens", 0, values + batch * positions, values + positions)
    }
}
