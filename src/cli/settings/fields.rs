//! The options of a training on outlined fields.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use serde::Serialize;

use super::Options;
use super::run::RunOptions;
use crate::train::fields::config::FieldsConfig;

/// Every setting of `train-segmenter`.
#[derive(Args, Serialize)]
pub(in crate::cli) struct FieldsOptions {
    /// The folder: `images/<field>.jpg` (or png, webp, tiff, bmp) and
    /// `contour/<field>_contours.json`, `[{"id": 0, "points": [[x, y], …]}, …]`.
    #[arg(long, value_name = "FOLDER", required_unless_present = "resume")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    /// A folder with the outlines of further objects, which are not to be read:
    /// `<field>_contours.json` for each field. Objects that --data outlines too are not taken from it.
    #[arg(long, value_name = "FOLDER")]
    left_out: Option<PathBuf>,
    /// The number of folds: runs of neighbours in the order of the fields' names.
    #[arg(long, value_name = "K")]
    folds: usize,
    /// Leave out one fold, from 0; by default no field is left out.
    #[arg(long, value_name = "I")]
    fold: Option<usize>,
    /// Validate on every so many of the fields that are not left out.
    #[arg(long, value_name = "N")]
    validate_each: usize,
    /// A checkpoint to start from instead of fresh weights; its sizes are then those of the network.
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Channels of the encoder's first stage; the later stages have 2, 4 and 8 times as many.
    #[arg(long, value_name = "CHANNELS", conflicts_with = "init")]
    encoder_width: usize,
    /// Channels of the decoder.
    #[arg(long, value_name = "CHANNELS", conflicts_with = "init")]
    decoder_width: usize,
    /// Rays of a polygon.
    #[arg(long, conflicts_with = "init")]
    rays: usize,
    /// Side of a view, which is a part of a field, in pixels; a multiple of 32.
    #[arg(long, value_name = "PIXELS")]
    side: usize,
    /// Views of each field an epoch.
    #[arg(long, value_name = "VIEWS")]
    views_each: usize,
    #[command(flatten)]
    #[serde(flatten)]
    run: RunOptions,
    #[command(flatten)]
    views: ViewOptions,
    #[command(flatten)]
    looks: LookOptions,
    #[command(flatten)]
    objective: ObjectiveOptions,
    /// The name of the data, for the model card.
    #[arg(long, value_name = "TEXT")]
    data_name: String,
    /// The licence of the data, as far as it is known, for the model card.
    #[arg(long, value_name = "TEXT")]
    data_licence: String,
}

impl Options for FieldsOptions {
    type Settings = FieldsConfig;
}

#[derive(Args, Serialize)]
struct ViewOptions {
    /// The smallest scale of a view.
    #[arg(long, value_name = "SCALE")]
    smallest: f32,
    /// The largest scale of a view.
    #[arg(long, value_name = "SCALE")]
    largest: f32,
    /// Do not turn and mirror views.
    #[arg(long = "not-turned", action = ArgAction::SetFalse)]
    turned: bool,
    /// The share of the views that nuclei of another view of their field are pasted into.
    #[arg(long, value_name = "SHARE")]
    pasted: f32,
}

#[derive(Args, Serialize)]
struct LookOptions {
    /// Turn the hue by up to this many degrees either way.
    #[arg(long, value_name = "DEGREES")]
    hue: f32,
    /// Vary saturation, contrast and each channel's density by up to this share either way.
    #[arg(long, value_name = "SHARE")]
    jitter: f32,
    /// Blur by a Gaussian of up to this standard deviation.
    #[arg(long, value_name = "PIXELS")]
    blur: f32,
    /// Shrink a view as far as this and enlarge it again.
    #[arg(long, value_name = "SCALE")]
    shrink: f32,
    /// The lowest quality of a JPEG that a view becomes; 100 leaves out that step.
    #[arg(long, value_name = "QUALITY")]
    jpeg: u8,
    /// The share of the views that are blurred, of those that are shrunk, and of those that become a
    /// JPEG.
    #[arg(long)]
    share: f32,
}

#[derive(Args, Serialize)]
struct ObjectiveOptions {
    /// The weight of the loss of the rays beside that of the probabilities.
    #[arg(long, value_name = "WEIGHT")]
    ray_weight: f32,
}
