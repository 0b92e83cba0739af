//! Matrix products on AMX, the matrix unit of x86 processors since Sapphire Rapids.
//!
//! AMX multiplies bfloat16 and adds up in f32. At [`MatmulPrecision::Medium`] every f32 is rounded
//! to one of them, which leaves 8 bits. At [`MatmulPrecision::High`] it is split in two, `x ≈ high +
//! low`, and a product is the sum of three, `high·high + high·low + low·high`; what is left out is
//! below 2⁻¹⁶ of it (Henry, Tang and Heinecke, "Leveraging the bfloat16 Artificial Intelligence
//! Datatype For Higher-Precision Computations", arXiv 1904.06376).
//!
//! Both matrices are cut into panels of [`SIDE`] rows (of `A`) or columns (of `B`), and these into
//! [`SIDE`] values of depth. Such a block is two tiles of 1 KB, its first and second 16 rows or
//! columns, and two more for the low halves where there are any. A tile of `A` is `[row][depth]`, a
//! tile of `B` `[depth / 2][column][depth % 2]`, as the instruction wants them.

use std::arch::asm;
use std::arch::x86_64::*;
use std::sync::LazyLock;

use pulp::{Simd, WithSimd};

use super::super::tasks::{Scratch, Shared, buffer, for_each};
use super::super::vector;
use super::finish::{Finish, Store, Sum};
use super::{MatmulPrecision, Rows, Source, TASKS, matmul_precision};

/// Rows, columns and depth of a block.
pub const SIDE: usize = 32;
/// What a tile takes, in f32: 16 rows of 64 bytes.
const TILE: usize = 256;
/// What a task takes of each side, in f32: both stay in a second-level cache.
const PART: usize = 1 << 17;
/// From how many uses of a value on it pays to split it in two, and to round it to one bfloat16:
/// ResNet-18 and ConvNeXt-Atto trained fastest so (`benches/train.sh`).
const HIGH_PAYS_FROM: usize = 256;
const MEDIUM_PAYS_FROM: usize = 64;
/// Rows that [`outer`] splits at a time.
const DEPTH: usize = 512;

/// Whether this machine has AMX for bfloat16 and lets us use it.
pub fn available() -> bool {
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
        const REQUEST_PERMISSION: i64 = 0x1023;
        const TILE_DATA: i64 = 18;
        let leaf = __cpuid_count(7, 0);
        let (bf16, tiles) = (leaf.edx & 1 << 22, leaf.edx & 1 << 24);
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bf16")
            && bf16 != 0
            && tiles != 0
            // SAFETY: the call grants a permission or fails; it touches no memory.
            && unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) } == 0
    });
    *AVAILABLE
}

/// What an f32 becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// One bfloat16.
    High,
    /// Two, the second what the first leaves over.
    HighAndLow,
}

impl Halves {
    /// For products of that depth at the precision asked for, where every value of the one matrix
    /// is multiplied by at least `uses` of the other; `None` where there is no AMX, where f32 is
    /// wanted, or where making blocks costs more than AMX gains.
    pub fn of(depth: usize, uses: usize) -> Option<Self> {
        let (halves, least_uses) = match matmul_precision() {
            MatmulPrecision::Highest => return None,
            MatmulPrecision::High => (Self::HighAndLow, HIGH_PAYS_FROM),
            MatmulPrecision::Medium => (Self::High, MEDIUM_PAYS_FROM),
        };
        (depth >= SIDE && uses >= least_uses && available()).then_some(halves)
    }

    /// What a block takes, in f32.
    const fn block(self) -> usize {
        match self {
            Self::High => 2 * TILE,
            Self::HighAndLow => 4 * TILE,
        }
    }
}

/// `B` in blocks, panel after panel.
pub fn pack(source: Source, halves: Halves) -> Scratch {
    let depth = source.taps * source.channels;
    blocks::<false>(depth, source.columns, halves, |k, first, columns, spare| {
        let (tap, channel) = (k / source.channels, k % source.channels);
        let at = source.start as isize + tap as isize * source.tap_step;
        let at = at as usize + channel * source.channel_step + first * source.column_step;
        if source.column_step == 1 {
            return line(&source.data[at..][..columns], spare);
        }
        let values = source.data[at..].iter().step_by(source.column_step);
        for (to, value) in spare[..columns].iter_mut().zip(values) {
            *to = *value;
        }
        spare.as_ptr()
    })
}

