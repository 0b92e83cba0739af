//! How much of the slide a pixel of a file shows, as far as the file tells it.

use std::io::Cursor;

use tiff::decoder::Decoder;
use tiff::decoder::ifd::Value;
use tiff::tags::{ResolutionUnit, Tag};

/// A larger pixel is none of a microscope: the file tells the resolution of a screen or a printer.
const LARGEST: f64 = 10.0;
/// A smaller one is far below the resolution of light.
const SMALLEST: f64 = 1e-3;

/// Micrometres that the side of a pixel shows, of the file of a picture. Only TIFF tells it: in OME's XML,
/// in Aperio's or ImageJ's description, or as a resolution. JPEG and PNG have the resolution of screens.
pub fn micrometres_per_pixel(file: &[u8]) -> Option<f64> {
    let mut tiff = Decoder::new(Cursor::new(file)).ok()?;
    let description = tiff.get_tag_ascii_string(Tag::ImageDescription);
    let description = description.unwrap_or_default();
    let pixels = match tiff.find_tag(Tag::XResolution).ok().flatten() {
        Some(Value::Rational(pixels, lengths)) => Some(f64::from(pixels) / f64::from(lengths)),
        _ => None,
    };
    let unit = tiff.find_tag_unsigned(Tag::ResolutionUnit).ok().flatten();
    of_ome(&description)
        .or_else(|| of_aperio(&description))
        .or_else(|| Some(of_image_j(&description)? / pixels?))
        .or_else(|| Some(of_resolution(unit)? / pixels?))
        .filter(|micrometres| (SMALLEST..=LARGEST).contains(micrometres))
}

/// OME-TIFF: `<Pixels PhysicalSizeX="0.25" PhysicalSizeXUnit="µm" …>`.
fn of_ome(description: &str) -> Option<f64> {
    let value = |name: &str| {
        let (_, rest) = description.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0)
    };
    let size: f64 = value("PhysicalSizeX")?.parse().ok()?;
    Some(size * micrometres(value("PhysicalSizeXUnit").unwrap_or("µm"))?)
}

/// Aperio's `.svs`: `…|MPP = 0.2524|…`.
fn of_aperio(description: &str) -> Option<f64> {
    let mut entries = description
        .split('|')
        .filter_map(|entry| entry.split_once('='));
    let (_, size) = entries.find(|(name, _)| name.trim() == "MPP")?;
    size.trim().parse().ok()
}

/// ImageJ: `ImageJ=1.54f\nunit=micron\n…`; the resolution is in pixels of that unit. Micrometres of the unit.
fn of_image_j(description: &str) -> Option<f64> {
    let mut lines = description.lines();
    lines.next()?.strip_prefix("ImageJ=")?;
    micrometres(lines.find_map(|line| line.strip_prefix("unit="))?)
}

/// Micrometres of the unit of TIFF's resolution, which is an inch where nothing is told.
fn of_resolution(unit: Option<u16>) -> Option<f64> {
    match unit.map_or(Some(ResolutionUnit::Inch), ResolutionUnit::from_u16)? {
        ResolutionUnit::Inch => Some(25_400.0),
        ResolutionUnit::Centimeter => Some(10_000.0),
        _ => None,
    }
}

/// Micrometres of a unit of length; ImageJ writes the letter µ as an escape.
fn micrometres(unit: &str) -> Option<f64> {
    match unit.trim() {
        "nm" => Some(1e-3),
        "µm" | "\u{3bc}m" | "\\u00B5m" | "&#181;m" | "um" | "micron" | "microns" => Some(1.0),
        "mm" => Some(1e3),
        "cm" => Some(1e4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tiff::encoder::{Rational, TiffEncoder, colortype::Gray8};

    use super::*;

    /// A file of one pixel.
    fn file(description: &str, resolution: Option<(ResolutionUnit, u32, u32)>) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).unwrap();
        let mut image = encoder.new_image::<Gray8>(1, 1).unwrap();
        image
            .encoder()
            .write_tag(Tag::ImageDescription, description)
            .unwrap();
        if let Some((unit, n, d)) = resolution {
            image.resolution(unit, Rational { n, d });
        }
        image.write_data(&[0]).unwrap();
        file.into_inner()
    }

    #[test]
    fn the_size_is_found_where_programs_write_it() {
        let ome = |unit| {
            let pixels = r#"<Pixels SizeX="1" PhysicalSizeY="9" PhysicalSizeX="0.25""#;
            micrometres_per_pixel(&file(&format!("<OME><Image>{pixels}{unit}/>"), None))
        };
        assert_eq!(ome(""), Some(0.25));
        assert_eq!(ome(r#" PhysicalSizeXUnit="&#181;m""#), Some(0.25));
        assert_eq!(ome(r#" PhysicalSizeXUnit="nm""#), None);
        assert_eq!(ome(r#" PhysicalSizeXUnit="pixel""#), None);
        let aperio = file(
            "Aperio Image\r\n1x1|AppMag = 40|MPP = 0.2524|Left = 1",
            None,
        );
        assert_eq!(micrometres_per_pixel(&aperio), Some(0.2524));
        let unitless = Some((ResolutionUnit::None, 4, 1));
        let image_j = file("ImageJ=1.54f\nimages=1\nunit=\\u00B5m\n", unitless);
        assert_eq!(micrometres_per_pixel(&image_j), Some(0.25));
        assert_eq!(
            micrometres_per_pixel(&file("ImageJ=1.54f\n", unitless)),
            None
        );
    }

    #[test]
    fn a_resolution_counts_where_it_is_one_of_a_microscope() {
        let of = |unit, n, d| micrometres_per_pixel(&file("", Some((unit, n, d))));
        assert_eq!(of(ResolutionUnit::Centimeter, 40_000, 1), Some(0.25));
        assert_eq!(of(ResolutionUnit::Inch, 101_600, 1), Some(0.25));
        assert_eq!(of(ResolutionUnit::Inch, 300, 1), None);
        assert_eq!(of(ResolutionUnit::Inch, 1, 0), None);
        assert_eq!(of(ResolutionUnit::Inch, 0, 0), None);
        assert_eq!(of(ResolutionUnit::None, 40_000, 1), None);
    }

    #[test]
    fn other_files_tell_nothing() {
        for bytes in [&b""[..], b"II*\0", b"\x89PNG\r\n\x1a\n", &[0xff; 40]] {
            assert_eq!(micrometres_per_pixel(bytes), None);
        }
        let whole = file("Aperio|MPP = 0.25", None);
        for end in 0..whole.len() {
            let _ = micrometres_per_pixel(&whole[..end]);
        }
    }
}
