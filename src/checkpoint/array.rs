//! One tensor in memory, as a file holds it.

use burn::tensor::TensorData;

/// One tensor in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Sides, outermost first.
    pub shape: Vec<usize>,
    /// Values in row-major order.
    pub values: Vec<f32>,
}

impl From<TensorData> for Array {
    fn from(data: TensorData) -> Self {
        Self {
            shape: data.shape().to_vec(),
            values: data.iter::<f32>().collect(),
        }
    }
}

impl From<Array> for TensorData {
    fn from(Array { shape, values }: Array) -> Self {
        TensorData::new(values, shape)
    }
}
