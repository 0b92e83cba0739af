//! How a `.safetensors` file stores a tensor: as f32, as f16, or in 8 bits.
//!
//! A file in 8 bits stores so the weights of matrices and convolutions, which are nearly all of a
//! network. Its other tensors (biases, norms, scales, a class token, position embeddings) stay f16.
//! Every output channel has a scale: its largest |weight| divided by 127. Each weight is stored as a
//! whole number of scales, from -127 to 127, with an error of at most half a scale. A tensor
//! `head.weight` of type I8 comes with `head.weight.scale`, f32, `[outputs]`. The outputs are the
//! last axis of a matrix (burn's Linear is `[from, to]`) and the first of a convolution (`[to, from,
//! height, width]`).

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::array::Array;
use super::error::CheckpointError;

/// The largest whole number of scales; its negative is the smallest.
const LARGEST: f32 = 127.0;
/// The last bits of a scale, which are zero. The rest of its 24 significant bits, times [`LARGEST`],
/// is exact, so weights that were read are stored as the same numbers again.
const SPARE_BITS: u32 = 0xff;

/// The name of a tensor's scales is the tensor's name and this.
const SCALE: &str = ".scale";

/// How weights are stored in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// 16-bit floats: half the size, values rounded to 11 significant bits.
    F16,
    /// Whole numbers of 8 bits with a scale an output channel for matrices and convolutions,
    /// [`Precision::F16`] for the others: a quarter of the size.
    Int8,
}

/// A tensor as a file stores it.
pub(super) struct Stored {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// The tensor `name` as a file stores it; in 8 bits its scales come second.
///
/// # Errors
/// [`CheckpointError::NotFinite`] where a value is not finite at `precision`.
pub(super) fn encode(
    name: &str,
    array: &Array,
    precision: Precision,
) -> Result<Vec<Stored>, CheckpointError> {
    let stored = |name: String, dtype, shape: &[usize], bytes| Stored {
        name,
        dtype,
        shape: shape.to_vec(),
        bytes,
    };
    let finite = |fits: bool| match fits {
        true => Ok(()),
        false => Err(CheckpointError::NotFinite { name: name.into() }),
    };
    finite(array.values.iter().all(|value| value.is_finite()))?;
    let channels = Channels::of(&array.shape);
    match (precision, channels) {
        (Precision::F32, _) => {
            let bytes = bytes_of(array.values.iter().map(|value| value.to_le_bytes()));
            Ok(vec![stored(name.into(), Dtype::F32, &array.shape, bytes)])
        }
        (Precision::Int8, Some(channels)) => {
            let (numbers, scales) = channels.quantise(&array.values);
            let bytes = bytes_of(numbers.iter().map(|number| number.to_le_bytes()));
            let numbers = stored(name.into(), Dtype::I8, &array.shape, bytes);
            let bytes = bytes_of(scales.iter().map(|scale| scale.to_le_bytes()));
            let scales = stored(scale_of(name), Dtype::F32, &[channels.count], bytes);
            Ok(vec![numbers, scales])
        }
        (Precision::F16 | Precision::Int8, _) => {
            let halves = array.values.iter().map(|&value| f16::from_f32(value));
            finite(halves.clone().all(f16::is_finite))?;
            let bytes = bytes_of(halves.map(f16::to_le_bytes));
            Ok(vec![stored(name.into(), Dtype::F16, &array.shape, bytes)])
        }
    }
}

/// Whether any tensor of a `.safetensors` file is stored in 8 bits.
///
/// # Errors
/// [`CheckpointError::Format`].
pub(super) fn has_8_bits(bytes: &[u8]) -> Result<bool, CheckpointError> {
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| CheckpointError::Format(error.to_string()))?;
    let mut tensors = header.tensors().into_values();
    Ok(tensors.any(|tensor| tensor.dtype == Dtype::I8))
}

/// The tensor `name` of `file` as f32; `None` for the scales of another tensor.
///
/// # Errors
/// [`CheckpointError::DType`] and [`CheckpointError::Scale`].
pub(super) fn decode(
    name: &str,
    view: &TensorView,
    file: &SafeTensors,
) -> Result<Option<Array>, CheckpointError> {
    let is_in_8_bits = |name| {
        file.tensor(name)
            .is_ok_and(|view| view.dtype() == Dtype::I8)
    };
    if scaled_by(name).is_some_and(is_in_8_bits) {
        return Ok(None);
    }
    let values = match view.dtype() {
        Dtype::I8 => decode_8_bits(name, view, file)?,
        dtype => floats(name, dtype, view.data())?,
    };
    let shape = view.shape().to_vec();
    Ok(Some(Array { shape, values }))
}

