//! How much of the slide a pixel shows, as a file tells it.
//!
//! Microscopes' programs write it in three ways: OME-XML and Aperio's text in a TIFF's description, ImageJ's
//! unit beside the TIFF's resolution, and the plain resolution of TIFF, PNG, JPEG and BMP. Most files of the
//! last kind hold the resolution of a screen or a printer, so only values that a microscope can have count.

use std::ops::RangeInclusive;

/// Micrometres for a pixel that a light microscope can have. The lowest resolution of a screen or
/// printer file, 2400 dots an inch, is 10.6.
const PLAUSIBLE: RangeInclusive<f64> = 0.01..=5.0;
const MICROMETRES_PER_INCH: f64 = 25_400.0;
const MICROMETRES_PER_CENTIMETRE: f64 = 10_000.0;
const MICROMETRES_PER_METRE: f64 = 1_000_000.0;
/// Bytes of a file in which a JPEG's or PNG's header is looked for.
const HEADER: usize = 4096;

/// What a TIFF file tells of its scale.
pub struct TiffResolution<'a> {
    /// The description of the file's first picture.
    pub description: &'a str,
    /// The description of the picture itself.
    pub own_description: &'a str,
    /// Pixels a unit of length.
    pub pixels: Option<f64>,
    /// The number of that unit.
    pub unit: Option<u64>,
}

impl TiffResolution<'_> {
    /// Micrometres that one pixel shows; `None` where the file does not tell it.
    pub fn micrometres_per_pixel(&self) -> Option<f64> {
        let by_resolution = || {
            let unit = match (self.unit, of_image_j(self.description)) {
                (_, Some(unit)) => unit,
                (Some(3), None) => MICROMETRES_PER_CENTIMETRE,
                (Some(2) | None, None) => MICROMETRES_PER_INCH, // the default of the standard
                _ => return None,
            };
            Some(unit / self.pixels?)
        };
        of_ome(self.description)
            .or_else(|| of_aperio(self.own_description))
            .or_else(by_resolution)
            .filter(|micrometres| PLAUSIBLE.contains(micrometres))
    }
}

/// Micrometres that one pixel of a file of another format shows; `None` where the file does not tell it.
pub fn of_other_format(file: &[u8]) -> Option<f64> {
    let header = &file[..file.len().min(HEADER)];
    let told = match header {
        [0x89, b'P', b'N', b'G', ..] => of_png(header),
        [0xFF, 0xD8, ..] => of_jpeg(header),
        [b'B', b'M', ..] => of_bmp(header),
        _ => None,
    };
    told.filter(|micrometres| PLAUSIBLE.contains(micrometres))
}

/// `PhysicalSizeX="0.25" PhysicalSizeXUnit="µm"` of OME-XML.
fn of_ome(description: &str) -> Option<f64> {
    let attribute = |name: &str| {
        let (_, after) = description.split_once(&format!("{name}=\""))?;
        Some(after.split_once('"')?.0)
    };
    let size: f64 = attribute("PhysicalSizeX")?.parse().ok()?;
    Some(size * micrometres(attribute("PhysicalSizeXUnit").unwrap_or("µm"))?)
}

/// `|MPP = 0.2520|` of Aperio's scanners.
fn of_aperio(description: &str) -> Option<f64> {
    let mut entries = description
        .split('|')
        .filter_map(|entry| entry.split_once('='));
    let (_, value) = entries.find(|(name, _)| name.trim() == "MPP")?;
    value.trim().parse().ok()
}

/// ImageJ's `unit=micron`: micrometres for the unit of the resolution.
fn of_image_j(description: &str) -> Option<f64> {
    let mut lines = description.lines().filter_map(|line| line.split_once('='));
    let (_, unit) = lines.find(|(name, _)| *name == "unit")?;
    micrometres(unit.trim())
}

/// A unit of length in micrometres.
fn micrometres(unit: &str) -> Option<f64> {
    Some(match unit {
        "µm" | "μm" | "um" | "micron" | "microns" | "&#181;m" | "\\u00B5m" | "micrometer" => 1.0,
        "nm" => 0.001,
        "mm" => 1000.0,
        "cm" => MICROMETRES_PER_CENTIMETRE,
        "m" => MICROMETRES_PER_METRE,
        _ => return None,
    })
}

/// The chunk `pHYs`: pixels a metre.
fn of_png(header: &[u8]) -> Option<f64> {
    let at = header.windows(4).position(|name| name == b"pHYs")? + 4;
    let [a, b, c, d, _, _, _, _, unit] = *header.get(at..at + 9)?.first_chunk()?;
    let pixels = f64::from(u32::from_be_bytes([a, b, c, d]));
    (unit == 1).then(|| MICROMETRES_PER_METRE / pixels)
}

