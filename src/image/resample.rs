//! Resizing as OpenCV does it: `INTER_CUBIC` to enlarge, `INTER_AREA` to shrink.
//!
//! The study's tools cut nuclei out of fields with OpenCV, and a nucleus must reach a network as those
//! cut it. Results differ from OpenCV's by two of 255 levels at most, because OpenCV computes 8-bit
//! pictures in whole numbers. The crate `image` has other filters: its cubic one is softer
//! (−0.5 in place of −0.75), and its linear one weighs pixels by their distance, not by their area.

use ::image::{Rgb, RgbImage};

/// Keys' parameter of the cubic filter (IEEE Trans. ASSP 29, 1981), as OpenCV chooses it.
const SHARPNESS: f64 = -0.75;

/// One pixel of a resized line: the pixels of the original that it is made of, and their weights.
type Taps = Vec<(usize, f32)>;

/// `picture` at another size: both sides are enlarged, or both shrunk.
pub(super) fn resample(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (columns, rows) = (taps(picture.width(), width), taps(picture.height(), height));
    let sum = |taps: &Taps, pixel: &dyn Fn(usize) -> [f32; 3]| {
        taps.iter().fold([0.0f32; 3], |sum, &(at, weight)| {
            let pixel = pixel(at);
            [0, 1, 2].map(|channel| sum[channel] + weight * pixel[channel])
        })
    };
    // Row by row of the original, each of the new width.
    let across: Vec<[f32; 3]> = picture
        .rows()
        .flat_map(|row| {
            let row: Vec<[f32; 3]> = row.map(|pixel| pixel.0.map(f32::from)).collect();
            let pixels = columns.iter().map(move |taps| sum(taps, &|at| row[at]));
            pixels.collect::<Vec<_>>()
        })
        .collect();
    RgbImage::from_fn(width, height, |x, y| {
        let pixel = |at: usize| across[at * width as usize + x as usize];
        let value = sum(&rows[y as usize], &pixel);
        Rgb(value.map(|value| value.round_ties_even().clamp(0.0, 255.0) as u8))
    })
}

/// The taps of a line of `from` pixels that becomes one of `to`.
fn taps(from: u32, to: u32) -> Vec<Taps> {
    let scale = f64::from(from) / f64::from(to);
    let taps = |place: u32| match to > from {
        true => cubic(f64::from(place), scale, from),
        false => area(f64::from(place), scale, from),
    };
    (0..to).map(taps).collect()
}

/// Four neighbours; those beyond the border are the border's own pixel.
fn cubic(place: f64, scale: f64, from: u32) -> Taps {
    let centre = (place + 0.5) * scale - 0.5;
    let (first, t) = (centre.floor(), centre - centre.floor());
    let near = |t: f64| ((SHARPNESS + 2.0) * t - (SHARPNESS + 3.0)) * t * t + 1.0;
    let far = |t: f64| SHARPNESS * (((t - 5.0) * t + 8.0) * t - 4.0);
    let weights = [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)];
    let taps = weights.into_iter().enumerate().map(|(i, weight)| {
        let at = (first + i as f64 - 1.0).clamp(0.0, f64::from(from - 1));
        (at as usize, weight as f32)
    });
    taps.collect()
}

/// All pixels that the new one covers, each by the part that is covered.
fn area(place: f64, scale: f64, from: u32) -> Taps {
    let (start, end) = (place * scale, ((place + 1.0) * scale).min(f64::from(from)));
    let pixels = start.floor() as usize..(end.ceil() as usize).min(from as usize);
    let covered = |at: usize| (end.min(at as f64 + 1.0) - start.max(at as f64)) / (end - start);
    pixels.map(|at| (at, covered(at) as f32)).collect()
}
