//! From a decoder's pixels to RGB, 8 bits a channel.

use ::image::{DynamicImage, RgbImage, Rgba};

use super::{Notice, Window};

/// Shows 16-bit values by their [`Window`], rounds others, and lays transparent pixels on white.
pub fn into_rgb(mut image: DynamicImage) -> (RgbImage, Option<Notice>) {
    let window = window(&image);
    if let Some(window) = window {
        let levels = window.levels();
        let show = |value: &mut u16| *value = u16::from(levels[usize::from(*value)]) * 257;
        each_colour_value(&mut image, show);
    }
    (on_white(image), window.map(Notice::Stretched))
}

fn window(image: &DynamicImage) -> Option<Window> {
    let mut histogram = vec![0; Window::VALUES];
    let mut count = |value: u16| histogram[usize::from(value)] += 1;
    match image {
        DynamicImage::ImageLuma16(image) => image.iter().for_each(|&value| count(value)),
        DynamicImage::ImageRgb16(image) => image.iter().for_each(|&value| count(value)),
        DynamicImage::ImageLumaA16(image) => image.pixels().for_each(|pixel| count(pixel[0])),
        DynamicImage::ImageRgba16(image) => image
            .pixels()
            .for_each(|pixel| pixel.0[..3].iter().for_each(|&value| count(value))),
        _ => return None,
    }
    Window::of(&histogram)
}

fn each_colour_value(image: &mut DynamicImage, change: impl Fn(&mut u16)) {
    match image {
        DynamicImage::ImageLuma16(image) => image.iter_mut().for_each(change),
        DynamicImage::ImageRgb16(image) => image.iter_mut().for_each(change),
        DynamicImage::ImageLumaA16(image) => {
            image.pixels_mut().for_each(|pixel| change(&mut pixel[0]));
        }
        DynamicImage::ImageRgba16(image) => {
            let change = |pixel: &mut Rgba<u16>| pixel.0[..3].iter_mut().for_each(&change);
            image.pixels_mut().for_each(change);
        }
        _ => {}
    }
}

/// Lays transparent pixels on white.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [red, green, blue, alpha] = from.0;
        to.0 = over_white([red, green, blue], alpha);
    }
    rgb
}

/// A colour of some opacity on white.
pub fn over_white(colour: [u8; 3], opacity: u8) -> [u8; 3] {
    let opacity = u32::from(opacity);
    let sum = |value: u8| u32::from(value) * opacity + 255 * (255 - opacity);
    colour.map(|value| ((sum(value) + 127) / 255) as u8) // rounded to nearest
}

/// Whether every pixel is wholly transparent.
pub fn is_invisible(image: &DynamicImage) -> bool {
    match image {
        DynamicImage::ImageRgba8(image) => image.pixels().all(|pixel| pixel[3] == 0),
        _ => false,
    }
}
