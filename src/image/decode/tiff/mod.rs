//! TIFF, from one small picture to a slide of gigabytes that is read in places.
//!
//! The reader follows TIFF 6.0 and BigTIFF. It is our own down to the chunks, which well-kept crates unpack,
//! since the crate `tiff` reads no palettes, panics over planes in tiles, limits the list of a slide's tiles
//! to a megabyte, and does not limit the size of a JPEG in a tile.

mod chunk;
mod colour;
mod directory;
mod jpeg2000;
mod layout;
mod page;
mod rows;
mod tag;

use std::fmt::Display;
use std::io::{Read, Seek};

use ::image::RgbImage;

use self::colour::Colours;
use self::directory::{Directory, File};
use self::layout::Layout;
use self::page::{Page, Pages};
use self::rows::each_row;
use super::resolution::TiffResolution;
use super::{DecodeError, MAX_ALLOCATION, MAX_PIXELS, Notice, Window, check_size};

/// A TIFF file whose picture is read in places, at one of the sizes that the file holds: a slide of a scanner
/// (Aperio's `.svs`, OME-TIFF, generic pyramids), or any other TIFF as a pyramid of one level.
///
/// It reads no more bytes than a call needs, so that the file may be larger than the memory.
pub struct Pyramid<'a> {
    file: File<'a>,
    pages: Pages,
    levels: Vec<Level>,
    window: Option<Option<Window>>,
    notices: Vec<Notice>,
}

/// One size of a pyramid's picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The side of a pixel on the slide, where the file tells it.
    pub micrometres_per_pixel: Option<f64>,
}

impl Level {
    /// Whether [`Pyramid::read`] and [`open`](crate::image::open) read it at once.
    pub fn is_read_at_once(&self) -> bool {
        check_size(self.width, self.height).is_ok()
    }
}

/// A part of a level, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The first column.
    pub left: u32,
    /// The first row.
    pub top: u32,
    /// The number of columns.
    pub width: u32,
    /// The number of rows.
    pub height: u32,
}

impl<'a> Pyramid<'a> {
    /// Looks at the pictures in a TIFF file, without their pixels.
    ///
    /// # Errors
    /// [`DecodeError::SlideFormat`] for slides of makers who use TIFF in a way of their own,
    /// [`DecodeError::Broken`] and [`DecodeError::Truncated`] for damaged files.
    pub fn open(file: impl Read + Seek + 'a) -> Result<Self, DecodeError> {
        let (mut file, first) = File::open(file)?;
        let directory = file.directory(first)?;
        if let Some(format) = slide_format(&mut file, &directory) {
            return Err(DecodeError::SlideFormat { format });
        }
        let pages = Pages::read(&mut file, first)?;
        let main = &pages.levels[0][0];
        let scale = TiffResolution {
            description: &pages.description,
            own_description: &main.description,
            pixels: file.fraction(&main.directory, tag::X_RESOLUTION),
            unit: file.find(&main.directory, tag::RESOLUTION_UNIT)?,
        };
        let scale = scale.micrometres_per_pixel();
        let widest = f64::from(main.width);
        let level = |page: &Page| Level {
            width: page.width,
            height: page.height,
            micrometres_per_pixel: scale.map(|scale| scale * widest / f64::from(page.width)),
        };
        Ok(Self {
            levels: pages.levels.iter().map(|pages| level(&pages[0])).collect(),
            notices: pages.notice.iter().cloned().collect(),
            window: None,
            file,
            pages,
        })
    }

    /// The sizes of the picture, the largest first.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// What a person should know of the picture; complete after the first call that reads pixels.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The orientation that the file tells, as EXIF counts it. [`read`](Self::read) does not apply it.
    pub(super) fn orientation(&mut self) -> Option<u8> {
        let directory = &self.pages.levels[0][0].directory;
        let orientation = self.file.find(directory, tag::ORIENTATION);
        u8::try_from(orientation.ok()??).ok()
    }

    /// Reads a region of a level, upright as it is stored.
    ///
    /// # Errors
    /// [`DecodeError::Outside`] for a region or a level that the picture does not have,
    /// [`DecodeError::TooLarge`] for one of more than [`MAX_PIXELS`], [`DecodeError::Unsupported`] for kinds of pixels
    /// that are not read, and those of damaged files.
    pub fn read(&mut self, level: usize, region: Region) -> Result<RgbImage, DecodeError> {
        check_size(region.width, region.height)?;
        self.read_any(level, region)
    }

    /// Reads a region of any shape.
    fn read_any(&mut self, level: usize, region: Region) -> Result<RgbImage, DecodeError> {
        let (mut colours, layouts) = self.layouts(level, region)?;
        if colours.may_need_window()
            && let Some(window) = self.window()?
        {
            colours.show(window);
        }
        let mut picture = RgbImage::new(region.width, region.height);
        let line = 3 * region.width as usize;
        let values: &mut [u8] = &mut picture;
        each_row(&mut self.file, &layouts, region, |x, y, row| {
            let first = y as usize * line + 3 * x as usize;
            colours.paint(row, &mut values[first..]);
        })?;
        if let Some(notice) = colours.notice
            && !self.notices.contains(&notice)
        {
            self.notices.push(notice);
        }
        Ok(picture)
    }

