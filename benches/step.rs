//! Speed of a training step and of inference, as `benches/train.sh` sets against PyTorch.
//!
//! `train` measures images per second of forward, loss, backward and AdamW on 16 images of 112 px;
//! `infer` milliseconds for one image of 224 px. One line a network: mode, network, number.

use std::time::{Duration, Instant};

use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Tensor};
use karyolens::kernels::MatmulPrecision;
use karyolens::model::Architecture;
use karyolens::train::cells::loss::binary_cross_entropy;
use karyolens::train::run::adamw::AdamW;

/// The allocator of the native program, with its options: see src/main.rs.
#[cfg(target_os = "linux")]
mod memory {
    #[global_allocator]
    static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

    #[unsafe(export_name = "_rjem_malloc_conf")]
    pub static OPTIONS: &[u8; 67] =
        b"thp:always,metadata_thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1\0";
}

const BATCH: usize = 16;
const CLASSES: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |i: usize| arguments.get(i).map(String::as_str);
    let precision = word(3).unwrap_or("highest");
    let precision: MatmulPrecision =
        serde_json::from_value(precision.into()).expect("highest, high or medium");
    let seconds = word(2).and_then(|word| word.parse().ok()).unwrap_or(6.0);
    for network in word(1)
        .unwrap_or("resnet-18,convnext-atto,vit-small")
        .split(',')
    {
        match word(0) {
            Some("infer") => println!("infer {network} {:.2}", infer(network, seconds, precision)),
            _ => println!("train {network} {:.1}", train(network, seconds, precision)),
        }
    }
}

fn train(network: &str, seconds: f64, precision: MatmulPrecision) -> f64 {
    let device = Device::flex().autodiff();
    let architecture = named(network, 112);
    let model = architecture.init(CLASSES, 0.0, &device);
    let mut model = Some(model.with_precision(precision));
    let mut optimiser = ModuleOptimizer::from(AdamW::default());
    let normal = Distribution::Normal(0.0, 1.0);
    let images = Tensor::<4>::random([BATCH, 3, 112, 112], normal, &device);
    let targets = Tensor::<2>::random([BATCH, CLASSES], Distribution::Bernoulli(0.3), &device);
    let step = median(seconds, || {
        let trained = model.take().expect("a model between steps");
        let loss = binary_cross_entropy(trained.forward(images.clone()), targets.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &trained);
        model = Some(optimiser.step(1e-4, trained, gradients));
    });
    BATCH as f64 / step
}

fn infer(network: &str, seconds: f64, precision: MatmulPrecision) -> f64 {
    let device = Device::flex();
    let model = named(network, 224).init(CLASSES, 0.0, &device);
    let model = model.with_precision(precision);
    let normal = Distribution::Normal(0.0, 1.0);
    let image = Tensor::<4>::random([1, 3, 224, 224], normal, &device);
    1e3 * median(seconds, || {
        model.forward(image.clone()).into_data();
    })
}

/// A network by name; a transformer's position grid fits `side`, the others take any.
fn named(network: &str, side: usize) -> Architecture {
    let architecture = Architecture::named(network).expect("a known network");
    match architecture {
        Architecture::Vit(_) => architecture.with_input_side(side).expect("whole patches"),
        _ => architecture,
    }
}

/// The median time of a step, in seconds, after two that do not count.
fn median(seconds: f64, mut step: impl FnMut()) -> f64 {
    step();
    step();
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs_f64(seconds) || times.len() < 5 {
        let step_start = Instant::now();
        step();
        times.push(step_start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
