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

/// Writes the result, row-major, after adding a bias if there is one.
pub struct Store<'a> {
    out: Shared,
    stride: usize,
    bias: Option<&'a [f32]>,
}

impl<'a> Store<'a> {
    /// Rows of `out` are `stride` apart.
    pub fn new(out: &mut [f32], stride: usize, bias: Option<&'a [f32]>) -> Self {
        Self {
            out: Shared::new(out),
            stride,
            bias,
        }
    }

    /// Into a buffer whose parts other tasks write.
    pub fn shared(out: Shared, stride: usize) -> Self {
        Self {
            out,
            stride,
            bias: None,
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
        match self.bias {
            Some(bias) => unsafe {
                simd.add_f32s(values, vector::load(simd, bias.as_ptr().add(column), lanes))
            },
            None => values,
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
            let values = self.biased(simd, column, lanes, values);
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
            let (below, _) = vector::normal(simd, values);
            let gelu = simd.mul_f32s(values, below);
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