/// Where a whole line starts, or its copy in `spare`, which holds zeros, if it is a part of one.
#[inline(always)]
fn line(values: &[f32], spare: &mut [f32; SIDE]) -> *const f32 {
    if values.len() == SIDE {
        return values.as_ptr();
    }
    spare[..values.len()].copy_from_slice(values);
    spare.as_ptr()
}

/// A matrix `[depth, width]` in blocks of `B`, or of `A` if `TRANSPOSED`; `read(k, first, columns,
/// spare)` tells where row `k` lies from column `first` on, `columns` of it and then zeros: in
/// `spare` if nowhere else.
fn blocks<const TRANSPOSED: bool>(
    depth: usize,
    width: usize,
    halves: Halves,
    read: impl Fn(usize, usize, usize, &mut [f32; SIDE]) -> *const f32 + Sync,
) -> Scratch {
    let chunks = depth.div_ceil(SIDE);
    let panels = width.div_ceil(SIDE);
    let mut packed = Scratch::new(panels * chunks * halves.block());
    let shared = Shared::new(&mut packed);
    for_each(chunks, |chunk| {
        let mut spare = [[0.0; SIDE]; SIDE];
        let mut lines = [spare[0].as_ptr(); SIDE];
        for panel in 0..panels {
            let first = panel * SIDE;
            let columns = SIDE.min(width - first);
            if columns < SIDE {
                spare = [[0.0; SIDE]; SIDE];
            }
            for ((k, line), spare) in (chunk * SIDE..depth).zip(&mut lines).zip(&mut spare) {
                *line = read(k, first, columns, spare);
            }
            for (line, spare) in lines.iter_mut().zip(&spare).skip(depth - chunk * SIDE) {
                *line = spare.as_ptr();
            }
            let at = (panel * chunks + chunk) * halves.block();
            // SAFETY: AMX is there, so its vectors are; lines are whole, and each block is written
            // by one task.
            unsafe { pairs::<TRANSPOSED>(&lines, halves, shared.at(at)) };
        }
    });
    packed
}

/// `A·B` for a `b` of [`pack`] with `columns` columns.
pub fn multiply(a: Rows, b: &[f32], halves: Halves, columns: usize, finish: &impl Finish) {
    a.check();
    let chunks = a.depth().div_ceil(SIDE);
    let blocks = columns.div_ceil(SIDE) * chunks;
    assert_eq!(b.len(), blocks * halves.block(), "the inner sides differ");
    let left = split_rows(a, halves);
    product(&left, b, halves, chunks, [a.count, columns], finish);
}

/// The rows of `A` in blocks.
fn split_rows(a: Rows, halves: Halves) -> Scratch {
    let chunks = a.depth().div_ceil(SIDE);
    let panels = a.count.div_ceil(SIDE);
    let mut split = Scratch::new(panels * chunks * halves.block());
    let shared = Shared::new(&mut split);
    for_each(panels, |panel| {
        let mut spare = vec![0.0; chunks * SIDE];
        for i in 0..SIDE {
            let row = panel * SIDE + i;
            let whole = (row < a.count && spare.len() == a.depth())
                .then(|| a.slice(row, 0, a.depth()))
                .flatten();
            let line = whole.unwrap_or_else(|| {
                match row < a.count {
                    true => a.copy(row, 0, &mut spare[..a.depth()]),
                    false => spare.fill(0.0),
                }
                &spare
            });
            let at = panel * chunks * halves.block() + i / 16 * TILE + i % 16 * 16;
            // SAFETY: AMX is there, so its vectors are; one panel a task.
            unsafe { split_line(line, halves, shared.at(at)) };
        }
    });
    split
}

