//! The shape of a mask: moments, border, convex hull.

use crate::image::Mask;

/// Shape of one mask, lengths in pixels.
pub(super) struct Shape {
    pub(super) centroid: [f64; 2],
    pub(super) area: f64,
    pub(super) perimeter: f64,
    /// Length and width of the ellipse with the same second moments.
    pub(super) axes: [f64; 2],
    pub(super) orientation: f64,
    /// Pixels of the convex hull.
    pub(super) convex_area: f64,
}

impl Shape {
    pub(super) fn new(mask: &Mask) -> Self {
        // Sums of whole numbers, so that a square has equal variances.
        let [mut n, mut x, mut y, mut xx, mut yy, mut xy] = [0i128; 6];
        for (column, row) in mask.pixels() {
            let (column, row) = (i128::from(column), i128::from(row));
            n += 1;
            x += column;
            y += row;
            xx += column * column;
            yy += row * row;
            xy += column * row;
        }
        let area = n as f64;
        let variance = |product: i128, a: i128, b: i128| (n * product - a * b) as f64 / area / area;
        let centroid = [x as f64 / area, y as f64 / area];
        let (xx, yy, xy) = (variance(xx, x, x), variance(yy, y, y), variance(xy, x, y));
        // Half the difference of the eigenvalues of [[xx, xy], [xy, yy]].
        let apart = ((xx - yy) / 2.0).hypot(xy);
        let axis = |variance: f64| 4.0 * variance.max(0.0).sqrt();
        let orientation = match xx == yy {
            true if xy > 0.0 => std::f64::consts::FRAC_PI_4,
            true => -std::f64::consts::FRAC_PI_4,
            false => (2.0 * xy).atan2(yy - xx) / 2.0,
        };
        Self {
            centroid,
            area,
            perimeter: perimeter(mask),
            axes: [axis((xx + yy) / 2.0 + apart), axis((xx + yy) / 2.0 - apart)],
            orientation,
            convex_area: convex_area(mask),
        }
    }
}

/// Whether a covered pixel has an uncovered one beside, above or below it.
pub(super) fn is_border(mask: &Mask, x: u32, y: u32) -> bool {
    let covers =
        |x: Option<u32>, y: Option<u32>| matches!((x, y), (Some(x), Some(y)) if mask.covers(x, y));
    let (x0, y0) = (Some(x), Some(y));
    let beside = [
        covers(x.checked_sub(1), y0),
        covers(x.checked_add(1), y0),
        covers(x0, y.checked_sub(1)),
        covers(x0, y.checked_add(1)),
    ];
    mask.covers(x, y) && beside.contains(&false)
}

/// The length of the border, from how each of its pixels continues: straight 1, aslant √2, and between
/// the two at a corner (Benkrid and Crookes, "Design and FPGA implementation of a perimeter
/// estimator"; `skimage.measure.perimeter`).
fn perimeter(mask: &Mask) -> f64 {
    let is_border_at = |x: u32, y: u32, dx: i64, dy: i64| {
        let (x, y) = (
            u32::try_from(i64::from(x) + dx),
            u32::try_from(i64::from(y) + dy),
        );
        matches!((x, y), (Ok(x), Ok(y)) if is_border(mask, x, y))
    };
    let length = |(x, y): (u32, u32)| {
        let count = |offsets: [(i64, i64); 4]| {
            let offsets = offsets.into_iter();
            offsets
                .filter(|&(dx, dy)| is_border_at(x, y, dx, dy))
                .count()
        };
        let beside = count([(-1, 0), (1, 0), (0, -1), (0, 1)]);
        let aslant = count([(-1, -1), (1, -1), (-1, 1), (1, 1)]);
        match 1 + 2 * beside + 10 * aslant {
            5 | 7 | 15 | 17 | 25 | 27 => 1.0,
            21 | 33 => std::f64::consts::SQRT_2,
            13 | 23 => (1.0 + std::f64::consts::SQRT_2) / 2.0,
            _ => 0.0,
        }
    };
    let border = mask.pixels().filter(|&(x, y)| is_border(mask, x, y));
    border.map(length).sum()
}

/// The pixels whose centres lie in the convex hull or on it. The hull is that of the middles of all
/// pixels' sides (`skimage.morphology.convex_hull_image`).
fn convex_area(mask: &Mask) -> f64 {
    // Middles of sides in half pixels, so that the arithmetic is exact.
    let mut points: Vec<[i64; 2]> = Vec::new();
    for y in mask.rows() {
        let mut covered = mask.columns().filter(|&x| mask.covers(x, y));
        let Some(first) = covered.next() else {
            continue;
        };
        for x in [first, covered.next_back().unwrap_or(first)] {
            let (x, y) = (2 * i64::from(x), 2 * i64::from(y));
            points.extend([[x - 1, y], [x + 1, y], [x, y - 1], [x, y + 1]]);
        }
    }
    let hull = convex_hull(points);
    let mut area = 0;
    for y in mask.rows() {
        let y = 2 * i64::from(y);
        let mut ends: Option<[f64; 2]> = None;
        for (from, to) in hull.iter().zip(hull.iter().cycle().skip(1)) {
            let [[x0, y0], [x1, y1]] = [*from, *to];
            if y < y0.min(y1) || y > y0.max(y1) {
                continue;
            }
            let crossings = match y1 - y0 {
                0 => [x0 as f64, x1 as f64],
                rise => [x0 as f64 + ((y - y0) * (x1 - x0)) as f64 / rise as f64; 2],
            };
            for x in crossings {
                let [first, last] = ends.unwrap_or([x, x]);
                ends = Some([first.min(x), last.max(x)]);
            }
        }
        if let Some([first, last]) = ends {
            let pixels = (last / 2.0).floor() as i64 - (first / 2.0).ceil() as i64 + 1;
            area += pixels.max(0);
        }
    }
    area as f64
}

/// The corners of the convex hull, in order (Andrew's monotone chain, 1979).
fn convex_hull(mut points: Vec<[i64; 2]>) -> Vec<[i64; 2]> {
    points.sort_unstable();
    points.dedup();
    let turns_left = |a: [i64; 2], b: [i64; 2], c: [i64; 2]| {
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0
    };
    let chain = |points: &mut dyn Iterator<Item = [i64; 2]>| {
        let mut chain: Vec<[i64; 2]> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && !turns_left(a, b, point)
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop(); // the first corner of the other chain
        chain
    };
    let mut hull = chain(&mut points.iter().copied());
    hull.extend(chain(&mut points.iter().rev().copied()));
    hull
}