    /// The whole picture, so small that its longest side is at most `longest` pixels: each pixel is the mean of
    /// a square of the smallest level that is larger.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn overview(&mut self, longest: u32) -> Result<RgbImage, DecodeError> {
        let longest = longest.max(1);
        let side = |level: &Level| level.width.max(level.height);
        let level = self.levels.iter().rposition(|level| side(level) >= longest);
        let level = level.unwrap_or(0);
        let Level { width, height, .. } = self.levels[level];
        let step = width.max(height).div_ceil(longest);
        let chunk = self.chunk_height(level)?;
        // Bands of whole squares, so high that few chunks are unpacked twice, and no larger than what is read at once.
        let most = MAX_PIXELS / u64::from(width) / u64::from(step);
        if most == 0 {
            return Err(DecodeError::TooLarge { width, height });
        }
        let band = chunk.div_ceil(step).min(most as u32) * step;
        let mut overview = RgbImage::new(width.div_ceil(step), height.div_ceil(step));
        for top in (0..height).step_by(band as usize) {
            let region = Region {
                left: 0,
                top,
                width,
                height: band.min(height - top),
            };
            shrink(
                &self.read_any(level, region)?,
                step,
                &mut overview,
                top / step,
            );
        }
        Ok(overview)
    }

    fn chunk_height(&mut self, level: usize) -> Result<u32, DecodeError> {
        Ok(Layout::of(&mut self.file, &self.pages.levels[level][0])?.chunk[1])
    }

    fn layouts(
        &mut self,
        level: usize,
        region: Region,
    ) -> Result<(Colours, Vec<Layout>), DecodeError> {
        let Level { width, height, .. } = *self.levels.get(level).unwrap_or(&self.levels[0]);
        let is_within = |first: u32, length: u32, all: u32| {
            length > 0 && first.checked_add(length).is_some_and(|end| end <= all)
        };
        if level >= self.levels.len()
            || !is_within(region.left, region.width, width)
            || !is_within(region.top, region.height, height)
        {
            return Err(DecodeError::Outside { width, height });
        }
        let pages = &self.pages.levels[level];
        let layouts: Result<Vec<Layout>, _> = pages
            .iter()
            .map(|page| Layout::of(&mut self.file, page))
            .collect();
        let layouts = layouts?;
        let is_alike = |one: &Layout| {
            let first = &layouts[0];
            (one.chunk, one.bits, one.samples) == (first.chunk, first.bits, first.samples)
        };
        if !layouts.iter().all(is_alike) {
            return Err(unsupported("channels that are stored in different ways"));
        }
        Ok((Colours::of(&mut self.file, pages, &layouts)?, layouts))
    }

    /// The values that all levels and regions show as black to white: those of the smallest level, or of the middle
    /// of it where that is too large.
    fn window(&mut self) -> Result<Option<Window>, DecodeError> {
        if let Some(window) = self.window {
            return Ok(window);
        }
        let level = self.levels.len() - 1;
        let Level { width, height, .. } = self.levels[level];
        let most = (MAX_PIXELS as f64).sqrt() as u32;
        let part = if self.levels[level].is_read_at_once() {
            [width, height]
        } else {
            [width.min(most), height.min(most)]
        };
        let region = Region {
            left: (width - part[0]) / 2,
            top: (height - part[1]) / 2,
            width: part[0],
            height: part[1],
        };
        let (colours, layouts) = self.layouts(level, region)?;
        let mut histogram = vec![0; Window::VALUES];
        if colours.may_need_window() {
            each_row(&mut self.file, &layouts, region, |_, _, row| {
                colours.count(row, &mut histogram);
            })?;
        }
        let window = Window::of(&histogram);
        self.notices.extend(window.map(Notice::Stretched));
        self.window = Some(window);
        Ok(window)
    }
}

/// Squares of `step` pixels → their means, from a row of the overview on.
fn shrink(picture: &RgbImage, step: u32, overview: &mut RgbImage, first_row: u32) {
    let (width, height) = picture.dimensions();
    for y in 0..height.div_ceil(step) {
        for x in 0..width.div_ceil(step) {
            let mut sums = [0u64; 4];
            for y in y * step..((y + 1) * step).min(height) {
                for x in x * step..((x + 1) * step).min(width) {
                    let [red, green, blue] = picture.get_pixel(x, y).0.map(u64::from);
                    sums = [sums[0] + red, sums[1] + green, sums[2] + blue, sums[3] + 1];
                }
            }
            let mean = [0, 1, 2].map(|channel| ((sums[channel] + sums[3] / 2) / sums[3]) as u8);
            overview.put_pixel(x, first_row + y, ::image::Rgb(mean));
        }
    }
}

/// The format of a slide that only looks like TIFF: its levels overlap, or are single JPEGs of gigabytes.
fn slide_format(file: &mut File<'_>, directory: &Directory) -> Option<&'static str> {
    if directory.get(tag::HAMAMATSU).is_some() {
        return Some("NDPI (Hamamatsu)");
    }
    let description = file.text(directory, tag::DESCRIPTION);
    if description.contains("leica-microsystems.com/scn/") {
        return Some("SCN (Leica)");
    }
    let is_roche = file.text(directory, tag::XMP).contains("<iScan");
    is_roche.then_some("BIF (Roche)")
}

fn broken(reason: impl Display) -> DecodeError {
    DecodeError::Broken {
        format: "TIFF",
        reason: reason.to_string(),
    }
}

fn too_much_memory() -> DecodeError {
    broken(format!(
        "a tile or strip of it takes more than {} MiB of memory",
        MAX_ALLOCATION >> 20
    ))
}

fn truncated() -> DecodeError {
    DecodeError::Truncated { format: "TIFF" }
}

fn unsupported(kind: impl Display) -> DecodeError {
    DecodeError::Unsupported {
        kind: format!("TIFF with {kind}"),
    }
}
