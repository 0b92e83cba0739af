//! Decoding of the files that a person drops: every accepted kind of file gives the right pixels, and every
//! other file a message, never a panic and never a long wait.

mod tiff;

use std::io::Cursor;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};
use karyolens::image::{DecodeError, MAX_PIXELS, MAX_SIDE, decode};

const FORMATS: [ImageFormat; 5] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::WebP,
    ImageFormat::Tiff,
    ImageFormat::Bmp,
];

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A small picture with so much detail that most of its file is compressed data.
fn detailed() -> RgbImage {
    RgbImage::from_fn(48, 36, |x, y| {
        Rgb([(x * y * 7) as u8, (x * 5) as u8 ^ (y * 3) as u8, 90])
    })
}

fn largest_difference(a: &RgbImage, b: &RgbImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.iter()
        .zip(b.iter())
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap_or(0)
}

/// Files that Pillow wrote, each with the pixels that Pillow reads from it: `tests/golden/decode.py`.
macro_rules! golden {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_bytes!(concat!("../golden/decode/", $name)).as_slice(),
            include_bytes!(concat!("../golden/decode/", $name, ".expected.png")).as_slice(),
        )),*]
    };
}

const GOLDEN: [(&str, &[u8], &[u8]); 16] = golden![
    "palette_transparent.png",
    "grey_alpha.png",
    "grey_16.png",
    "one_bit.png",
    "progressive.jpg",
    "turned.jpg",
    "grey.jpg",
    "cmyk.jpg",
    "restarts.jpg",
    "lossy.webp",
    "lossy_alpha.webp",
    "turned.webp",
    "lzw.tiff",
    "deflate.tiff",
    "turned.tiff",
    "palette.bmp",
];

#[test]
fn files_of_every_kind_read_as_pillow_reads_them() {
    for (name, bytes, expected) in GOLDEN {
        let ours = decode(bytes).unwrap_or_else(|error| panic!("{name} {error}"));
        let theirs = decode(expected).unwrap();
        // Two decoders of a lossy format may round their colour conversion differently.
        let tolerance = match name.rsplit_once('.').unwrap().1 {
            "jpg" => 4,
            _ => 1,
        };
        let difference = largest_difference(&ours, &theirs);
        println!("{name}: {difference}");
        assert!(difference <= tolerance, "{name} differs by {difference}");
    }
}

#[test]
fn the_content_tells_the_format() {
    for format in FORMATS {
        let read = decode(&encoded(detailed(), format)).unwrap();
        if format == ImageFormat::Jpeg {
            assert_eq!(read.dimensions(), (48, 36));
        } else {
            assert_eq!(read, detailed(), "{format:?}");
        }
    }
}

#[test]
fn transparency_is_laid_on_white_at_8_and_16_bits() {
    let colour = |alpha| Rgba([200u8, 100, 0, alpha]);
    let eight = ImageBuffer::from_fn(3, 1, |x, _| colour([0, 128, 255][x as usize]));
    let expected = [[255, 255, 255], [227, 177, 127], [200, 100, 0]];
    let pixels = |image: RgbImage| image.pixels().map(|p| p.0).collect::<Vec<_>>();
    assert_eq!(
        pixels(decode(&encoded(eight.clone(), ImageFormat::Png)).unwrap()),
        expected
    );

    let sixteen = DynamicImage::from(eight).into_rgba16();
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        assert_eq!(
            pixels(decode(&encoded(sixteen.clone(), format)).unwrap()),
            expected
        );
    }
    let grey = ImageBuffer::from_fn(2, 1, |x, _| LumaA([0u16, [0, 65_535][x as usize]]));
    let grey = decode(&encoded(grey, ImageFormat::Png)).unwrap();
    assert_eq!(pixels(grey), [[255; 3], [0; 3]]);
    let opaque = ImageBuffer::from_pixel(1, 1, Luma([257 * 77u16]));
    assert_eq!(
        pixels(decode(&encoded(opaque, ImageFormat::Tiff)).unwrap()),
        [[77; 3]]
    );
}

#[test]
fn a_file_that_is_no_image_is_named() {
    assert_eq!(decode(b""), Err(DecodeError::Empty));
    let message = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
    let text = message("id,Elongation\ncell_1,1\nfür".as_bytes());
    assert_eq!(
        text,
        "is not an image: it holds text; PNG, JPEG, WebP, TIFF and BMP can be read"
    );
    assert!(message(b"%PDF-1.7\n").contains("PDF"));
    assert!(message(&[1, 2, 0, 9]).starts_with("is not an image"));
    assert!(message(b"GIF89a\x01\0\x01\0").contains("GIF is not supported"));
    assert!(message(b"\0\0\0\x18ftypheic\0\0\0\0").contains("HEIC"));
    let mut dicom = vec![0; 128];
    dicom.extend(b"DICM\x02\0");
    assert!(message(&dicom).contains("DICOM"));
    let float = DynamicImage::from(detailed()).into_rgb32f();
    assert!(message(&encoded(float, ImageFormat::Tiff)).contains("floating-point"));
}

