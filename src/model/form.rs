//! The two forms of a network: one that is trained, and one that only runs.
//!
//! Batch norms, layer scales and stochastic depth matter while a network is trained. Afterwards
//! they do the same to every image, so [`Model::folded`](super::Model::folded) works them into the
//! layers beside them. Each form is a type: a folded network has no batch norm to look for, and
//! neither form takes the other's images.

use burn::module::{Module, ModuleDisplay, Param};
use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use super::drop_path::DropPath;
use super::pixels::Pixels;
use crate::kernels::MatmulPrecision;

/// A form of a network. A network holds a value of its form, which all its layers share.
///
/// The images of one form are no images of the other:
///
/// ```compile_fail,E0308
/// # use karyolens::model::{Model, Pixels};
/// fn mixed(model: &Model, pixels: Pixels) {
///     model.forward(pixels);
/// }
/// ```
/// ```compile_fail,E0308
/// # use burn::tensor::Tensor;
/// # use karyolens::model::FoldedModel;
/// fn mixed(folded: &FoldedModel, normalised: Tensor<4>) {
///     folded.forward(normalised);
/// }
/// ```
pub trait Form: Module + ModuleDisplay {
    /// A batch of images.
    type Images;
    /// The norm after each convolution of a ResNet.
    type BatchNorm: Module + ModuleDisplay;
    /// A value a channel that a residual branch is multiplied by (LayerScale, Touvron et al.,
    /// arXiv 2103.17239).
    type LayerScale: Module + ModuleDisplay;
    /// Stochastic depth of a residual branch.
    type DropPath: Module + ModuleDisplay;
}

/// The form that is trained, and that a checkpoint stores. It takes normalised images,
/// `[batch, 3, height, width]`.
#[derive(Module, Debug, Default)]
pub struct Trainable {
    /// How exact matrix products and those of their gradients are.
    #[module(skip)]
    pub(super) precision: MatmulPrecision,
}

impl Form for Trainable {
    type Images = Tensor<4>;
    type BatchNorm = BatchNorm;
    /// `None` in a transformer without LayerScale.
    type LayerScale = Option<Param<Tensor<1>>>;
    type DropPath = DropPath;
}

/// The form that only runs. It takes colours as they are, see [`Pixels`].
#[derive(Module, Debug, Default)]
pub struct Folded {}

/// A part that a folded network does not have.
#[derive(Module, Debug, Default)]
pub struct Absent {}

impl Form for Folded {
    type Images = Pixels;
    type BatchNorm = Absent;
    type LayerScale = Absent;
    type DropPath = Absent;
}
