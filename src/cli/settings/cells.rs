//! The options of a training on labelled cells.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use serde::Serialize;

use super::run::RunOptions;
use super::{Options, THRESHOLD_SEARCHES, choice};
use crate::train::cells::config::TrainConfig;
use crate::train::cells::data::{HoldOut, SplitKind, SplitSettings};
use crate::train::cells::loss::Loss;
use crate::train::cells::metrics::ThresholdSearch;
use crate::train::cells::sampler::{Rarity, Sampler};

const SPLIT_KINDS: &[(&str, &str)] = &[
    ("published", "The folder's own, or those of --split-file"),
    (
        "by-field",
        "All labelled cells except those published as `test`, no field on two sides: `val` is one \
         fold, `train` the others; see --folds, --fold and --fold-seed",
    ),
];

const SAMPLERS: &[(&str, &str)] = &[
    ("uniform", "Every cell once, shuffled"),
    (
        "weighted",
        "As many draws as there are cells, with replacement, a cell's chance growing with the \
         rarity of its features (the study's weights)",
    ),
];

const RARITIES: &[(&str, &str)] = &[
    (
        "sum",
        "The sum of its features' weights, the study's choice",
    ),
    ("max", "The weight of its rarest feature"),
    ("mean", "The mean of its features' weights"),
];

const LOSSES: &[(&str, &str)] = &[
    ("bce", "Binary cross-entropy"),
    (
        "spa",
        "The study's SPA loss: by its definition binary cross-entropy, under the study's name",
    ),
    ("asl", "Asymmetric loss (arXiv 2009.14119)"),
];

/// Every setting of `train`.
#[derive(Args, Serialize)]
pub(in crate::cli) struct TrainOptions {
    /// The folder: `images/<split>/<id>.jpg` (or png, webp, tiff, bmp) and `labels/<split>.json`,
    /// or `images/<id>.jpg` and `labels.json`; `features.json` names the features where they are not the nine nuclear ones.
    #[arg(long, value_name = "FOLDER", required_unless_present = "resume")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    /// Where the splits come from.
    #[arg(long, value_parser = choice::<SplitKind>(SPLIT_KINDS))]
    split: SplitKind,
    #[command(flatten)]
    splits: SplitOptions,
    /// The split to train on.
    #[arg(long, value_name = "NAME")]
    train_split: String,
    /// Leave one fold of the training cells out, by field: 0/5 to 4/5, say. A teacher that is trained so
    /// can answer for the cells that it has not seen.
    #[arg(long, value_name = "FOLD/FOLDS")]
    hold_out: Option<HoldOut>,
    /// The split to choose the best epoch and the thresholds on.
    #[arg(long, value_name = "NAME")]
    val_split: String,
    /// The network: convnext-atto, -femto, -pico, -nano, -tiny, -small, -base; resnet-18, -34,
    /// -50, -101; vit-tiny, -small, -base; vit-small-14; or, with --init, a family (resnet, convnext,
    /// vit) with the checkpoint's sizes.
    #[arg(long, value_name = "NAME", required_unless_present = "resume")]
    #[serde(skip_serializing_if = "Option::is_none")]
    arch: Option<String>,
    /// Channels of the first stage, or of a ViT's tokens, where they are not the named network's; the
    /// channels of later stages, and the heads, follow in proportion.
    #[arg(long, value_name = "CHANNELS", conflicts_with = "init")]
    width: Option<usize>,
    /// Of the transformer to start from, keep only these blocks, counted from 0: 0,4,8, say.
    #[arg(long, value_name = "BLOCKS", value_delimiter = ',', requires = "init")]
    keep_blocks: Vec<usize>,
    /// Of the transformer to start from, keep only so many of each block's attention heads: the
    /// weightiest.
    #[arg(long, value_name = "HEADS", requires = "init")]
    keep_heads: Option<usize>,
    /// Of the transformer to start from, keep only so many neurons of each block's MLP.
    #[arg(long, value_name = "NEURONS", requires = "init")]
    keep_neurons: Option<usize>,
    /// A checkpoint to start from instead of fresh weights; its head is kept if it names the same
    /// features in the same order.
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Side of the input in pixels: any from 32 on for ConvNeXt and ResNet, a multiple of the patch
    /// (16 or 14) for ViT.
    #[arg(long, value_name = "PIXELS")]
    input_size: u32,
    /// Side of the part of the 224 px canvas that becomes the input, about its centre; a cell that
    /// reaches outside is shrunk to fit.
    #[arg(long, value_name = "PIXELS")]
    crop: u32,
    #[command(flatten)]
    #[serde(flatten)]
    run: RunOptions,
    /// Rate of stochastic depth in the last block.
    #[arg(long, value_name = "RATE")]
    drop_path: f64,
    /// How an epoch draws its cells.
    #[arg(long, value_parser = choice::<Sampler>(SAMPLERS))]
    sampler: Sampler,
    /// The weight of a cell for the weighted sampler (not a file of weights: that is --init).
    #[arg(long, value_parser = choice::<Rarity>(RARITIES))]
    weights: Rarity,
    #[command(flatten)]
    augment: AugmentOptions,
    #[command(flatten)]
    cutmix: CutMixOptions,
    #[command(flatten)]
    objective: ObjectiveOptions,
    /// Trained models whose answers the network learns beside the labels: a run's folder or a
    /// checkpoint, given once for each. Each is asked about the cells that it was not trained on,
    /// if there are any.
    #[arg(long = "teacher", value_name = "RUN")]
    teachers: Vec<PathBuf>,
    /// The answers of another run's teachers, its `answers.safetensors`, instead of asking them again.
    #[arg(long, value_name = "FILE", conflicts_with = "teachers")]
    answers: Option<PathBuf>,
    /// A folder of cell images without labels, about which the teachers alone are asked; `data
    /// crop` makes one from fields. Cells of fields that are validated on are left out.
    #[arg(long, value_name = "FOLDER")]
    unlabelled: Option<PathBuf>,
    /// How each feature's threshold is searched on the validation split.
    #[arg(long, value_parser = choice::<ThresholdSearch>(THRESHOLD_SEARCHES))]
    threshold_search: ThresholdSearch,
    /// The name of the data, for the model card.
    #[arg(long, value_name = "TEXT")]
    data_name: String,
    /// The licence of the data, as far as it is known, for the model card.
    #[arg(long, value_name = "TEXT")]
    data_licence: String,
}

