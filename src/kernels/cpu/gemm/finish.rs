//! What is done with a product before it leaves the registers.

use pulp::Simd;

use super::super::tasks::Shared;
use super::super::vector;

/// What happens to a vector of the result.
pub trait Finish: Sync {
    /// `lanes` values of row `row` from `column` on.
    ///
    /// # Safety
    /// The row and columns are those of the result that this was made for.
    unsafe fn finish<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    );
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

    #[inline(always)]
    unsafe fn biased<S: Simd>(
        &self,
        simd: S,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) -> S::f32s {
        match self.epilogue.bias {
            Some(bias) => unsafe {
                simd.add_f32s(values, vector::load(simd, bias.as_ptr().add(column), lanes))
            },
            None => values,
        }
    }

    #[inline(always)]
    unsafe fn finished<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) -> S::f32s {
        let mut values = unsafe { self.biased(simd, column, lanes, values) };
        if let Some(residual) = self.epilogue.residual {
            // SAFETY: `new` has seen that the residual is as long as the result.
            let residual = unsafe { residual.as_ptr().add(row * self.stride + column) };
            values = simd.add_f32s(values, unsafe { vector::load(simd, residual, lanes) });
        }
        match self.epilogue.relu {
            true => vector::greater(simd, values, simd.splat_f32s(0.0)),
            false => values,
        }
    }
}

impl Finish for Store<'_> {
    #[inline(always)]
    unsafe fn finish<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) {
        unsafe {
            let values = self.finished(simd, row, column, lanes, values);
            vector::store(simd, self.at(row, column), lanes, values);
        }
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
    unsafe fn finish<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) {
        unsafe {
            let values = self.gelu.biased(simd, column, lanes, values);
            if let Some(linear) = &self.linear {
                vector::store(simd, linear.at(row, column), lanes, values);
            }
            let gelu = simd.mul_f32s(values, vector::distribution(simd, values));
            vector::store(simd, self.gelu.at(row, column), lanes, gelu);
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
    unsafe fn finish<S: Simd>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        values: S::f32s,
    ) {
        unsafe {
            let at = self.store.at(row, column);
            let values = match self.add {
                true => simd.add_f32s(vector::load(simd, at, lanes), values),
                false => values,
            };
            vector::store(simd, at, lanes, values);
        }
    }
}