/// The product of two matrices in blocks, of `[rows, columns]`.
fn product(
    a: &[f32],
    b: &[f32],
    halves: Halves,
    chunks: usize,
    [rows, columns]: [usize; 2],
    finish: &impl Finish,
) {
    let (down, across) = (rows.div_ceil(SIDE), columns.div_ceil(SIDE));
    // A task takes about as many rows as columns, and there are enough tasks to share.
    let panels = PART / (chunks * halves.block());
    let groups = across.div_ceil(panels.max(1));
    let bands = down
        .div_ceil(panels.max(1))
        .max(TASKS.div_ceil(groups))
        .min(down);
    for_each(groups * bands, |task| {
        // Neighbours share their columns.
        let (group, band) = (task / bands, task % bands);
        let part = |i: usize, parts: usize, panels: usize, end: usize| {
            i * panels / parts * SIDE..((i + 1) * panels / parts * SIDE).min(end)
        };
        vector::dispatch(Blocks {
            a,
            b,
            halves,
            chunks,
            rows: part(band, bands, down, rows),
            columns: part(group, groups, across, columns),
            finish,
        });
    });
}

/// `Aᵀ·B`, `[depth of a, columns]`, row-major, where `b` is `[rows of a, columns]`.
pub fn outer(a: Rows, b: &[f32], columns: usize, halves: Halves) -> Vec<f32> {
    a.check();
    let height = a.depth();
    let mut out = buffer(height * columns);
    let shared = Shared::new(&mut out);
    for first in (0..a.count).step_by(DEPTH) {
        let depth = DEPTH.min(a.count - first);
        let left = blocks::<true>(depth, height, halves, |k, from, columns, spare| {
            match a.slice(first + k, from, columns) {
                Some(values) => line(values, spare),
                None => {
                    a.copy(first + k, from, &mut spare[..columns]);
                    spare.as_ptr()
                }
            }
        });
        let rows = &b[first * columns..][..depth * columns];
        let right = pack(Source::plain(rows, depth, columns, columns), halves);
        let finish = Sum {
            store: Store::shared(shared, columns),
            add: first > 0,
        };
        let chunks = depth.div_ceil(SIDE);
        product(&left, &right, halves, chunks, [height, columns], &finish);
    }
    out
}

/// Some rows and columns of a product, both from a multiple of [`SIDE`] on.
struct Blocks<'a, F> {
    a: &'a [f32],
    b: &'a [f32],
    halves: Halves,
    chunks: usize,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    finish: &'a F,
}

impl<F: Finish> WithSimd for Blocks<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // SAFETY: there are no blocks without AMX.
        unsafe {
            with_tiles(|| {
                // Along the rows, so that the result is written in order.
                let mut sums = Block([[0.0; SIDE]; SIDE]);
                for row in self.rows.clone().step_by(SIDE) {
                    for column in self.columns.clone().step_by(SIDE) {
                        self.block(simd, row, column, &mut sums);
                    }
                }
            });
        }
    }
}

impl<F: Finish> Blocks<'_, F> {
    /// The block of the result from `row` and `column` on.
    ///
    /// # Safety
    /// It runs [`with_tiles`].
    #[inline(always)]
    unsafe fn block<S: Simd>(&self, simd: S, row: usize, column: usize, sums: &mut Block) {
        let panel = self.chunks * self.halves.block();
        let a = &self.a[row / SIDE * panel..][..panel];
        let b = &self.b[column / SIDE * panel..][..panel];
        // SAFETY: both panels are `chunks` blocks.
        unsafe {
            match self.halves {
                Halves::High => multiply_high(a, b, self.chunks, sums),
                Halves::HighAndLow => multiply_high_and_low(a, b, self.chunks, sums),
            }
        }
        let columns = SIDE.min(self.columns.end - column);
        for (row, line) in (row..self.rows.end).zip(&sums.0) {
            for from in (0..columns).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(columns - from);
                // SAFETY: a line has 32 values, a multiple of every vector's; the row and columns
                // are the result's.
                unsafe {
                    let values = vector::load_all::<S>(line.as_ptr().add(from));
                    self.finish.finish(simd, row, column + from, lanes, values);
                }
            }
        }
    }
}

