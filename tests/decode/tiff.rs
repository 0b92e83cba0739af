//! TIFF files as other programs lay them out, and slides that are read in places.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use karyolens::image::{
    DecodeError, Level, Notice, Pyramid, Region, Window, decode, micrometres_per_pixel, open,
};

use super::{Random, largest_difference};
use crate::support::shared;

/// Files of `tests/golden/tiff.py`, each with the picture that it holds.
macro_rules! golden {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_bytes!(concat!("../golden/tiff/", $name)).as_slice(),
            include_bytes!(concat!("../golden/tiff/", $name, ".expected.png")).as_slice(),
        )),*]
    };
}

const GOLDEN: [(&str, &[u8], &[u8]); 23] = golden![
    "planar_tiles.tif",
    "planar_tiles_lzw.tif",
    "planar_strips_deflate.tif",
    "big_endian_big_tiff.tif",
    "pack_bits.tif",
    "deep_big_endian_lzw.tif",
    "jpeg_tiles.tif",
    "jpeg_rgb_tiles.tif",
    "jpeg_grey_strips.tif",
    "jpeg_2000.tif",
    "jpeg_2000_aperio.svs",
    "white_is_zero.tif",
    "unassociated.tif",
    "associated.tif",
    "extra_channel.tif",
    "palette.tif",
    "fax.tif",
    "cmyk.tif",
    "twelve_bits.tif",
    "channels.tif",
    "slide.svs",
    "pyramid.ome.tif",
    "thumbnail_first.tif",
];
const SMALLER_LEVELS: [&[u8]; 2] = [
    include_bytes!("../golden/tiff/level_1.expected.png"),
    include_bytes!("../golden/tiff/level_2.expected.png"),
];

fn golden(name: &str) -> &'static [u8] {
    let found = GOLDEN.into_iter().find(|(other, ..)| *other == name);
    found.expect(name).1
}

fn pyramid(name: &str) -> Pyramid<'static> {
    Pyramid::open(Cursor::new(golden(name))).expect(name)
}

#[test]
fn files_of_every_layout_read_as_they_were_written() {
    for (name, bytes, expected) in GOLDEN {
        let ours = decode(bytes).unwrap_or_else(|error| panic!("{name} {error}"));
        let difference = largest_difference(&ours, &decode(expected).unwrap());
        println!("{name}: {difference}");
        // Decoders of JPEG round differently, and so does a colour that was multiplied by its opacity.
        let tolerance = match name {
            "jpeg_tiles.tif" | "jpeg_rgb_tiles.tif" | "jpeg_grey_strips.tif" | "slide.svs" => 4,
            "associated.tif" | "jpeg_2000_aperio.svs" => 1,
            _ => 0,
        };
        assert!(difference <= tolerance, "{name} differs by {difference}");
    }
}

#[test]
fn a_person_is_told_how_numbers_became_colours() {
    let notices = |name| open(golden(name)).expect(name).notices;
    let window = Window {
        low: 200,
        high: 4000,
    };
    assert_eq!(notices("twelve_bits.tif"), [Notice::Stretched(window)]);
    let text = notices("twelve_bits.tif")[0].to_string();
    assert!(text.contains("from 200 to 4000"), "{text}");
    assert_eq!(notices("channels.tif"), [Notice::ThreeChannels]);
    for name in ["slide.svs", "pyramid.ome.tif", "thumbnail_first.tif"] {
        assert_eq!(notices(name), [], "{name}");
    }
    assert_eq!(notices("deep_big_endian_lzw.tif"), []);
}

#[test]
fn a_slide_has_levels_with_their_scale() {
    for (name, micrometres) in [("slide.svs", 0.252), ("pyramid.ome.tif", 0.25)] {
        let level = |width, height, enlarged| Level {
            width,
            height,
            micrometres_per_pixel: Some(micrometres * enlarged),
        };
        let levels = [level(40, 28, 1.0), level(20, 14, 2.0), level(10, 7, 4.0)];
        assert_eq!(pyramid(name).levels(), levels, "{name}");
        assert_eq!(micrometres_per_pixel(golden(name)), Some(micrometres));
    }
    assert_eq!(pyramid("thumbnail_first.tif").levels().len(), 2);
    assert_eq!(pyramid("channels.tif").levels().len(), 1);
}