#[test]
fn a_file_cut_short_is_called_truncated() {
    for format in FORMATS {
        let bytes = encoded(detailed(), format);
        for kept in [bytes.len() / 2, bytes.len() * 3 / 4, bytes.len() - 20] {
            let error = decode(&bytes[..kept]).unwrap_err();
            let truncated = matches!(error, DecodeError::Truncated { .. });
            assert!(
                truncated,
                "{format:?} cut at {kept} of {}: {error}",
                bytes.len()
            );
        }
    }
    for (name, bytes, _) in GOLDEN {
        assert!(decode(&bytes[..bytes.len() / 2]).is_err(), "{name}");
    }
}

#[test]
fn a_jpeg_may_be_followed_by_anything_but_must_end() {
    for name in ["progressive.jpg", "turned.jpg", "restarts.jpg"] {
        let (_, jpeg, _) = GOLDEN
            .into_iter()
            .find(|(other, ..)| *other == name)
            .unwrap();
        let whole = decode(jpeg).unwrap();
        let followed = [jpeg, b"camera notes \xFF\xD8\xFF\xD9".as_slice()].concat();
        assert_eq!(decode(&followed).unwrap(), whole);
        // Every cut is noticed, even one in the end marker.
        for kept in 3..jpeg.len() {
            let error = decode(&jpeg[..kept]).unwrap_err();
            assert_eq!(
                error,
                DecodeError::Truncated { format: "JPEG" },
                "{name} at {kept}"
            );
        }
        // The end of an embedded thumbnail is not the end of the picture.
        let thumbnail = [b"\xFF\xD8\xFF\xE1\0\x08xx\xFF\xD9yy".as_slice(), &jpeg[2..]].concat();
        assert_eq!(
            decode(&thumbnail).unwrap().dimensions().0.max(28),
            whole.width().max(28)
        );
        assert!(decode(&thumbnail[..thumbnail.len() / 2]).is_err());
    }
}

fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let crc = body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            (c >> 1) ^ (0xEDB8_8320 * (c & 1))
        })
    });
    [
        &(data.len() as u32).to_be_bytes(),
        body.as_slice(),
        &(!crc).to_be_bytes(),
    ]
    .concat()
}

fn png_header(width: u32, height: u32) -> Vec<u8> {
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    let data = png_chunk(b"IDAT", &[0x78, 0x9C, 0x63, 0, 0, 0, 1, 0, 1]);
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(b"IHDR", &header),
        data,
        png_chunk(b"IEND", b""),
    ]
    .concat()
}

fn bmp_header(width: i32, height: i32) -> Vec<u8> {
    let mut bytes = b"BM\x7A\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bytes.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    bytes.extend(b"\x01\0\x18\0");
    bytes.resize(122, 0);
    bytes
}

/// A little-endian TIFF with one directory; an entry is (tag, type, count, value).
fn one_directory(entries: &[(u16, u16, u32, u32)]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.resize(bytes.len() + 64, 0);
    bytes
}

fn tiff_of(width: u32, height: u32, rows_per_strip: u32, strips: u32) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    one_directory(&[
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        (258, SHORT, 1, 8),
        (259, SHORT, 1, 1),
        (262, SHORT, 1, 1),
        (273, LONG, strips, 8),
        (277, SHORT, 1, 1),
        (278, LONG, 1, rows_per_strip),
        (279, LONG, strips, 8),
    ])
}