impl Options for TrainOptions {
    type Settings = TrainConfig;
}

/// The settings of splits, of `train`, `evaluate` and `data check`.
#[derive(Args, Serialize)]
pub(in crate::cli) struct SplitOptions {
    /// A JSON file `{"train": [ids], "val": [ids]}` of splits to use instead of the folder's own.
    #[arg(long, value_name = "FILE")]
    split_file: Option<PathBuf>,
    /// Split by field: how many folds there are.
    #[arg(long, value_name = "K")]
    folds: usize,
    /// Split by field: the fold to validate on, from 0.
    #[arg(long, value_name = "I")]
    fold: usize,
    /// Split by field: another number makes other folds.
    #[arg(long, value_name = "N")]
    fold_seed: u64,
}

impl Options for SplitOptions {
    type Settings = SplitSettings;
}

#[derive(Args, Serialize)]
struct AugmentOptions {
    /// Do not flip images: by default left-right and up-down, each with probability 1/2.
    #[arg(long = "no-flips", action = ArgAction::SetFalse)]
    flips: bool,
    /// Rotate images by up to this many degrees either way.
    #[arg(long, value_name = "DEGREES")]
    rotation: f32,
    /// Vary brightness, contrast and saturation by up to this share either way.
    #[arg(long, value_name = "SHARE")]
    jitter: f32,
}

#[derive(Args, Serialize)]
struct CutMixOptions {
    /// The chance that a cell with a rare feature is mixed with another; 0 leaves CutMix out. The
    /// study's is 0.5.
    #[arg(long = "cutmix", value_name = "PROBABILITY")]
    probability: f64,
    /// A feature is rare if less than this share of the training cells shows it.
    #[arg(long, value_name = "SHARE")]
    rare_below: f64,
}

#[derive(Args, Serialize)]
struct ObjectiveOptions {
    /// The loss of one label.
    #[arg(long, value_parser = choice::<Loss>(LOSSES))]
    loss: Loss,
    /// λ of label pairwise regularisation; 0 leaves it out. The study trains with 0.05.
    #[arg(long, value_name = "LAMBDA")]
    lpr: f64,
    /// Draw labels towards 1/2 by this share, for the loss alone.
    #[arg(long, value_name = "SHARE")]
    label_smoothing: f64,
    /// Divides the logits of teachers and student before they are compared.
    #[arg(long)]
    temperature: f64,
    /// The share of the teachers in the loss; the labels have the rest.
    #[arg(long, value_name = "SHARE")]
    teacher_share: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_offered() {
        fn check<T: serde::de::DeserializeOwned + std::fmt::Debug>(listed: &[(&str, &str)]) {
            let told = serde_json::from_str::<T>("\"?\"")
                .expect_err("no such name")
                .to_string();
            let names: Vec<&str> = told.split('`').skip(3).step_by(2).collect();
            assert_eq!(
                names,
                listed.iter().map(|(name, _)| *name).collect::<Vec<_>>()
            );
        }
        check::<SplitKind>(SPLIT_KINDS);
        check::<Sampler>(SAMPLERS);
        check::<Rarity>(RARITIES);
        check::<Loss>(LOSSES);
        check::<ThresholdSearch>(THRESHOLD_SEARCHES);
        check::<crate::kernels::MatmulPrecision>(super::super::run::PRECISIONS);
    }
}
