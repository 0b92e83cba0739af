//! Ablations: the same training with changed settings, over several seeds.
//!
//! An ablation is a TOML file: settings that all runs share, and variants that change some of
//! them. Every variant is trained once a seed, in a folder of its own. A run that is done is
//! read, and a run that was interrupted goes on. The result is one table with mean ± standard
//! deviation over the seeds, and the gain of each variant over the first.
//!
//! ```toml
//! seeds = [1, 2, 3]
//!
//! [settings]            # as in a run's config.json
//! data = "../shared/thyroid/cells"
//! arch = "convnext-atto"
//! sampler = "uniform"
//!
//! [[variant]]           # the one that the others are compared with
//! name = "baseline"
//!
//! [[variant]]
//! name = "+ weighted sampler"
//! settings = { sampler = "weighted" }
//!
//! [[variant]]           # the same runs, called at thresholds that were searched on other cells
//! name = "+ thresholds"
//! thresholds = "cross-fitted"
//! ```

mod ablation;
mod table;

pub use ablation::{Ablation, PlannedRun, Thresholds, Variant, run_folder};
pub use table::{AblationRow, AblationTable, RunFigures, Spread};

/// Three variants, two of which share their runs.
#[cfg(test)]
const THREE_VARIANTS: &str = r#"
    seeds = [1, 2]
    [settings]
    data = "cells"
    arch = "convnext-atto"
    sampler = "uniform"
    objective = { lpr = 0.0, loss = "spa" }
    [[variant]]
    name = "baseline"
    [[variant]]
    name = "+ LPR"
    settings = { objective = { lpr = 0.05 }, sampler = "weighted" }
    [[variant]]
    name = "+ thresholds"
    thresholds = "cross-fitted"
"#;
