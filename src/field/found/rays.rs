//! Rays and distances from a point to a closed line of points `[x, y]`.

/// The direction of each ray, a vector of length 1: the first one points right, the next ones follow
/// clockwise, since y points down.
pub fn directions(rays: usize) -> impl Iterator<Item = [f32; 2]> {
    (0..rays).map(move |ray| {
        let (sin, cos) = (std::f32::consts::TAU * ray as f32 / rays as f32).sin_cos();
        [cos, sin]
    })
}

/// The edges of a closed line.
fn edges(outline: &[[f32; 2]]) -> impl Iterator<Item = [[f32; 2]; 2]> {
    let ends = outline.iter().zip(outline.iter().cycle().skip(1));
    ends.map(|(&from, &to)| [from, to])
}

/// Whether a point lies inside, by the even-odd rule.
pub fn is_inside(outline: &[[f32; 2]], [x, y]: [f32; 2]) -> bool {
    let crossed = edges(outline).filter(|[[x0, y0], [x1, y1]]| {
        (y0 > &y) != (y1 > &y) && x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    });
    crossed.count() % 2 == 1
}

/// The distance from a point inside to the first crossing with the line in a direction of length 1; 0
/// where there is none.
pub fn distance(outline: &[[f32; 2]], [x, y]: [f32; 2], [dx, dy]: [f32; 2]) -> f32 {
    // Turned so that the ray is the positive x axis.
    let turned = |[px, py]: [f32; 2]| {
        let (px, py) = (px - x, py - y);
        [px * dx + py * dy, py * dx - px * dy]
    };
    let mut nearest = f32::INFINITY;
    for [from, to] in edges(outline) {
        let ([x0, y0], [x1, y1]) = (turned(from), turned(to));
        if (y0 > 0.0) != (y1 > 0.0) {
            let crossing = x0 - y0 * (x1 - x0) / (y1 - y0);
            if crossing >= 0.0 && crossing < nearest {
                nearest = crossing;
            }
        }
    }
    if nearest.is_finite() { nearest } else { 0.0 }
}

/// The distance from a point to the line.
pub fn depth(outline: &[[f32; 2]], [x, y]: [f32; 2]) -> f32 {
    let distances = edges(outline).map(|[[x0, y0], [x1, y1]]| {
        let (along_x, along_y) = (x1 - x0, y1 - y0);
        let length = along_x * along_x + along_y * along_y;
        let share = ((x - x0) * along_x + (y - y0) * along_y) / length.max(f32::MIN_POSITIVE);
        let share = share.clamp(0.0, 1.0);
        (x0 + share * along_x - x).hypot(y0 + share * along_y - y)
    });
    distances.fold(f32::INFINITY, f32::min)
}