/// `[SIDE, SIDE]` values of a result.
#[repr(align(64))]
struct Block([[f32; SIDE]; SIDE]);

/// Lines of `[depth, width]` become the tiles of a block at `to`: of `A` if `TRANSPOSED`,
/// else of `B`.
///
/// # Safety
/// The machine has the vectors named, lines are [`SIDE`] long, a block can be written at `to`.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vl")]
unsafe fn pairs<const TRANSPOSED: bool>(lines: &[*const f32; SIDE], halves: Halves, to: *mut f32) {
    for half in 0..2 {
        let mut high = [_mm512_setzero_si512(); 16];
        let mut low = high;
        for pair in 0..16 {
            // SAFETY: 16 values a half.
            let [even, odd] = [0, 1]
                .map(|i| split(unsafe { _mm512_loadu_ps(lines[2 * pair + i].add(16 * half)) }));
            let pairs = |even, odd| {
                let odd = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(odd));
                _mm512_or_si512(_mm512_cvtepu16_epi32(even), odd)
            };
            high[pair] = pairs(even.0, odd.0);
            low[pair] = pairs(even.1, odd.1);
        }
        let tiles = match halves {
            Halves::High => 1,
            Halves::HighAndLow => 2,
        };
        for (tile, values) in [(half, high), (2 + half, low)].into_iter().take(tiles) {
            let values = match TRANSPOSED {
                true => transpose(values),
                false => values,
            };
            for (line, values) in values.into_iter().enumerate() {
                // SAFETY: 16 lines of 16 in each tile of the block.
                unsafe { _mm512_storeu_si512(to.add(tile * TILE + line * 16).cast(), values) };
            }
        }
    }
}

/// `x` as two bfloat16, the second what the first leaves over.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vl")]
fn split(x: __m512) -> (__m256i, __m256i) {
    // SAFETY: both types are 256 bits that may be anything.
    let bits = |x: __m256bh| unsafe { std::mem::transmute::<__m256bh, __m256i>(x) };
    let high = bits(_mm512_cvtneps_pbh(x));
    let back = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(high));
    let low = _mm512_sub_ps(x, _mm512_castsi512_ps(back));
    (high, bits(_mm512_cvtneps_pbh(low)))
}

/// A line of `A`, a multiple of [`SIDE`] values, into one row of tiles that are a block apart.
///
/// # Safety
/// The machine has the vectors named; `to` is that row in the first tile of its panel.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vl")]
unsafe fn split_line(line: &[f32], halves: Halves, to: *mut f32) {
    for (chunk, values) in line.chunks_exact(SIDE).enumerate() {
        for half in 0..2 {
            // SAFETY: 32 values a chunk; a tile's row takes as much as 16 f32.
            unsafe {
                let (high, low) = split(_mm512_loadu_ps(values[16 * half..].as_ptr()));
                let to = to.add(chunk * halves.block() + 8 * half);
                _mm256_storeu_si256(to.cast(), high);
                if halves == Halves::HighAndLow {
                    _mm256_storeu_si256(to.add(2 * TILE).cast(), low);
                }
            }
        }
    }
}

/// Transposes a 16×16 matrix of 32-bit values: pairs of lines are interleaved by 1, 2, 4 and 8.
#[target_feature(enable = "avx512f")]
fn transpose(mut lines: [__m512i; 16]) -> [__m512i; 16] {
    for first in (0..16).step_by(4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| lines[first + i]);
        let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
        lines[first] = _mm512_unpacklo_epi64(ab, cd);
        lines[first + 1] = _mm512_unpackhi_epi64(ab, cd);
        let (ab, cd) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
        lines[first + 2] = _mm512_unpacklo_epi64(ab, cd);
        lines[first + 3] = _mm512_unpackhi_epi64(ab, cd);
    }
    // Each quarter of a line now holds four values of one column; the quarters of lines that are
    // 4 apart belong together.
    let mut columns = lines;
    for i in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|first| lines[first + i]);
        const EVEN: i32 = 0b10_00_10_00;
        const ODD: i32 = 0b11_01_11_01;
        let (ab, cd) = (
            _mm512_shuffle_i32x4::<EVEN>(a, b),
            _mm512_shuffle_i32x4::<EVEN>(c, d),
        );
        columns[i] = _mm512_shuffle_i32x4::<EVEN>(ab, cd);
        columns[8 + i] = _mm512_shuffle_i32x4::<ODD>(ab, cd);
        let (ab, cd) = (
            _mm512_shuffle_i32x4::<ODD>(a, b),
            _mm512_shuffle_i32x4::<ODD>(c, d),
        );
        columns[4 + i] = _mm512_shuffle_i32x4::<EVEN>(ab, cd);
        columns[12 + i] = _mm512_shuffle_i32x4::<ODD>(ab, cd);
    }
    columns
}

