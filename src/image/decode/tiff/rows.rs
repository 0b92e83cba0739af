//! The samples of a region, row by row, from the chunks that it touches.

use super::directory::File;
use super::layout::Layout;
use super::{Region, too_much_memory};
use crate::image::decode::{DecodeError, MAX_ALLOCATION};

/// Calls `take` with the first column, the row, and the samples of each piece of a row of a region.
pub fn each_row(
    file: &mut File<'_>,
    layouts: &[Layout],
    region: Region,
    mut take: impl FnMut(u32, u32, &[u16]),
) -> Result<(), DecodeError> {
    let [width, height] = layouts[0].chunk;
    let line = layouts[0].row_bytes() as usize;
    let planes = layouts.len() * usize::from(layouts[0].planes);
    let samples: usize = layouts.iter().map(|one| usize::from(one.samples)).sum();
    let (right, bottom) = (region.left + region.width, region.top + region.height);
    let mut row = vec![0; samples * width as usize];
    for down in region.top / height..bottom.div_ceil(height) {
        let first = down * height;
        let rows = region.top.max(first) - first..(bottom - first).min(height);
        if planes as u64 * u64::from(rows.end) * line as u64 > MAX_ALLOCATION {
            return Err(too_much_memory());
        }
        for across in region.left / width..right.div_ceil(width) {
            let place = [across, down];
            let mut bytes = Vec::with_capacity(planes);
            for layout in layouts {
                for plane in 0..layout.planes {
                    bytes.push(layout.rows(file, place, plane, rows.clone())?);
                }
            }
            let left = region.left.max(across * width);
            let columns = left - across * width..(right - across * width).min(width);
            let wanted = samples * columns.start as usize..samples * columns.end as usize;
            for (index, y) in rows.clone().enumerate() {
                for (plane, bytes) in bytes.iter().enumerate() {
                    let bytes = &bytes[index * line..][..line];
                    layouts[0].samples(bytes, &mut row[plane..], planes);
                }
                take(
                    left - region.left,
                    first + y - region.top,
                    &row[wanted.clone()],
                );
            }
        }
    }
    Ok(())
}
