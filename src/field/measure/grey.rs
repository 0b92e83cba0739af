//! The grey levels within a mask.

use crate::image::Mask;

/// Grey levels of one mask, 0 to 255.
pub(super) struct Grey {
    pub(super) mean: f64,
    pub(super) deviation: f64,
    pub(super) texture: f64,
}

/// The grey level of a colour, 0 to 255: the luminance of ITU-R BT.709, as `skimage.color.rgb2gray`
/// takes it, times 255.
pub fn grey_level([red, green, blue]: [u8; 3]) -> f64 {
    0.2125 * f64::from(red) + 0.7154 * f64::from(green) + 0.0721 * f64::from(blue)
}

impl Grey {
    /// Of a mask, where `level` is the grey level at a column and a row.
    pub(super) fn new(mask: &Mask, level: impl Fn(u32, u32) -> f64) -> Self {
        let (mut count, mut sum, mut squares, mut differences) = (0.0, 0.0, 0.0, 0.0);
        for (x, y) in mask.pixels() {
            let here = level(x, y);
            count += 1.0;
            sum += here;
            squares += here * here;
            let (mut near, mut near_sum) = (0.0, 0.0);
            for (x, y) in (y.saturating_sub(1)..=y + 1)
                .flat_map(|row| (x.saturating_sub(1)..=x + 1).map(move |column| (column, row)))
            {
                if mask.covers(x, y) {
                    near += 1.0;
                    near_sum += level(x, y);
                }
            }
            differences += (here - near_sum / near).powi(2);
        }
        let mean = sum / count;
        Self {
            mean,
            deviation: (squares / count - mean * mean).max(0.0).sqrt(),
            texture: (differences / count).sqrt(),
        }
    }
}