#[test]
fn any_region_of_any_level_is_read() {
    for name in ["slide.svs", "pyramid.ome.tif"] {
        let whole = decode(golden(name)).unwrap();
        let mut pyramid = pyramid(name);
        let levels = SMALLER_LEVELS.map(|level| decode(level).unwrap());
        for (index, expected) in [whole].iter().chain(&levels).enumerate() {
            let (width, height) = expected.dimensions();
            let mut random = Random(index as u64);
            for _ in 0..40 {
                let mut part = |length: u32| {
                    let first = random.below(length as usize) as u32;
                    (first, 1 + random.below((length - first) as usize) as u32)
                };
                let ((left, width), (top, height)) = (part(width), part(height));
                let region = Region {
                    left,
                    top,
                    width,
                    height,
                };
                let read = pyramid.read(index, region).unwrap();
                let part = image::imageops::crop_imm(expected, left, top, width, height);
                let difference = largest_difference(&read, &part.to_image());
                assert!(difference <= 8, "{name}, {index}: {region:?} {difference}");
            }
        }
    }
}

#[test]
fn an_overview_is_the_mean_of_the_next_larger_level() {
    let mut pyramid = pyramid("pyramid.ome.tif");
    let smallest = decode(SMALLER_LEVELS[1]).unwrap();
    assert_eq!(pyramid.overview(10).unwrap(), smallest);
    assert_eq!(
        pyramid.overview(40).unwrap(),
        decode(golden("pyramid.ome.tif")).unwrap()
    );
    let overview = pyramid.overview(4).unwrap();
    assert_eq!(overview.dimensions(), (4, 3));
    let mean = |channel: usize| {
        let square = (0..3).flat_map(|y| (0..3).map(move |x| (x, y)));
        let sum = square.map(|(x, y)| u32::from(smallest.get_pixel(x, y)[channel]));
        ((sum.sum::<u32>() + 4) / 9) as u8
    };
    assert_eq!(overview.get_pixel(0, 0), &Rgb([mean(0), mean(1), mean(2)]));
}

#[test]
fn a_region_outside_is_refused() {
    let mut pyramid = pyramid("pyramid.ome.tif");
    let region = |left, top, width, height| Region {
        left,
        top,
        width,
        height,
    };
    let outside = Err(DecodeError::Outside {
        width: 40,
        height: 28,
    });
    for region in [
        region(40, 0, 1, 1),
        region(0, 0, 41, 28),
        region(0, 0, 0, 1),
        region(u32::MAX, 1, 2, 2),
    ] {
        assert_eq!(pyramid.read(0, region), outside, "{region:?}");
    }
    assert!(pyramid.read(3, region(0, 0, 1, 1)).is_err());
    assert!(matches!(
        pyramid.read(0, region(0, 0, 20_000, 20_000)),
        Err(DecodeError::TooLarge { .. })
    ));
}

/// A file of gigabytes that is zero but for some parts, and counts the bytes that are read.
struct Sparse {
    length: u64,
    parts: Vec<(u64, Vec<u8>)>,
    at: u64,
    bytes_read: u64,
}