#[test]
fn a_header_that_announces_too_much_is_refused_before_decoding() {
    let lossless_webp = {
        let size = (15_999u32 | (15_999 << 14)).to_le_bytes(); // stored less one
        let body = [&b"WEBPVP8L\x10\0\0\0\x2F"[..], &size, &[0; 11]].concat();
        [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
    };
    let mut jpeg = encoded(detailed(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x75, 0x30, 0x75, 0x30]);
    let cases = [
        (png_header(30_000, 30_000), (30_000, 30_000)),
        (png_header(MAX_SIDE + 1, 1), (MAX_SIDE + 1, 1)),
        (png_header(8_000, 7_000), (8_000, 7_000)),
        (bmp_header(30_000, 30_000), (30_000, 30_000)),
        (bmp_header(30_000, -30_000), (30_000, 30_000)),
        (tiff_of(30_000, 30_000, 30_000, 1), (30_000, 30_000)),
        (
            tiff_of(u32::MAX, u32::MAX, u32::MAX, 1),
            (u32::MAX, u32::MAX),
        ),
        (lossless_webp, (16_000, 16_000)),
        (jpeg, (30_000, 30_000)),
    ];
    for (bytes, (width, height)) in cases {
        let started = Instant::now();
        assert_eq!(decode(&bytes), Err(DecodeError::TooLarge { width, height }));
        assert!(started.elapsed() < Duration::from_millis(500));
    }
    let message = decode(&png_header(30_000, 30_000)).unwrap_err().to_string();
    assert!(message.contains("30000 × 30000 pixels"), "{message}");
    assert!(
        message.contains("16384 a side and 50 million in all"),
        "{message}"
    );
}

#[test]
fn hostile_files_are_errors_soon() {
    let cases = [
        (
            "a PNG of four million million million pixels",
            png_header(0x7FFF_FFFF, 0x7FFF_FFFF),
        ),
        ("an empty PNG", png_header(0, 0)),
        ("a PNG without its data", png_header(7_000, 7_000)),
        ("a BMP of negative width", bmp_header(-5, 5)),
        ("a BMP of the least height", bmp_header(5, i32::MIN)),
        ("a BMP of no width", bmp_header(0, 5)),
        ("a BMP without its data", bmp_header(7_000, 7_000)),
        (
            "a TIFF of four thousand million strips",
            tiff_of(100, 100, 1, u32::MAX),
        ),
        ("a TIFF of strips of no rows", tiff_of(100, 100, 0, 1)),
        (
            "a TIFF of as many strips as fit",
            tiff_of(100, 16_000, 1, 16_000),
        ),
        (
            "a TIFF without a directory",
            b"II*\0\xFF\xFF\xFF\x7F".to_vec(),
        ),
        (
            "a TIFF whose directory is itself",
            b"II*\0\0\0\0\0".to_vec(),
        ),
        ("a WebP of nothing", b"RIFF\x04\0\0\0WEBP".to_vec()),
        ("a JPEG of nothing", b"\xFF\xD8\xFF\xD9".to_vec()),
    ];
    for (name, bytes) in cases {
        let started = Instant::now();
        let error = decode(&bytes).expect_err(name);
        println!("{name}: {error}");
        assert!(!error.to_string().contains('\n'));
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{name}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_picture_at_the_limit_that_packs_well_is_read() {
    let (width, height) = (10_000, 5_000);
    assert_eq!(u64::from(width) * u64::from(height), MAX_PIXELS);
    let white = ImageBuffer::from_pixel(width, height, Luma([255u8]));
    let bytes = encoded(white, ImageFormat::Png);
    assert!(bytes.len() < 1 << 20);
    assert_eq!(decode(&bytes).unwrap().dimensions(), (width, height));
}

/// SplitMix64: the same mutations every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// A file with some bytes changed, and perhaps cut short.
    fn mutated(&mut self, original: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        // Half of the changes fall on the headers, where they do the most harm.
        for _ in 0..1 + self.below(4) {
            let reach = [bytes.len(), bytes.len().min(64)][self.below(2)];
            let at = self.below(reach);
            bytes[at] = match self.below(3) {
                0 => bytes[at] ^ (1 << self.below(8)),
                1 => [0, 0x7F, 0x80, 0xFF][self.below(4)],
                _ => self.below(256) as u8,
            };
        }
        if self.below(3) == 0 {
            bytes.truncate(self.below(bytes.len()));
        }
        bytes
    }
}

#[test]
fn no_mutation_panics_or_takes_long() {
    const MUTATIONS: usize = 300;
    let ours = FORMATS.map(|format| (format!("{format:?}"), encoded(detailed(), format)));
    let golden = GOLDEN.map(|(name, bytes, _)| (name.to_owned(), bytes.to_vec()));
    for (seed, (name, original)) in ours.into_iter().chain(golden).enumerate() {
        let mut random = Random(seed as u64);
        for mutation in 0..MUTATIONS {
            let bytes = random.mutated(&original);
            let started = Instant::now();
            let read = decode(&bytes); // a panic fails the test
            let took = started.elapsed();
            assert!(
                took < Duration::from_secs(10),
                "{name}, mutation {mutation}: {took:?}"
            );
            if let Ok(image) = read {
                assert!(u64::from(image.width()) * u64::from(image.height()) <= MAX_PIXELS);
            }
        }
    }
}
