//! How the GPU's kernels share out their work among cubes and units.
//!
//! `tests/webgpu` computes the traffic of the kernels from these sizes, and holds the table of
//! `docs/webgpu.md` true.

/// Values of a vector where the channels divide by it.
pub const LANES: usize = 4;
/// Side of a depthwise cube's tile, in pixels.
pub const DEPTHWISE_SIDE: usize = 8;
/// Vectors of channels of a depthwise cube. With a 7×7 kernel it stages 15.7 KB of the 16 KB that
/// every WebGPU has.
pub const DEPTHWISE_CHANNELS: usize = 4;
/// Queries of an attention's cube.
pub const QUERIES: usize = 32;

/// How a cube of a product shares out its part of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Rows of a cube.
    pub rows: usize,
    /// Columns of a cube, in vectors.
    pub columns: usize,
    /// Values of a row that a cube stages at a time, in vectors.
    pub depth: usize,
    /// Rows of a unit.
    pub unit_rows: usize,
    /// Columns of a unit, in vectors.
    pub unit_columns: usize,
}

impl Tile {
    /// 64×64 values a cube, 8×4 a unit: for products with enough of such tiles to fill a GPU.
    const LARGE: Self = Self {
        rows: 64,
        columns: 16,
        depth: 4,
        unit_rows: 8,
        unit_columns: 1,
    };
    /// 32×32 values a cube, 4×4 a unit: for all other products.
    const SMALL: Self = Self {
        rows: 32,
        columns: 8,
        depth: 4,
        unit_rows: 4,
        unit_columns: 1,
    };
    /// The number of cubes that keeps a GPU of a notebook busy: some for each of its cores.
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

    /// Cubes side by side, and cubes one under the other.
    pub fn cubes(&self, rows: usize, columns: usize) -> [usize; 2] {
        [columns.div_ceil(self.columns), rows.div_ceil(self.rows)]
    }
}
