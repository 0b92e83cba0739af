//! What is done with a product before it leaves the registers.

use pulp::Simd;

use super::super::tasks::Shared;
use super::super::vector;

/// What happens to the result.
pub trait Finish: Sync {
    /// `V` vectors of row `row` from column `column` on, of which `columns` columns are the result's.
    ///
    /// # Safety
    /// The row and columns are those of the result that this was made for, and there is a column of
    /// it in each vector.
    unsafe fn row<S: Simd, const V: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        columns: usize,
        values: [S::f32s; V],
    );

    /// The same, where there may be more columns. Most vectors are whole; of those, nothing is asked
    /// vector by vector.
    ///
    /// # Safety
    /// As of [`row`](Self::row).
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

/// How many columns of vector `v` are the result's, where `columns` of its tile are.
#[inline(always)]
fn lanes<S: Simd>(columns: usize, v: usize) -> usize {
    S::F32_LANES.min(columns - v * S::F32_LANES)
}

/// What is added to a product, and whether it is rectified after that.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// A value a column.
    pub bias: Option<&'a [f32]>,
    /// A value for each of the result's, row-major and without gaps.
    pub residual: Option<&'a [f32]>,
    /// Whether values below 0 become 0.
    pub relu: bool,
}

impl<'a> Epilogue<'a> {
    /// A bias at most.
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
    /// Rows of `out` are `stride` apart, and there is a residual for all of them or none.
    pub fn new(out: &mut [f32], stride: usize, epilogue: Epilogue<'a>) -> Self {
        if let Some(residual) = epilogue.residual {
            assert_eq!(residual.len(), out.len(), "a residual is added to its like");
        }
        Self {
            out: Shared::new(out),
            stride,
            epilogue,
        }
    }

    /// Into a buffer whose parts other tasks write.
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

    /// Writes `values` as they are.
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
    /// The result before the GELU, where a gradient will want it.
    pub linear: Option<Store<'a>>,
    /// The GELU; its bias is the linear result's.
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

/// Writes, or adds to what is there.
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
