//! Windows that slide over channels-last images: those of a convolution and of a pooling.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::kernels::{Images, Window};

/// Sizes of images and of the windows over them.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct Windows {
    /// Output pixels of all images: a row is the window of one.
    pub rows: u32,
    /// Input channels, in vectors.
    pub channels: u32,
    /// Input lines.
    pub height: u32,
    /// Input pixels a line.
    pub width: u32,
    /// Output lines.
    pub out_height: u32,
    /// Output pixels a line.
    pub out_width: u32,
    /// Side of the window.
    pub kernel: u32,
    /// Input pixels from one window to the next.
    pub stride: u32,
    /// Pixels of padding around an image.
    pub pad: u32,
}

/// The sizes for a launch, where vectors have so many `lanes`.
pub fn windows(images: Images, output: Images, window: Window, lanes: usize) -> WindowsLaunch {
    WindowsLaunch::new(
        output.pixels() as u32,
        (images.channels / lanes) as u32,
        images.height as u32,
        images.width as u32,
        output.height as u32,
        output.width as u32,
        window.kernel as u32,
        window.stride as u32,
        window.pad as u32,
    )
}

/// The place of the first value of the pixel under tap `(tap_y, tap_x)` of window `row`, in vectors, and
/// whether that pixel lies in the image.
#[cube]
pub fn pixel(windows: &Windows, row: u32, tap_y: u32, tap_x: u32) -> (usize, bool) {
    let column = row % windows.out_width;
    let line = row / windows.out_width;
    let y = (line % windows.out_height) * windows.stride + tap_y;
    let x = column * windows.stride + tap_x;
    let image = line / windows.out_height;
    // Below 0 wraps to far above the sides.
    let y = y - windows.pad;
    let x = x - windows.pad;
    let inside = row < windows.rows && y < windows.height && x < windows.width;
    let at = ((image * windows.height + y) * windows.width + x) * windows.channels;
    (select(inside, at, 0) as usize, inside)
}
