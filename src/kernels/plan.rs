//! How the GPU's kernels share out their work, and what that costs on paper.
//!
//! There is no GPU where this crate is built and tested, so the kernels are held against what can
//! be counted: dispatches, multiplications, and the bytes that leave and enter a cube, beside the
//! least that any kernel would have to move: every input and every result once. [`recorded`] counts
//! for a whole network, on whatever device it runs; `docs/webgpu.md` holds the table.

use std::cell::RefCell;

use super::Window;
use super::cpu::conv::Images;

/// Values of a vector.
const LANES: usize = 4;
/// Bytes of a value.
const BYTES: u64 = 4;

/// How a cube of a product shares out its part of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Rows of a cube.
    pub rows: usize,
    /// Columns of a cube, in vectors.
    pub columns: usize,
    /// Values of a row that are staged at a time, in vectors.
    pub depth: usize,
    /// Rows of a unit.
    pub unit_rows: usize,
    /// Columns of a unit, in vectors.
    pub unit_columns: usize,
}

impl Tile {
    /// 64×64 values a cube, 8×4 a unit: for products that fill a GPU with such tiles.
    const LARGE: Self = Self {
        rows: 64,
        columns: 16,
        depth: 4,
        unit_rows: 8,
        unit_columns: 1,
    };
    /// 32×32 values a cube, 4×4 a unit: for all others.
    const SMALL: Self = Self {
        rows: 32,
        columns: 8,
        depth: 4,
        unit_rows: 4,
        unit_columns: 1,
    };
    /// Cubes that keep a GPU of a notebook or better busy: some for each of its cores.
    const BUSY: usize = 128;

    /// The tile for a result of `rows` by `columns` vectors.
    pub fn of(rows: usize, columns: usize) -> Self {
        match Self::LARGE.cubes(rows, columns).iter().product::<usize>() >= Self::BUSY {
            true => Self::LARGE,
            false => Self::SMALL,
        }
    }

    /// Units of a cube.
    pub fn units(&self) -> usize {
        self.rows / self.unit_rows * (self.columns / self.unit_columns)
    }

    /// Cubes side by side, and one under the other.
    pub fn cubes(&self, rows: usize, columns: usize) -> [usize; 2] {
        [columns.div_ceil(self.columns), rows.div_ceil(self.rows)]
    }
}

/// One dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The operation's name.
    pub kernel: &'static str,
    /// Multiplications, each with its addition.
    pub products: u64,
    /// Bytes that cubes read and write.
    pub bytes: u64,
    /// Bytes of the inputs and the result, each once.
    pub least: u64,
}

impl Launch {
    /// Arithmetic operations a byte that is moved.
    pub fn intensity(&self) -> f64 {
        2.0 * self.products as f64 / self.bytes as f64
    }

    fn new(kernel: &'static str, products: usize, moved: usize, least: usize) -> Self {
        Self {
            kernel,
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

    pub(super) fn linear(rows: usize, from: usize, to: usize, joins: bool) -> Self {
        Self::product("linear", [rows, from, to], rows * from, joins)
    }

    pub(super) fn convolve(images: [usize; 4], window: Window, to: usize, joins: bool) -> Self {
        let images = Images::new(images);
        let output = window.output(images, to);
        let depth = window.kernel * window.kernel * images.channels;
        let sides = [output.pixels(), depth, to];
        Self::product("convolve", sides, images.values(), joins)
    }

    pub(super) fn depthwise(images: [usize; 4], kernel: usize) -> Self {
        let images = Images::new(images);
        let taps = kernel * kernel;
        let tiles = |side: usize| side.div_ceil(TILE);
        let cubes = images.batch
            * tiles(images.height)
            * tiles(images.width)
            * images.channels.div_ceil(LANES * TILE_CHANNELS);
        let staged = (TILE + kernel - 1).pow(2) + taps;
        let moved = cubes * staged * LANES * TILE_CHANNELS + images.values() + images.channels;
        Self::new(
            "depthwise",
            images.values() * taps,
            moved,
            2 * images.values() + (taps + 1) * images.channels,
        )
    }

    pub(super) fn layer_norm(rows: usize, columns: usize) -> Self {
        let values = rows * columns;
        let parameters = 2 * columns;
        let moved = 4 * values + 2 * values;
        Self::new("layer norm", 3 * values, moved, 2 * values + parameters)
    }

    pub(super) fn attention(batch: usize, tokens: usize, width: usize) -> Self {
        let values = batch * tokens * width;
        let cubes = tokens.div_ceil(QUERIES);
        Self::new(
            "attention",
            2 * values * tokens,
            2 * values + cubes * 2 * values,
            4 * values,
        )
    }

    pub(super) fn max_pool(images: [usize; 4], window: Window) -> Self {
        let images = Images::new(images);
        let results = window.output(images, images.channels).values();
        let taps = window.kernel * window.kernel;
        Self::new(
            "max pool",
            0,
            results * (taps + 1),
            images.values() + results,
        )
    }

    pub(super) fn pixel_mean(images: [usize; 4]) -> Self {
        let images = Images::new(images);
        let values = images.values() + images.batch * images.channels;
        Self::new("pixel mean", 0, values, values)
    }

    pub(super) fn beside(rows: usize, columns: usize) -> Self {
        Self::new("beside", 0, 2 * rows * columns, 2 * rows * columns)
    }

    pub(super) fn tokens(batch: usize, count: usize, width: usize) -> Self {
        let positions = count * width;
        let values = 2 * batch * positions;
        Self::new("tokens", 0, values + batch * positions, values + positions)
    }
}

/// Side of a depthwise cube's tile of pixels.
pub const TILE: usize = 8;
/// Its vectors of channels. With a 7×7 kernel a cube stages 15.7 KB of the 16 KB that every WebGPU
/// has.
pub const TILE_CHANNELS: usize = 4;
/// Queries of an attention's cube.
pub const QUERIES: usize = 32;

thread_local! {
    static LEDGER: RefCell<Option<Vec<Launch>>> = const { RefCell::new(None) };
}

/// Does `work`, and tells what a GPU would be given to do for it.
pub fn recorded<T>(work: impl FnOnce() -> T) -> (T, Vec<Launch>) {
    LEDGER.set(Some(Vec::new()));
    let result = work();
    (result, LEDGER.take().unwrap_or_default())
}

/// Writes a launch down, where somebody asked for it.
pub(super) fn note(launch: impl FnOnce() -> Launch) {
    LEDGER.with_borrow_mut(|ledger| {
        if let Some(launches) = ledger {
            launches.push(launch());
        }
    });
}