impl Read for Sparse {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into.len().min((self.length - self.at) as usize);
        into[..count].fill(0);
        for (start, part) in &self.parts {
            let first = self.at.max(*start);
            let end = (self.at + count as u64).min(start + part.len() as u64);
            if first < end {
                let part = &part[(first - start) as usize..(end - start) as usize];
                into[(first - self.at) as usize..(end - self.at) as usize].copy_from_slice(part);
            }
        }
        self.at += count as u64;
        self.bytes_read += count as u64;
        Ok(count)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => self.length.saturating_add_signed(back),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

/// A little-endian BigTIFF's directory; an entry is (tag, count, value or place).
fn big_directory(entries: &[(u16, u64, u64)]) -> Vec<u8> {
    const LONG8: u16 = 16;
    let mut bytes = b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec();
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (tag, count, value) in entries {
        bytes.extend([tag.to_le_bytes(), LONG8.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend([0; 8]);
    bytes
}

#[test]
fn a_slide_of_gigabytes_is_read_in_places() {
    let (width, height, tile) = (110_000u32, 90_000u32, 256u32);
    let across = width.div_ceil(tile);
    let tiles = u64::from(across) * u64::from(height.div_ceil(tile));
    let (offsets, lengths, pixels) = (1 << 20, 4 << 20, 3 << 30);
    let directory = big_directory(&[
        (256, 1, width.into()),
        (257, 1, height.into()),
        (258, 1, 8),
        (259, 1, 1),
        (262, 1, 1),
        (322, 1, tile.into()),
        (323, 1, tile.into()),
        (324, tiles, offsets),
        (325, tiles, lengths),
    ]);
    // One tile, in column 200 and row 100.
    let place = 8 * u64::from(100 * across + 200);
    let side = tile as usize;
    let values: Vec<u8> = (0..side * side).map(|index| (index % 251) as u8).collect();
    let file = Sparse {
        length: 4 << 30,
        parts: vec![
            (0, directory),
            (offsets + place, u64::to_le_bytes(pixels).to_vec()),
            (
                lengths + place,
                (side as u64 * side as u64).to_le_bytes().to_vec(),
            ),
            (pixels, values.clone()),
        ],
        at: 0,
        bytes_read: 0,
    };
    let mut file = file;
    let mut pyramid = Pyramid::open(&mut file).unwrap();
    assert_eq!(pyramid.levels()[0].width, width);
    let region = Region {
        left: 200 * tile + 10,
        top: 100 * tile + 20,
        width: 30,
        height: 40,
    };
    let read = pyramid.read(0, region).unwrap();
    for (x, y, pixel) in read.enumerate_pixels() {
        let value = values[(20 + y as usize) * side + 10 + x as usize];
        assert_eq!(pixel.0, [value; 3]);
    }
    drop(pyramid);
    assert!(file.bytes_read < 100_000, "{} bytes", file.bytes_read);
}

#[test]
fn slides_of_other_formats_are_named_with_a_way_out() {
    let message = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
    let text = |tag: u16, text: &str| {
        let mut bytes = super::one_directory(&[
            (256, 4, 1, 9),
            (257, 4, 1, 9),
            (tag, 2, text.len() as u32, 200),
        ]);
        bytes.resize(200, 0);
        bytes.extend(text.as_bytes());
        bytes
    };
    let leica = "<scn xmlns=\"http://www.leica-microsystems.com/scn/2010/10/01\">";
    for (format, bytes) in [
        ("NDPI (Hamamatsu)", text(65_420, "x")),
        ("SCN (Leica)", text(270, leica)),
        (
            "BIF (Roche)",
            text(700, "<?xml?><Metadata><iScan A=\"1\"/>"),
        ),
        ("CZI (Zeiss)", b"ZISRAWFILE\0\0\0\0".to_vec()),
        ("VSI (Olympus)", b"II*\0\0\x10\0\0\x18\0IS\0\0".to_vec()),
        ("DICOM", [&[0; 128][..], b"DICM"].concat()),
    ] {
        let message = message(&bytes);
        assert!(
            message.starts_with(&format!("has the format {format}, ")),
            "{message}"
        );
        assert!(message.contains("export"), "{message}");
    }
}

#[test]
fn pictures_that_people_had_trouble_with_are_read() {
    let name = "pictures_that_people_had_trouble_with_are_read";
    let Some(cases) = shared(name, "cases") else {
        return;
    };
    let read = |file: &str| decode(&std::fs::read(cases.join(file)).unwrap()).expect(file);
    // A palette has fewer colours than its picture had.
    for (file, expected, tolerance) in [
        (
            "02-tiled-planar-tiff/tiled_planar.tif",
            "02-tiled-planar-tiff/ref.png",
            0,
        ),
        (
            "04-tiff-colour-kinds/bigtiff.tif",
            "04-tiff-colour-kinds/ref.png",
            0,
        ),
        (
            "04-tiff-colour-kinds/palette.tif",
            "04-tiff-colour-kinds/ref.png",
            17,
        ),
        (
            "05-associated-alpha-tiff/unassociated.tif",
            "05-associated-alpha-tiff/ref.png",
            0,
        ),
        (
            "08-channel-stack/three_channels.tif",
            "08-channel-stack/ref.png",
            0,
        ),
        ("10-bmp-32bit/v4_alpha0.bmp", "10-bmp-32bit/ref.png", 0),
    ] {
        let difference = largest_difference(&read(file), &read(expected));
        assert!(difference <= tolerance, "{file} differs by {difference}");
    }
    let associated = read("05-associated-alpha-tiff/associated.tif");
    let unassociated = read("05-associated-alpha-tiff/unassociated.tif");
    assert!(largest_difference(&associated, &unassociated) <= 1);
}

#[test]
fn no_mutation_of_a_slide_panics_or_takes_long() {
    const MUTATIONS: usize = 200;
    for (seed, (name, original, _)) in GOLDEN.into_iter().enumerate() {
        let mut random = Random(seed as u64);
        for mutation in 0..MUTATIONS {
            let bytes = random.mutated(original);
            let started = Instant::now();
            // Panics fail the test.
            let _ = open(&bytes);
            if let Ok(mut pyramid) = Pyramid::open(Cursor::new(&bytes[..])) {
                let _ = pyramid.overview(8);
                let smallest = pyramid.levels().len() - 1;
                let pixel = Region {
                    left: 3,
                    top: 2,
                    width: 1,
                    height: 1,
                };
                let _: Result<RgbImage, _> = pyramid.read(smallest, pixel);
            }
            let took = started.elapsed();
            let limit = Duration::from_secs(10);
            assert!(took < limit, "{name}, mutation {mutation}: {took:?}");
        }
    }
}