fn decode_8_bits(
    name: &str,
    view: &TensorView,
    file: &SafeTensors,
) -> Result<Vec<f32>, CheckpointError> {
    let channels = Channels::of(view.shape()).ok_or_else(|| CheckpointError::DType {
        name: name.into(),
        dtype: format!("I8 of the shape {:?}", view.shape()),
    })?;
    let fault = |fault: String| CheckpointError::Scale {
        name: name.into(),
        scale: scale_of(name),
        fault,
    };
    let scales = file
        .tensor(&scale_of(name))
        .map_err(|_| fault("is missing".into()))?;
    if scales.dtype() != Dtype::F32 {
        return Err(fault(format!("is stored as {:?}, not F32", scales.dtype())));
    }
    if scales.shape() != [channels.count] {
        let (found, right) = (scales.shape(), [channels.count]);
        return Err(fault(format!(
            "has the shape {found:?} instead of {right:?}"
        )));
    }
    let scales = floats(name, Dtype::F32, scales.data())?;
    if let Some(scale) = scales.iter().find(|s| !s.is_finite() || **s <= 0.0) {
        return Err(fault(format!(
            "holds {scale}, which is no finite number above 0"
        )));
    }
    Ok(channels.times(view.data(), &scales))
}

/// Little-endian `bytes` of the tensor `name`, which is not in 8 bits, as f32.
///
/// # Errors
/// [`CheckpointError::DType`].
pub(super) fn floats(name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>, CheckpointError> {
    fn values<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes
            .as_chunks::<N>()
            .0
            .iter()
            .map(|chunk| read(*chunk))
            .collect()
    }
    Ok(match dtype {
        Dtype::F32 => values(bytes, f32::from_le_bytes),
        Dtype::F16 => values(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => values(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F64 => values(bytes, |b| f64::from_le_bytes(b) as f32),
        // Counters, such as PyTorch's `num_batches_tracked`.
        Dtype::I64 => values(bytes, |b| i64::from_le_bytes(b) as f32),
        other => {
            return Err(CheckpointError::DType {
                name: name.into(),
                dtype: format!("{other:?}"),
            });
        }
    })
}

fn bytes_of<const N: usize>(numbers: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    numbers.flatten().collect()
}

/// The name of the scales of a tensor in 8 bits.
fn scale_of(name: &str) -> String {
    format!("{name}{SCALE}")
}

/// The name of the tensor whose scales this would be.
fn scaled_by(name: &str) -> Option<&str> {
    name.strip_suffix(SCALE)
}

/// Where in a row-major weight each output channel lies.
#[derive(Clone, Copy)]
struct Channels {
    count: usize,
    /// How many neighbours belong to the same channel.
    run: usize,
}

impl Channels {
    /// For a weight of this shape that is stored in 8 bits; `None` for any other.
    fn of(shape: &[usize]) -> Option<Self> {
        match *shape {
            [_, to] => Some(Self { count: to, run: 1 }),
            [to, from, height, width] => Some(Self {
                count: to,
                run: from * height * width,
            }),
            _ => None,
        }
    }

    /// The channel of the value at `index`.
    fn at(self, index: usize) -> usize {
        index / self.run % self.count
    }

    /// Whole numbers, a byte each, times the scales of their channels.
    fn times(self, numbers: &[u8], scales: &[f32]) -> Vec<f32> {
        let value = |(byte, scale): (&u8, &f32)| f32::from(byte.cast_signed()) * scale;
        let mut values = Vec::with_capacity(numbers.len());
        if self.run == 1 {
            for row in numbers.chunks_exact(self.count.max(1)) {
                values.extend(row.iter().zip(scales).map(value));
            }
        } else {
            for (run, scale) in numbers.chunks_exact(self.run.max(1)).zip(scales) {
                values.extend(run.iter().map(|byte| value((byte, scale))));
            }
        }
        values
    }

    /// Finite `values` as whole numbers of their channel's scale, and the scales.
    fn quantise(self, values: &[f32]) -> (Vec<i8>, Vec<f32>) {
        let mut scales = vec![0f32; self.count];
        for (index, value) in values.iter().enumerate() {
            let largest = &mut scales[self.at(index)];
            *largest = largest.max(value.abs());
        }
        for scale in &mut scales {
            *scale = scale_for(*scale);
        }
        let numbers = values.iter().enumerate().map(|(index, value)| {
            let number = (value / scales[self.at(index)]).round();
            number.clamp(-LARGEST, LARGEST) as i8
        });
        (numbers.collect(), scales)
    }
}

/// The scale of a channel whose largest |weight| is `largest`.
fn scale_for(largest: f32) -> f32 {
    if largest == 0.0 {
        return 1.0;
    }
    // Rounded up, so that the largest weight does not exceed the last number.
    let bits = (largest / LARGEST).to_bits();
    f32::from_bits(bits.div_ceil(SPARE_BITS + 1) * (SPARE_BITS + 1))
}
