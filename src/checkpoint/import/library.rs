//! The libraries whose networks can be imported.

use std::str::FromStr;

/// A library, by the names that it gives its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Library {
    Torchvision,
    Timm,
    /// DINOv2, under the names of Hugging Face or of the authors' own files.
    DinoV2,
}

impl Library {
    /// Every library, by the name that the command line gives it.
    pub const ALL: [(&str, Library); 3] = [
        ("torchvision", Library::Torchvision),
        ("timm", Library::Timm),
        ("dinov2", Library::DinoV2),
    ];

    /// The last parts of the names of tensors that the network does not need: PyTorch's count of the
    /// batches that a BatchNorm has seen, and DINOv2's token for masked patches in pretraining.
    pub(super) fn known_surplus(self) -> &'static [&'static str] {
        match self {
            Library::Torchvision | Library::Timm => &["num_batches_tracked"],
            Library::DinoV2 => &["mask_token"],
        }
    }
}

impl FromStr for Library {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, library)| *library).ok_or_else(|| {
            format!(
                "{name:?} is none of {}",
                Self::ALL.map(|(name, _)| name).join(", ")
            )
        })
    }
}