/// The segment of JFIF: pixels an inch or a centimetre.
fn of_jpeg(header: &[u8]) -> Option<f64> {
    let at = header.windows(5).position(|name| name == b"JFIF\0")? + 7;
    let [unit, high, low] = *header.get(at..at + 3)?.first_chunk()?;
    let pixels = f64::from(u16::from_be_bytes([high, low]));
    match unit {
        1 => Some(MICROMETRES_PER_INCH / pixels),
        2 => Some(MICROMETRES_PER_CENTIMETRE / pixels),
        _ => None,
    }
}

/// The header's pixels a metre.
fn of_bmp(header: &[u8]) -> Option<f64> {
    let bytes = *header.get(38..42)?.first_chunk()?;
    Some(MICROMETRES_PER_METRE / f64::from(i32::from_le_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use crate::image::micrometres_per_pixel;

    /// A little-endian TIFF of one pixel with these entries: tag, type, count, and value or its bytes.
    fn tiff(resolution: Option<([u32; 2], u16)>, description: &str) -> Vec<u8> {
        let mut entries: Vec<(u16, u16, u32, Vec<u8>)> = vec![
            (256, 3, 1, vec![1, 0]),
            (257, 3, 1, vec![1, 0]),
            (258, 3, 1, vec![8, 0]),
            (259, 3, 1, vec![1, 0]),
            (262, 3, 1, vec![1, 0]),
            (
                270,
                2,
                description.len() as u32 + 1,
                [description.as_bytes(), &[0]].concat(),
            ),
            (273, 4, 1, vec![8, 0, 0, 0]),
            (277, 3, 1, vec![1, 0]),
            (278, 3, 1, vec![1, 0]),
            (279, 4, 1, vec![1, 0, 0, 0]),
        ];
        if let Some(([pixels, units], unit)) = resolution {
            let bytes = [pixels.to_le_bytes(), units.to_le_bytes()].concat();
            entries.push((282, 5, 1, bytes));
            entries.push((296, 3, 1, unit.to_le_bytes().to_vec()));
        }
        let start = 8;
        let mut data_at = start + 2 + 12 * entries.len() as u32 + 4;
        let (mut table, mut data) = ((entries.len() as u16).to_le_bytes().to_vec(), Vec::new());
        for (tag, kind, count, mut bytes) in entries {
            table.extend(tag.to_le_bytes());
            table.extend(kind.to_le_bytes());
            table.extend(count.to_le_bytes());
            if bytes.len() > 4 {
                table.extend(data_at.to_le_bytes());
                data_at += bytes.len() as u32;
                data.extend(bytes);
            } else {
                bytes.resize(4, 0);
                table.extend(bytes);
            }
        }
        let mut file = b"II*\0".to_vec();
        file.extend(start.to_le_bytes());
        file.extend(table);
        file.extend([0; 4]);
        file.extend(data);
        file
    }

    #[track_caller]
    fn assert_told(file: &[u8], expected: Option<f64>) {
        let told = micrometres_per_pixel(file);
        let is_near = match (told, expected) {
            (Some(told), Some(expected)) => (told - expected).abs() < 1e-6 * expected,
            (told, expected) => told == expected,
        };
        assert!(is_near, "{told:?}, not {expected:?}");
    }

    #[test]
    fn a_tiff_tells_its_scale_in_each_way() {
        let ome = r#"<OME><Pixels PhysicalSizeX="250" PhysicalSizeXUnit="nm"/></OME>"#;
        assert_told(&tiff(None, ome), Some(0.25));
        assert_told(&tiff(None, r#"<Pixels PhysicalSizeX="0.5">"#), Some(0.5));
        assert_told(
            &tiff(None, "Aperio|AppMag = 40|MPP = 0.2520|x = 1"),
            Some(0.252),
        );
        assert_told(&tiff(Some(([40_000, 1], 3)), ""), Some(0.25));
        assert_told(&tiff(Some(([101_600, 1], 2)), ""), Some(0.25));
        let image_j = "ImageJ=1.54f\nunit=micron\n";
        assert_told(
            &tiff(Some(([4_000_000, 1_000_000], 1)), image_j),
            Some(0.25),
        );
    }

    #[test]
    fn a_screen_s_resolution_is_none() {
        assert_told(&tiff(Some(([72, 1], 2)), ""), None);
        assert_told(&tiff(Some(([0, 0], 2)), ""), None);
        assert_told(&tiff(Some(([4, 1], 1)), ""), None);
        assert_told(&tiff(None, "PhysicalSizeX=\"nothing\""), None);
        let jfif = |unit, pixels: u16| {
            let mut file = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01".to_vec();
            file.push(unit);
            file.extend(pixels.to_be_bytes());
            file.extend(pixels.to_be_bytes());
            file
        };
        assert_told(&jfif(1, 96), None);
        assert_told(&jfif(2, 40_000), Some(0.25));
        assert_told(b"", None);
        assert_told(b"\x89PNGpHYs", None);
        assert_told(
            b"\x89PNG\r\n\x1a\n....pHYs\0\x3D\x09\0\0\x3D\x09\0\x01",
            Some(0.25),
        );
        assert_told(b"BM", None);
    }
}
