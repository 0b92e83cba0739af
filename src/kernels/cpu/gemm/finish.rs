//! The last steps of a product, before it leaves the registers.

use pulp::Simd;

use super::super::tasks::Shared;
use super::super::vector;

/// The last step of a product: it takes the sums from the registers.
pub trait Finish: Sync {
    /// Takes `V` vectors of row `row` from column `column` on. The first `columns` values belong to the
    /// result, at least one of each vector.
    ///
    /// # Safety
    /// The row and the columns lie in the result that this was made for.
    unsafe fn row<S: Simd, const V: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        columns: usize,
        values: [S::f32s; V],
    );

    /// As [`row`](Self::row), but `columns` may exceed the vectors. Whole vectors take a copy of the code
    /// without checks.
    ///
    /// # Safety
    /// As for [`row`](Self::row).
    #[inline(always)]
    unsafe fn finish<S: Simd, const V: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        columns: usize,
        values: [S::f32s; V],
    ) {
        let all = V * S::F32_LANES;
        match columns >= all {
            true => unsafe { self.row(simd, row, column, all, values) },
            false => unsafe { self.row(simd, row, column, columns, values) },
        }
    }
}

/// The columns of vector `v` that belong to the result, if `columns` of the tile do.
#[inline(always)]
fn lanes<S: Simd>(columns: usize, v: usize) -> usize {
    S::F32_LANES.min(columns - v * S::F32_LANES)
}

/// The terms that are added to a product, and whether ReLU follows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// A value a column.
    pub bias: Option<&'a [f32]>,
    /// As long as the result, row-major and without gaps.
    pub residual: Option<&'a [f32]>,
    /// Whether negative values become 0.
    pub relu: bool,
}

impl<'a> Epilogue<'a> {
    /// A bias alone, or nothing.
    pub fn bias(bias: Option<&'a [f32]>) -> Self {
        Self {
            bias,
            ..Self::default()
        }
    }
}

/// Writes the result, row-major, after its epilogue.
pub struct Store<'a> {
    out: Shared,
    stride: usize,
    epilogue: Epilogue<'a>,
}

impl<'a> Store<'a> {
    /// Rows of `out` are `stride` apart. A residual is as long as `out`.
    pub fn new(out: &mut [f32], stride: usize, epilogue: Epilogue<'a>) -> Self {
        if let Some(residual) = epilogue.residual {
            assert_eq!(
                residual.len(),
                out.len(),
                "a residual has the shape of the result"
            );
        }
        Self {
            out: Shared::new(out),
            stride,
            epilogue,
        }
    }

    /// A store into a buffer that other tasks write to as well.
    pub fn shared(out: Shared, stride: usize) -> Self {
        Self {
            out,
            stride,
            epilogue: Epilogue::default(),
        }
    }

    #[inline(always)]
    unsafe fn at(&self, row: usize, column: usize) -> *mut f32 {
        unsafe { self.out.at(row * self.stride + column) }
    }

    /// `values` with the bias added.
    #[inline(always)]
    unsafe fn biased<S: Simd, const V: usize>(
        &self,
        simd: S,
        column: usize,
        columns: usize,
        mut values: [S::f32s; V],
    ) -> [S::f32s; V] {
        if let Some(bias) = self.epilogue.bias {
            for v in 0..V {
                let (at, lanes) = (column + v * S::F32_LANES, lanes::<S>(columns, v));
                let bias = unsafe { vector::load(simd, bias.as_ptr().add(at), lanes) };
                values[v] = simd.add_f32s(values[v], bias);
            }
        }
        values
    }

    /// Writes `values`.
    #[inline(always)]
    unsafe fn store<S: Simd, const V: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        columns: usize,
        values: [S::f32s; V],
    ) {
        for v in 0..V {
            unsafe {
                let to = self.at(row, column).add(v * S::F32_LANES);
                vector::store(simd, to, lanes::<S>(columns, v), values[v]);
            }
        }
    }
}

impl Finish for Store<'_> {
    #[inline(always)]
    unsafe fn row<S: Simd, const V: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        columns: usize,
        values: [S::f32s; V],
    ) {
        let mut values = unsafe { self.biased(simd, column, columns, values) };
        if let Some(residual) = self.epilogue.residual {
            let at = row * self.stride + column;
            for v in 0..V {
                // SAFETY: `new` has seen that the residual is as long as the result.
                let residual = unsafe {
                    let from = residual.as_ptr().add(at + v * S::F32_LANES);
                    vector::load(simd, from, lanes::<S>(columns, v))
                };
                values[v] = simd.add_f32s(values[v], residual);
            }
        }
        if self.epilogue.relu {
            let zero = simd.splat_f32s(0.0);
            values = values.map(|value| vector::greater(simd, value, zero));
        }
        unsafe { self.store(simd, row, column, columns, values) };
    }
}

/// Writes the result and its GELU.
pub struct StoreGelu<'a> {
    /// Takes the result before the GELU, where a gradient needs it.
    pub linear: Option<Store<'a>>,
    /// Takes the GELU. Its bias is added before the GELU.
    pub gelu: Store<'a>,
}

impl Finish for StoreGelu<'_> {
    #[inline(always)]
    unsafe fn row<S: Simd, const V: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        columns: usize,
        values: [S::f32s; V],
    ) {
        unsafe {
            let mut values = self.gelu.biased(simd, column, columns, values);
            if let Some(linear) = &self.linear {
                linear.store(simd, row, column, columns, values);
            }
            values = vector::gelu(simd, values);
            self.gelu.store(simd, row, column, columns, values);
        }
    }
}

/// Writes, or adds to the values in place.
pub struct Sum {
    pub store: Store<'static>,
    pub add: bool,
}

impl Finish for Sum {
    #[inline(always)]
    unsafe fn row<S: Simd, const V: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        columns: usize,
        mut values: [S::f32s; V],
    ) {
        unsafe {
            if self.add {
                for v in 0..V {
                    let from = self.store.at(row, column).add(v * S::F32_LANES);
                    let before = vector::load(simd, from, lanes::<S>(columns, v));
                    values[v] = simd.add_f32s(before, values[v]);
                }
            }
            self.store.store(simd, row, column, columns, values);
        }
    }
}
