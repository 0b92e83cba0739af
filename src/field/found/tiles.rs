//! The tiles that a field is read in.

use std::ops::Range;

/// A part of a field that goes through the network at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Columns and rows that the network sees.
    pub seen: [Range<u32>; 2],
    /// Columns and rows whose nuclei are taken from this tile. These parts of all tiles make up the
    /// field.
    pub own: [Range<u32>; 2],
}

/// Cuts a field into equal tiles that are at most `side` pixels wide and high. Beyond its own part a tile
/// shows `margin` pixels more, as far as the field goes.
pub fn tiles(width: u32, height: u32, side: u32, margin: u32) -> Vec<Tile> {
    let columns = parts(width, side, margin);
    let rows = parts(height, side, margin);
    let tile = |[seen_rows, own_rows]: &[Range<u32>; 2]| {
        let row = |[seen, own]: &[Range<u32>; 2]| Tile {
            seen: [seen.clone(), seen_rows.clone()],
            own: [own.clone(), own_rows.clone()],
        };
        columns.iter().map(row).collect::<Vec<_>>()
    };
    rows.iter().flat_map(tile).collect()
}

/// The parts of one axis: the pixels that are seen, and the own ones.
fn parts(length: u32, side: u32, margin: u32) -> Vec<[Range<u32>; 2]> {
    // A tile in the middle of a row has two margins.
    let count = match length <= side {
        true => 1,
        false => length.div_ceil(side.saturating_sub(2 * margin).max(1)),
    };
    let end = |i: u32| (u64::from(length) * u64::from(i) / u64::from(count.max(1))) as u32;
    let part = |i| {
        let own = end(i)..end(i + 1);
        let seen = own.start.saturating_sub(margin)..(own.end + margin).min(length);
        [seen, own]
    };
    (0..count).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_field_is_one_tile() {
        let whole = [0..300, 0..200];
        let tile = Tile {
            seen: whole.clone(),
            own: whole,
        };
        assert_eq!(tiles(300, 200, 512, 32), [tile]);
    }

    #[test]
    fn own_parts_make_up_the_field_and_no_tile_is_too_large() {
        for (width, height) in [(1024, 768), (513, 4), (5000, 3001), (1, 1)] {
            let tiles = tiles(width, height, 512, 48);
            let pixels = |[columns, rows]: &[Range<u32>; 2]| columns.len() * rows.len();
            let own: usize = tiles.iter().map(|tile| pixels(&tile.own)).sum();
            assert_eq!(own, (width * height) as usize);
            for tile in &tiles {
                for (seen, own) in tile.seen.iter().zip(&tile.own) {
                    assert!(seen.len() <= 512, "{tile:?}");
                    assert!(seen.start <= own.start && own.end <= seen.end, "{tile:?}");
                }
            }
        }
    }
}
