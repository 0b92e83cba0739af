//! Cell images cut from a field against those of OpenCV: `tests/golden/crops.py` made them.

use karyolens::image::{RgbImage, crop, decode};
use serde::Deserialize;

/// The largest difference in levels, of 255.
const TOLERANCE: u8 = 2;

#[derive(Deserialize)]
struct Golden {
    points: Vec<[f64; 2]>,
    scale: f32,
}

fn picture(name: &str) -> RgbImage {
    let file = std::path::Path::new("tests/golden/crops").join(name);
    decode(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
fn a_nucleus_is_cut_out_as_opencv_cuts_it() {
    let field = picture("field.png");
    let cases: Vec<Golden> =
        serde_json::from_str(include_str!("../golden/crops/crops.json")).unwrap();
    for (number, Golden { points, scale }) in cases.iter().enumerate() {
        let ours = crop(&field, points, *scale).unwrap();
        let theirs = picture(&format!("{number}.png"));
        let values = ours.pixels().iter().zip(theirs.iter());
        let largest = values.map(|(a, b)| a.abs_diff(*b)).max();
        assert!(largest <= Some(TOLERANCE), "{number}: {largest:?} levels");
    }
}