/// What each of the eight tile registers holds: 16 rows of 64 bytes.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_a_row: [u16; 16],
    rows: [u8; 16],
}

static CONFIG: TileConfig = TileConfig {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes_a_row: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Runs `work` with this thread's tiles set up; that takes as long as a hundred products.
///
/// # Safety
/// [`available`].
#[inline(always)]
unsafe fn with_tiles(work: impl FnOnce()) {
    // SAFETY: compiled code knows no tiles, so nobody else's are overwritten.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &CONFIG, options(nostack, preserves_flags)) };
    work();
    // Empty tiles are not saved when the thread is put aside.
    unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
}

/// A panel of `A` times a panel of `B`, `chunks` of `$block` bytes each: the sums are in tiles 0
/// to 3, blocks pass through 4 to 7.
macro_rules! multiply_panels {
    ($a:ident, $b:ident, $chunks:ident, $sums:ident, $block:literal, $($product:literal),+) => {
        // SAFETY: loads stay in the panels, stores in the block; compiled code knows no tiles.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                $($product,)+
                concat!("add {a}, ", $block),
                concat!("add {b}, ", $block),
                "dec {chunks}",
                "jnz 2b",
                "tilestored [{out} + {stride}], tmm0",
                "tilestored [{out} + {stride} + 64], tmm1",
                "tilestored [{out} + {stride} + 2048], tmm2",
                "tilestored [{out} + {stride} + 2112], tmm3",
                a = inout(reg) $a.as_ptr() => _,
                b = inout(reg) $b.as_ptr() => _,
                chunks = inout(reg) $chunks => _,
                out = in(reg) $sums.0.as_mut_ptr(),
                line = in(reg) 64usize,
                stride = in(reg) 4 * SIDE,
                options(nostack),
            )
        }
    };
}

/// # Safety
/// It runs [`with_tiles`], and both panels are `chunks` blocks of [`Halves::High`], at least one.
unsafe fn multiply_high(a: &[f32], b: &[f32], chunks: usize, sums: &mut Block) {
    debug_assert!(a.len() == chunks * Halves::High.block() && a.len() == b.len() && chunks > 0);
    multiply_panels!(
        a,
        b,
        chunks,
        sums,
        2048,
        "tileloadd tmm4, [{a} + {line}]",
        "tileloadd tmm6, [{b} + {line}]",
        "tileloadd tmm7, [{b} + {line} + 1024]",
        "tileloadd tmm5, [{a} + {line} + 1024]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7"
    );
}

