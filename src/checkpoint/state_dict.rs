//! Weights by name: read from a file, taken from a network, put into a network.
//!
//! burn's own store could do this too. This module replaces it because that store brings a
//! regular-expression engine into the browser, and because it counts faults where a reader needs
//! their names.

use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::array::Array;
use super::error::CheckpointError;
use super::storage::{Precision, decode, encode};

/// An error names at most this many faults of one file.
const FAULTS_TOLD: usize = 8;

/// Tensors by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateDict(pub BTreeMap<String, Array>);

impl StateDict {
    /// Reads a `.safetensors` file: its tensors as f32 and its metadata.
    ///
    /// # Errors
    /// [`CheckpointError::Format`], [`CheckpointError::DType`] and [`CheckpointError::Scale`].
    pub fn read(bytes: &[u8]) -> Result<(Self, HashMap<String, String>), CheckpointError> {
        let format =
            |error: safetensors::SafeTensorError| CheckpointError::Format(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let file = SafeTensors::deserialize(bytes).map_err(format)?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.iter() {
            if let Some(array) = decode(name, &view, &file)? {
                tensors.insert(name.to_string(), array);
            }
        }
        Ok((Self(tensors), header.metadata().clone().unwrap_or_default()))
    }

    /// The bytes of a `.safetensors` file with `metadata`.
    ///
    /// # Errors
    /// [`CheckpointError::NotFinite`] where a value is not finite at `precision`.
    pub fn write(
        &self,
        precision: Precision,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<u8>, CheckpointError> {
        let mut stored = Vec::new();
        for (name, array) in &self.0 {
            stored.extend(encode(name, array, precision)?);
        }
        let views = stored.iter().map(|tensor| {
            TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)
                .map(|view| (&tensor.name, view))
        });
        views
            .collect::<Result<Vec<_>, _>>()
            .and_then(|views| safetensors::serialize(views, Some(metadata)))
            .map_err(|error| CheckpointError::Format(error.to_string()))
    }

    /// # Errors
    /// [`CheckpointError::NotFinite`] with the first tensor that holds such a value.
    pub fn check_finite(&self) -> Result<(), CheckpointError> {
        // The bits of magnitudes have the order of the magnitudes, with infinity and NaN above all.
        // The compiler takes the largest of many values at a time.
        let magnitude = |value: &f32| value.to_bits() & !(1 << 31);
        let largest = |array: &Array| array.values.iter().map(magnitude).fold(0, u32::max);
        let broken = |array: &Array| largest(array) >= f32::INFINITY.to_bits();
        match self.0.iter().find(|(_, array)| broken(array)) {
            Some((name, _)) => Err(CheckpointError::NotFinite { name: name.clone() }),
            None => Ok(()),
        }
    }

    /// Every weight of a network, running statistics included.
    pub fn of(model: &impl Module) -> Self {
        let mut reader = Reader::default();
        model.visit(&mut reader);
        reader.weights
    }

    /// Name and shape of every weight that a network has, in the order of its modules.
    pub fn layout(model: &impl Module) -> Vec<(String, Vec<usize>)> {
        let mut layout = Layout::default();
        model.visit(&mut layout);
        layout.found
    }

    /// `model` with these weights.
    ///
    /// # Errors
    /// One sentence for each tensor that is missing, surplus or misshapen.
    pub fn apply<M: Module>(mut self, model: M) -> Result<M, Vec<String>> {
        let layout = Self::layout(&model);
        let mut faults = Vec::new();
        for (name, shape) in &layout {
            match self.0.get(name) {
                None => faults.push(format!("{name} is missing")),
                Some(array) if array.shape != *shape => faults.push(format!(
                    "{name} has the shape {:?} instead of {shape:?}",
                    array.shape
                )),
                Some(_) => {}
            }
        }
        let surplus = self
            .0
            .keys()
            .filter(|name| !layout.iter().any(|(known, _)| known == *name));
        faults.extend(surplus.map(|name| format!("{name} is surplus")));
        if faults.is_empty() {
            return Ok(model.map(&mut Writer {
                path: Path::default(),
                weights: &mut self,
            }));
        }
        if faults.len() > FAULTS_TOLD {
            let rest = faults.len() - FAULTS_TOLD;
            faults.truncate(FAULTS_TOLD);
            faults.push(format!("and {rest} more"));
        }
        Err(faults)
    }
}

/// The path of the module that is being visited, without the names of enum variants: a weight has
/// the same name whether its network stands alone or in [`Model`](crate::model::Model).
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.push(name.into());
        }
    }

    fn exit(&mut self, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.pop();
        }
    }

    fn name(&self) -> String {
        self.0.join(".")
    }
}

#[derive(Default)]
struct Layout {
    path: Path,
    found: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Layout {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found
            .push((self.path.name(), param.lazy_shape().to_vec()));
    }
}

#[derive(Default)]
struct Reader {
    path: Path,
    weights: StateDict,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.weights
            .0
            .insert(self.path.name(), param.val().into_data().into());
    }
}

struct Writer<'a> {
    path: Path,
    /// The weights that are not in the network yet. They are moved: they are large.
    weights: &'a mut StateDict,
}

impl ModuleMapper for Writer<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let array = self.weights.0.remove(&self.path.name());
        let array = array.expect("`apply` has checked that every weight is there");
        let tensor = Tensor::from_data(array, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}
