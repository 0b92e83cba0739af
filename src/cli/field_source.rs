//! A field as the command line takes it: an image file, or a part of a slide.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::field_files::{field_name, fields_in};
use super::read_file;
use crate::field::MicrometresPerPixel;
use crate::image::{DecodeError, Notice, OpenedPicture, Pyramid, Region, RgbImage, open};

/// The fields of a command.
#[derive(Args)]
pub(super) struct FieldArguments {
    /// Read a part of one slide (TIFF, SVS): its left and top edge, width and height, in pixels of the slide at
    /// full size. Outlines are then in pixels of that part.
    #[arg(long, value_name = "LEFT,TOP,WIDTH,HEIGHT")]
    part: Option<Part>,
    /// Photographs (PNG, JPEG, WebP, TIFF or BMP), or folders of them.
    #[arg(required = true, value_name = "FIELD")]
    fields: Vec<PathBuf>,
}

/// A part of a slide, as a person types it.
#[derive(Clone, Copy)]
struct Part(Region);

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Result<Vec<u32>, _> =
            text.split(',').map(|part| part.trim().parse()).collect();
        match numbers.as_deref() {
            Ok(&[left, top, width, height]) => Ok(Self(Region {
                left,
                top,
                width,
                height,
            })),
            _ => Err(format!("{text:?} is not like 12000,8000,2048,1536")),
        }
    }
}

/// The pixels of a field, and what its file tells of them.
pub(super) struct OpenedField {
    pub picture: RgbImage,
    pub scale: Option<MicrometresPerPixel>,
}

impl FieldArguments {
    /// The image files.
    ///
    /// # Errors
    /// A folder that cannot be read or holds none, and more than one file where a part is wanted.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let files = fields_in(&self.fields)?;
        ensure!(
            self.part.is_none() || files.len() == 1,
            "--part is of one slide; there are {} files",
            files.len()
        );
        Ok(files)
    }

    /// The name of a field: that of its image without the ending, and that of a part with its place, as QuPath
    /// names the parts that it exports.
    pub fn name(&self, image: &Path) -> String {
        let name = field_name(image);
        match self.part {
            None => name,
            Some(Part(Region {
                left,
                top,
                width,
                height,
            })) => {
                format!("{name} [x={left},y={top},w={width},h={height}]")
            }
        }
    }

    /// Decodes a field, and says what a person should know of it.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(&self, image: &Path) -> Result<OpenedField> {
        let (picture, scale, notices) = match self.part {
            Some(Part(region)) => part_of(image, region)?,
            None => {
                let OpenedPicture {
                    pixels,
                    micrometres_per_pixel,
                    notices,
                } = open(&read_file(image)?).map_err(|error| match error {
                    DecodeError::TooLarge { .. } => anyhow::Error::new(error)
                        .context("--part LEFT,TOP,WIDTH,HEIGHT reads a part of a TIFF file"),
                    other => other.into(),
                })?;
                (pixels, micrometres_per_pixel, notices)
            }
        };
        for notice in notices {
            say!("{}: {notice}", self.name(image));
        }
        Ok(OpenedField {
            picture,
            scale: scale.and_then(MicrometresPerPixel::new),
        })
    }
}

fn part_of(image: &Path, region: Region) -> Result<(RgbImage, Option<f64>, Vec<Notice>)> {
    let file = File::open(image).with_context(|| format!("cannot read {}", image.display()))?;
    let mut slide = Pyramid::open(BufReader::new(file))?;
    let picture = slide.read(0, region)?;
    let scale = slide.levels()[0].micrometres_per_pixel;
    Ok((picture, scale, slide.notices().to_vec()))
}
