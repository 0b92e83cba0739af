//! A list of points in its many forms.

use super::json::Json;
use super::{Contour, Reason, Refused};

/// A contour of this name through the points that a value holds: `[[x, y], …]`, `[{"x": …, "y": …}, …]`,
/// `[x, y, x, y, …]`, or OpenCV's `[[[x, y]], …]`. A closing point, the same as the first, is dropped.
pub fn contour(id: String, value: &Json) -> Result<Contour, Refused> {
    let read = match value {
        Json::List(items) => points(items),
        _ => Err(Reason::NoOutline),
    };
    match read {
        Ok(mut points) => {
            while points.len() > 1 && points.first() == points.last() {
                points.pop();
            }
            Ok(Contour { id, points })
        }
        Err(reason) => Err(Refused { id, reason }),
    }
}

fn points(items: &[Json]) -> Result<Vec<[f64; 2]>, Reason> {
    // One list around all points, as some programs write a polygon.
    if let [Json::List(inner)] = items
        && inner.len() > 1
        && inner.iter().all(|point| matches!(point, Json::List(_)))
    {
        return points(inner);
    }
    if !items.is_empty() && items.iter().all(|item| matches!(item, Json::Number(_))) {
        let pairs = items.chunks_exact(2).map(pair);
        return pairs.collect();
    }
    items.iter().map(point).collect()
}

fn point(value: &Json) -> Result<[f64; 2], Reason> {
    match value {
        Json::List(items) => match &items[..] {
            [Json::List(inner)] => pair(inner),
            items => pair(items),
        },
        Json::Object(_) => match [value.get("x"), value.get("y")] {
            [Some(x), Some(y)] => number(x).and_then(|x| Ok([x, number(y)?])),
            _ => Err(Reason::NotANumber),
        },
        _ => Err(Reason::NotANumber),
    }
}

/// The first two numbers; a third one is a depth that nobody needs.
fn pair(items: &[Json]) -> Result<[f64; 2], Reason> {
    match items {
        [x, y, ..] => Ok([number(x)?, number(y)?]),
        _ => Err(Reason::NotANumber),
    }
}

fn number(value: &Json) -> Result<f64, Reason> {
    let number = value.number().filter(|number| number.is_finite());
    number.ok_or(Reason::NotANumber)
}