/// # Safety
/// It runs [`with_tiles`], and both panels are `chunks` blocks of [`Halves::HighAndLow`], at least
/// one.
unsafe fn multiply_high_and_low(a: &[f32], b: &[f32], chunks: usize, sums: &mut Block) {
    let panel = chunks * Halves::HighAndLow.block();
    debug_assert!(a.len() == panel && b.len() == panel && chunks > 0);
    multiply_panels!(
        a,
        b,
        chunks,
        sums,
        4096,
        // High halves of A times low halves of B,
        "tileloadd tmm4, [{a} + {line}]",
        "tileloadd tmm6, [{b} + {line} + 2048]",
        "tileloadd tmm7, [{b} + {line} + 3072]",
        "tileloadd tmm5, [{a} + {line} + 1024]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7",
        // times high ones,
        "tileloadd tmm6, [{b} + {line}]",
        "tileloadd tmm7, [{b} + {line} + 1024]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7",
        // and low halves times high ones.
        "tileloadd tmm4, [{a} + {line} + 2048]",
        "tileloadd tmm5, [{a} + {line} + 3072]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    /// Rows, depth and columns that divide by nothing, and more than one block or task of each.
    const SIDES: [[usize; 3]; 6] = [
        [1, 1, 1],
        [33, 40, 36],
        [70, 100, 33],
        [131, 384, 100],
        [600, 97, 1030],
        [1300, 64, 32],
    ];

    /// The exact product of `a` and a `b` of `[depth, columns]`.
    fn exact_product(
        [rows, depth, columns]: [usize; 3],
        a: impl Fn(usize, usize) -> f32,
        b: &[f32],
    ) -> Vec<f64> {
        let at = |i: usize, j: usize| -> f64 {
            let products = (0..depth).map(|k| f64::from(a(i, k)) * f64::from(b[k * columns + j]));
            products.sum()
        };
        (0..rows * columns)
            .map(|i| at(i / columns, i % columns))
            .collect()
    }

    fn check(name: &str, halves: Halves, depth: usize, found: &[f32], exact: &[f64]) {
        // Of the sum of as many products of values up to 1.
        let tolerance = match halves {
            Halves::High => 2f64.powi(-8),
            Halves::HighAndLow => 2f64.powi(-16),
        } * (depth as f64).sqrt();
        assert_eq!(found.len(), exact.len());
        for (found, exact) in found.iter().zip(exact) {
            let apart = (f64::from(*found) - exact).abs();
            assert!(apart <= tolerance, "{name}, {halves:?}: {found}, {exact}");
        }
    }

    #[test]
    fn products_of_every_size_are_as_exact_as_they_promise() {
        if !available() {
            return; // Such machines never come here.
        }
        for halves in [Halves::High, Halves::HighAndLow] {
            for [rows, depth, columns] in SIDES {
                let (a, b) = (values(rows * depth, 1), values(depth * columns, 2));
                let exact = exact_product([rows, depth, columns], |i, k| a[i * depth + k], &b);
                let packed = pack(Source::plain(&b, depth, columns, columns), halves);
                // A row in one run, and in as many runs as it has values.
                for runs in [1, depth] {
                    let rows_of_a = Rows {
                        runs,
                        run: depth / runs,
                        run_step: depth / runs,
                        ..Rows::plain(&a, rows, depth, depth)
                    };
                    let mut found = vec![0.0; rows * columns];
                    let store = Store::new(&mut found, columns, None);
                    multiply(rows_of_a, &packed, halves, columns, &store);
                    let name = format!("{rows}×{depth}×{columns}, {runs} runs");
                    check(&name, halves, depth, &found, &exact);
                }
                let turned: Vec<f32> = (0..columns * depth)
                    .map(|i| b[i % depth * columns + i / depth])
                    .collect();
                let transposed = Source::transposed(&turned, depth, columns, depth);
                assert!(
                    packed[..] == pack(transposed, halves)[..],
                    "another packing"
                );
            }
        }
    }

    #[test]
    fn products_over_rows_of_every_size_are_as_exact_as_they_promise() {
        if !available() {
            return; // Such machines never come here.
        }
        for halves in [Halves::High, Halves::HighAndLow] {
            for [height, depth, columns] in SIDES {
                let (a, b) = (values(depth * height, 3), values(depth * columns, 4));
                let exact = exact_product([height, depth, columns], |i, k| a[k * height + i], &b);
                for runs in [1, height] {
                    let rows_of_a = Rows {
                        runs,
                        run: height / runs,
                        run_step: height / runs,
                        ..Rows::plain(&a, depth, height, height)
                    };
                    let found = outer(rows_of_a, &b, columns, halves);
                    let name = format!("{height}×{depth}×{columns}, {runs} runs");
                    check(&name, halves, depth, &found, &exact);
                }
            }
        }
    }
}
