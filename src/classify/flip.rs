//! A picture mirrored and turned upside down.

use ::image::imageops::{flip_horizontal_in_place, flip_vertical_in_place};

use crate::image::RgbImage;

/// Whether a picture is turned around, along either side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flip {
    mirrored: bool,
    upside_down: bool,
}

impl Flip {
    pub(super) const NONE: Self = Self {
        mirrored: false,
        upside_down: false,
    };
    pub(super) const ALL: [Self; 4] = [
        Self::NONE,
        Self {
            mirrored: true,
            upside_down: false,
        },
        Self {
            mirrored: false,
            upside_down: true,
        },
        Self {
            mirrored: true,
            upside_down: true,
        },
    ];

    /// `picture` as this flip shows it.
    pub(super) fn of(self, mut picture: RgbImage) -> RgbImage {
        if self.mirrored {
            flip_horizontal_in_place(&mut picture);
        }
        if self.upside_down {
            flip_vertical_in_place(&mut picture);
        }
        picture
    }
}
