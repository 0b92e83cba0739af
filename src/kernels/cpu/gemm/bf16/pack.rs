//! Matrices of f32 in blocks of bfloat16.

use std::arch::x86_64::*;

use super::super::super::tasks::{Scratch, Shared, for_each};
use super::super::{Rows, Source};
use super::{Halves, Method, SIDE, TILE};

/// `B` in blocks, panel after panel.
pub fn pack(source: Source, method: Method) -> Scratch {
    let halves = method.halves();
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

/// The address of a whole line. A part of a line is copied into `spare`, whose other values are zeros.
#[inline(always)]
pub fn line(values: &[f32], spare: &mut [f32; SIDE]) -> *const f32 {
    if values.len() == SIDE {
        return values.as_ptr();
    }
    spare[..values.len()].copy_from_slice(values);
    spare.as_ptr()
}

/// A matrix `[depth, width]` in blocks of `B`, or of `A` if `TRANSPOSED`. `read(k, first, columns, spare)`
/// returns the address of row `k` from column `first` on: `columns` values, then zeros, in `spare` if they
/// lie nowhere else.
pub fn blocks<const TRANSPOSED: bool>(
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
            // SAFETY: a machine with a method has its vectors; lines are whole, and each block is written
            // by one task.
            unsafe { pairs::<TRANSPOSED>(&lines, halves, shared.at(at)) };
        }
    });
    packed
}
/// The rows of `A` in blocks.
pub fn split_rows(a: Rows, halves: Halves) -> Scratch {
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
            // SAFETY: a machine with a method has its vectors; one panel a task.
            unsafe { split_line(line, halves, shared.at(at)) };
        }
    });
    split
}

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

/// `x` as two bfloat16: the second is the remainder of the first.
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
