//! From the samples of a pixel to its colour on the screen.

use super::directory::File;
use super::layout::Layout;
use super::page::Page;
use super::{broken, tag, unsupported};
use crate::image::decode::pixels::over_white;
use crate::image::decode::{DecodeError, Notice, Window};

/// The meaning of a pixel's samples.
pub struct Colours {
    kind: Kind,
    alpha: Option<Alpha>,
    /// Samples of a pixel.
    samples: usize,
    /// The largest value of a sample.
    largest: u16,
    /// The 8-bit value of each value of a colour's sample.
    levels: Vec<u8>,
    /// For a person who reads the picture.
    pub notice: Option<Notice>,
}

enum Kind {
    Grey,
    Rgb,
    Palette(Vec<[u8; 3]>),
    /// Shares of four inks.
    Cmyk,
    /// As JPEG has it: the full range, with the weights of ITU-R BT.601.
    YCbCr,
}

/// The sample that tells how opaque a pixel is.
struct Alpha {
    index: usize,
    /// Whether the colour is multiplied by it already.
    is_associated: bool,
}

impl Colours {
    /// The colours of one page, or of three whose greys are red, green and blue.
    pub fn of(
        file: &mut File<'_>,
        pages: &[Page],
        layouts: &[Layout],
    ) -> Result<Self, DecodeError> {
        let (page, layout) = (&pages[0], &layouts[0]);
        let directory = &page.directory;
        let largest = u16::MAX >> (16 - layout.bits);
        let mut levels: Vec<u8> = (0..=largest).map(|value| eight(value, largest)).collect();
        let samples: usize = layouts.iter().map(|one| usize::from(one.samples)).sum();
        let mut notice = None;
        let photometric = file.find(directory, tag::PHOTOMETRIC)?;
        let kind = match photometric.ok_or_else(|| broken("it does not tell its colours"))? {
            white_or_black @ (0 | 1) => {
                if white_or_black == 0 {
                    levels.reverse();
                }
                // Three greys in one page are what programs write that leave out the tag's other value.
                if samples == 3 { Kind::Rgb } else { Kind::Grey }
            }
            2 if layout.compression.is_of_ycbcr() => Kind::YCbCr,
            2 => Kind::Rgb,
            3 => Kind::Palette(palette(file, page, largest)?),
            5 => Kind::Cmyk,
            tag::YCBCR if layout.compression.is_of_rgb() => Kind::Rgb,
            tag::YCBCR => {
                // Within JPEG 2000, colours are as fine as brightness once they are unpacked.
                if !layout.compression.is_of_bytes()
                    && let Some(entry) = directory.get(tag::CHROMA_SUBSAMPLING)
                    && file.numbers(entry, 0..2)? != [1, 1]
                {
                    return Err(unsupported("coarser colours than brightness outside JPEG"));
                }
                Kind::YCbCr
            }
            8..=10 => return Err(unsupported("Lab colours")),
            other => return Err(unsupported(format!("colours of kind {other}"))),
        };
        let channels = kind.channels();
        if samples < channels {
            return Err(broken(format!("it has {samples} channels")));
        }
        let extra = match directory.get(tag::EXTRA_SAMPLES) {
            Some(_) => file.find(directory, tag::EXTRA_SAMPLES)?,
            // Programs that leave out the tag mean opacity by a fourth channel.
            None if matches!(kind, Kind::Rgb) && samples == 4 => Some(2),
            None => None,
        };
        let alpha = match extra {
            Some(kind @ (1 | 2)) if samples > channels => Some(Alpha {
                index: channels,
                is_associated: kind == 1,
            }),
            _ => None,
        };
        if matches!(kind, Kind::Grey) && alpha.is_none() && samples > 1 {
            notice = Some(Notice::FirstChannel(samples as u16));
        }
        Ok(Self {
            kind,
            alpha,
            samples,
            largest,
            levels,
            notice,
        })
    }

    /// Whether values may fill only a part of the range of their bits.
    pub fn may_need_window(&self) -> bool {
        self.largest == u16::MAX && matches!(self.kind, Kind::Grey | Kind::Rgb)
    }

    /// Shows the values of a window as black to white.
    pub fn show(&mut self, window: Window) {
        let is_inverted = self.levels.first() > self.levels.last();
        self.levels = window.levels();
        if is_inverted {
            for level in &mut self.levels {
                *level = 255 - *level;
            }
        }
    }

    /// Counts the values of the colours in a row of pixels.
    pub fn count(&self, row: &[u16], histogram: &mut [u32]) {
        for pixel in row.chunks_exact(self.samples) {
            for &value in &pixel[..self.kind.channels()] {
                histogram[usize::from(value)] += 1;
            }
        }
    }

    /// The samples of a row of pixels → their colours, RGB.
    pub fn paint(&self, row: &[u16], into: &mut [u8]) {
        let pixels = row.chunks_exact(self.samples);
        for (pixel, place) in pixels.zip(into.chunks_exact_mut(3)) {
            place.copy_from_slice(&self.colour(pixel));
        }
    }

    fn colour(&self, pixel: &[u16]) -> [u8; 3] {
        let level = |index: usize| self.levels[usize::from(pixel[index])];
        let colour = match &self.kind {
            Kind::Grey => [level(0); 3],
            Kind::Rgb => [level(0), level(1), level(2)],
            Kind::Palette(colours) => colours[usize::from(pixel[0])],
            Kind::Cmyk => {
                let paper = |index| u32::from(255 - level(index));
                [0, 1, 2].map(|ink| (paper(ink) * paper(3) / 255) as u8)
            }
            Kind::YCbCr => rgb_of_ycbcr([level(0), level(1), level(2)]),
        };
        match &self.alpha {
            None => colour,
            Some(alpha) => {
                let opacity = eight(pixel[alpha.index], self.largest);
                match alpha.is_associated {
                    true => colour.map(|value| value.saturating_add(255 - opacity)),
                    false => over_white(colour, opacity),
                }
            }
        }
    }
}

impl Kind {
    fn channels(&self) -> usize {
        match self {
            Self::Grey | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// A value of any depth at 8 bits, rounded.
fn eight(value: u16, largest: u16) -> u8 {
    let (value, largest) = (u32::from(value), u32::from(largest));
    ((value * 255 + largest / 2) / largest) as u8
}

fn palette(file: &mut File<'_>, page: &Page, largest: u16) -> Result<Vec<[u8; 3]>, DecodeError> {
    let colours = u64::from(largest) + 1;
    let entry = page.directory.get(tag::COLOUR_MAP);
    let entry = entry.ok_or_else(|| broken("its palette is missing"))?;
    let values = file.numbers(entry, 0..3 * colours)?;
    // The values have 16 bits; some programs write 8.
    let shift = if values.iter().any(|&value| value > 255) {
        8
    } else {
        0
    };
    let value = |index: u64| (values[index as usize] >> shift) as u8;
    let colour = |index| [0, 1, 2].map(|channel| value(channel * colours + index));
    Ok((0..colours).map(colour).collect())
}

fn rgb_of_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let [y, cb, cr] = [f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0];
    let green = y - 0.344_136 * cb - 0.714_136 * cr;
    // The conversion saturates.
    [y + 1.402 * cr, green, y + 1.772 * cb].map(|value| value.round() as u8)
}
