//! A slide that is larger than the memory, read in places out of its file.

use std::io::{self, Read, Seek, SeekFrom};

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, FileReaderSync};

use super::Picture;
use crate::classify::ClassifyError;
use crate::image::{Pyramid, Region};

/// Bytes that are read ahead: the tags of a slide lie close together.
const AHEAD: usize = 1 << 16;

/// The file of a slide (TIFF), of any size.
#[wasm_bindgen]
pub struct Slide(Pyramid<'static>);

#[wasm_bindgen]
impl Slide {
    /// Looks at the sizes in the file, not at its pixels. Only workers can read files so.
    pub fn open(file: Blob) -> Result<Slide, JsError> {
        let file = BlobFile::new(file).map_err(|error| JsError::new(&error.to_string()))?;
        Ok(Self(Pyramid::open(file).map_err(ClassifyError::from)?))
    }

    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.0.levels()[0].width
    }

    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.0.levels()[0].height
    }

    /// Micrometres that the side of a pixel shows, where the file tells it.
    #[wasm_bindgen(getter)]
    pub fn micrometres_per_pixel(&self) -> Option<f64> {
        self.0.levels()[0].micrometres_per_pixel
    }

    /// Whether the picture is so small that it is read at once.
    #[wasm_bindgen(getter)]
    pub fn is_small(&self) -> bool {
        self.0.levels()[0].is_read_at_once()
    }

    /// All of it, at most `longest` pixels on its longest side.
    pub fn overview(&mut self, longest: u32) -> Result<Picture, JsError> {
        let pixels = self.0.overview(longest).map_err(ClassifyError::from)?;
        Ok(Picture::of_field(pixels, None, &[]))
    }

    /// A part of it at full size.
    pub fn part(
        &mut self,
        left: u32,
        top: u32,
        width: u32,
        height: u32,
    ) -> Result<Picture, JsError> {
        let region = Region {
            left,
            top,
            width,
            height,
        };
        let pixels = self.0.read(0, region).map_err(ClassifyError::from)?;
        let scale = self.micrometres_per_pixel();
        Ok(Picture::of_field(pixels, scale, self.0.notices()))
    }
}

/// A file of the browser's, which gives some bytes at a time.
struct BlobFile {
    blob: Blob,
    reader: FileReaderSync,
    length: u64,
    at: u64,
    /// The bytes that were read last, from `ahead_at` on.
    ahead: Vec<u8>,
    ahead_at: u64,
}

impl BlobFile {
    fn new(blob: Blob) -> io::Result<Self> {
        Ok(Self {
            length: blob.size() as u64,
            reader: FileReaderSync::new().map_err(failed)?,
            blob,
            at: 0,
            ahead: Vec::new(),
            ahead_at: 0,
        })
    }

    /// Bytes from `at` on, fewer at the file's end.
    fn bytes_ahead(&self, length: usize) -> io::Result<Vec<u8>> {
        let end = self.length.min(self.at.saturating_add(length as u64));
        let slice = self
            .blob
            .slice_with_f64_and_f64(self.at as f64, end as f64)
            .map_err(failed)?;
        let buffer = self.reader.read_as_array_buffer(&slice).map_err(failed)?;
        Ok(Uint8Array::new(&buffer).to_vec())
    }
}

impl Read for BlobFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length {
            return Ok(0);
        }
        let ahead = self.ahead_at..self.ahead_at + self.ahead.len() as u64;
        if !ahead.contains(&self.at) {
            self.ahead = self.bytes_ahead(into.len().max(AHEAD))?;
            self.ahead_at = self.at;
        }
        let from = &self.ahead[(self.at - self.ahead_at) as usize..];
        let length = from.len().min(into.len());
        into[..length].copy_from_slice(&from[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for BlobFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// The reason why the browser gives no bytes: the file was moved or changed, as a rule.
fn failed(reason: JsValue) -> io::Error {
    let reason = js_sys::Object::from(reason).to_string();
    io::Error::other(String::from(reason))
}
