//! The pictures of a TIFF file, and which of them are one picture at several sizes.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::directory::{Directory, File};
use super::{broken, tag};
use crate::image::decode::{DecodeError, Notice};

/// The most pictures of a file that are looked at: a long film of a microscope has some thousands.
const MAX_PAGES: usize = 4096;
/// The share by which the shape of a smaller copy may differ: scanners cut copies to whole tiles.
const SHAPE_TOLERANCE: f64 = 0.01;

/// One picture of the file.
pub struct Page {
    pub directory: Directory,
    pub width: u32,
    pub height: u32,
    pub description: String,
    /// Whether it shows the slide's label or its glass.
    is_beside: bool,
    /// Whether the file calls it a smaller copy or a mask.
    is_minor: bool,
}

impl Page {
    fn read(file: &mut File<'_>, directory: Directory) -> Result<Self, DecodeError> {
        let side = |number: Option<u64>| match number.map(u32::try_from) {
            Some(Ok(side)) if side > 0 => Ok(side),
            _ => Err(broken("a picture in it has no size")),
        };
        let subfile = file.find(&directory, tag::SUBFILE_TYPE)?.unwrap_or(0);
        let description = file.text(&directory, tag::DESCRIPTION);
        // Aperio calls the photographs of a slide's label and glass so, in the second line.
        let is_beside = ["label ", "macro "].iter().any(|name| {
            let mut lines = description.lines();
            lines.any(|line| line.starts_with(name))
        });
        Ok(Self {
            width: side(file.find(&directory, tag::WIDTH)?)?,
            height: side(file.find(&directory, tag::HEIGHT)?)?,
            description,
            is_beside,
            is_minor: subfile & 5 != 0,
            directory,
        })
    }

    fn area(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    fn has_size_of(&self, other: &Self) -> bool {
        (self.width, self.height) == (other.width, other.height)
    }

    /// Whether the picture may be a smaller copy of another.
    fn is_copy_of(&self, large: &Self) -> bool {
        let expected = f64::from(large.height) * f64::from(self.width) / f64::from(large.width);
        let tolerance = 1.0 + SHAPE_TOLERANCE * expected;
        let is_smaller = self.width < large.width && self.height < large.height;
        is_smaller && (f64::from(self.height) - expected).abs() <= tolerance
    }
}

/// The picture of a file, at all its sizes.
pub struct Pages {
    /// The description of the first picture in the file, where OME and ImageJ put theirs.
    pub description: String,
    /// The largest first; each holds one page, or the three of red, green and blue.
    pub levels: Vec<Vec<Page>>,
    pub notice: Option<Notice>,
}

impl Pages {
    /// Looks at all pictures of the file, without their pixels.
    pub fn read(file: &mut File<'_>, first: u64) -> Result<Self, DecodeError> {
        let mut chain = chain(file, first)?;
        let description = chain[0].description.clone();
        if is_three_channels(&chain) {
            let mut levels = vec![chain];
            let mut copies = Vec::new();
            for page in &levels[0] {
                copies.push(copies_below(file, page)?.into_iter());
            }
            while let Some(level) = copies.iter_mut().map(Iterator::next).collect() {
                let level: Vec<Page> = level;
                if level.iter().all(|page| page.has_size_of(&level[0])) {
                    levels.push(level);
                }
            }
            return Ok(Self {
                description,
                levels,
                notice: Some(Notice::ThreeChannels),
            });
        }
        let rank = |page: &Page| (page.is_beside, page.is_minor, Reverse(page.area()));
        let main = (0..chain.len()).min_by_key(|&index| rank(&chain[index]));
        let main = chain.remove(main.unwrap_or(0));
        let mut copies = copies_below(file, &main)?;
        chain.retain(|page| !page.is_beside);
        let (smaller, others): (Vec<_>, Vec<_>) =
            chain.into_iter().partition(|page| page.is_copy_of(&main));
        let others = others.iter().filter(|page| !page.is_minor).count();
        copies.extend(smaller);
        copies.sort_by_key(|page| Reverse(page.area()));
        copies.dedup_by(|one, other| one.has_size_of(other));
        let levels = std::iter::once(main).chain(copies);
        Ok(Self {
            description,
            levels: levels.map(|page| vec![page]).collect(),
            notice: (others > 0).then_some(Notice::OneOfPictures(others + 1)),
        })
    }
}

/// All pictures of the chain of directories; an unreadable one ends it, unless it is the first.
fn chain(file: &mut File<'_>, first: u64) -> Result<Vec<Page>, DecodeError> {
    let directory = file.directory(first)?;
    let (mut next, mut seen) = (directory.next, BTreeSet::from([first]));
    let mut pages = vec![Page::read(file, directory)?];
    while next != 0 && seen.len() < MAX_PAGES && seen.insert(next) {
        let Ok(directory) = file.directory(next) else {
            break;
        };
        next = directory.next;
        pages.extend(Page::read(file, directory));
    }
    Ok(pages)
}

/// The smaller copies that a picture names itself, as OME-TIFF has them, the largest first.
fn copies_below(file: &mut File<'_>, page: &Page) -> Result<Vec<Page>, DecodeError> {
    let Some(entry) = page.directory.get(tag::SUB_DIRECTORIES) else {
        return Ok(Vec::new());
    };
    let places = file.numbers(entry, 0..entry.count.min(MAX_PAGES as u64))?;
    let mut copies = Vec::new();
    for at in places {
        let copy = file
            .directory(at)
            .and_then(|directory| Page::read(file, directory));
        copies.extend(copy.ok().filter(|copy| copy.is_copy_of(page)));
    }
    copies.sort_by_key(|page| Reverse(page.area()));
    Ok(copies)
}

/// Whether the file says that its three pictures are the channels of one.
fn is_three_channels(pages: &[Page]) -> bool {
    let description = &pages[0].description;
    let is_said = description.starts_with("ImageJ=") && description.contains("\nchannels=3\n")
        || description.contains(" SizeC=\"3\"")
        || description.starts_with("{\"shape\": [3, ");
    let is_one_size = pages.iter().all(|page| page.has_size_of(&pages[0]));
    is_said && pages.len() == 3 && is_one_size
}
