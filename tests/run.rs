//! The runner of trainings, with a task that is not about cells: a line through noisy points. It is
//! trained, killed and resumed to the same weights.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use burn::data::dataset::DatasetError;
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, ExecutionError, Tensor, TensorData};
use burn::train::ItemLazy;
use burn::train::metric::{Adaptor, LossInput};
use karyolens::train::run::{
    Best, Display, Finished, Place, RunFolder, RunSettings, Source, Step, Task, Training, random,
    run,
};
use rand::RngExt;
use rand::seq::SliceRandom;
use tempfile::TempDir;

/// The variable that makes this program train in a folder, as a process of its own that can be killed.
const TRAIN_IN: &str = "KARYOLENS_TEST_RUN";
const EPOCHS: usize = 40;
const POINTS: usize = 64;
const SEED: u64 = 3;

/// y = 2x − 1 and some noise.
#[derive(Clone)]
struct Points {
    points: Vec<[f32; 2]>,
    shuffled: bool,
}

impl Points {
    fn new(purpose: u64, shuffled: bool) -> Self {
        let mut random = random(SEED, &[purpose]);
        let point = |_| {
            let x = 2.0 * random.random::<f32>() - 1.0;
            [x, 2.0 * x - 1.0 + 0.1 * random.random::<f32>()]
        };
        Self {
            points: (0..POINTS).map(point).collect(),
            shuffled,
        }
    }
}

impl Source for Points {
    const ITEMS: &'static str = "points";

    type Batch = [Tensor<2>; 2];
    type Prepared = Vec<[f32; 2]>;

    fn items(&self) -> usize {
        self.points.len()
    }

    fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        if self.shuffled {
            order.shuffle(&mut random(SEED, &[epoch as u64]));
        }
        order
    }

    fn prepare(&self, items: &[usize], _: Place) -> Result<Vec<[f32; 2]>, DatasetError> {
        // Slow enough to be killed in the middle.
        if self.shuffled {
            std::thread::sleep(Duration::from_millis(4));
        }
        Ok(items.iter().map(|&i| self.points[i]).collect())
    }

    fn batch(&self, points: Vec<[f32; 2]>, device: &Device) -> [Tensor<2>; 2] {
        [0, 1].map(|column| {
            let values: Vec<f32> = points.iter().map(|point| point[column]).collect();
            Tensor::from_data(TensorData::new(values, [points.len(), 1]), device)
        })
    }
}

#[derive(Module, Debug)]
struct Line {
    linear: Linear,
}

#[derive(Clone, Debug)]
struct SquaredError;

/// The loss of a batch, `[1]`.
struct Loss(Tensor<1>);

impl ItemLazy for Loss {
    fn sync(self) -> Result<Self, ExecutionError> {
        Ok(Self(self.0.without_autodiff()))
    }
}

impl Adaptor<LossInput> for Loss {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.0.clone())
    }
}

impl Step<Line> for SquaredError {
    type Batch = [Tensor<2>; 2];
    type Output = Loss;

    fn train(&self, line: &Line, [x, y]: [Tensor<2>; 2], _: bool) -> (Tensor<1>, Loss) {
        let loss = (line.linear.forward(x) - y).powf_scalar(2.0).mean();
        (loss.clone(), Loss(loss))
    }

    fn validate(&self, line: &Line, batch: [Tensor<2>; 2]) -> Loss {
        self.train(line, batch, false).1
    }
}

struct Regression {
    settings: RunSettings,
    devices: Vec<Device>,
}

impl Regression {
    fn new() -> Self {
        let settings = RunSettings {
            epochs: EPOCHS,
            batch: 8,
            accumulate: 2,
            lr: 0.2,
            ema: 0.5,
            seed: SEED,
            ..RunSettings::default()
        };
        Self {
            devices: settings.devices().unwrap(),
            settings,
        }
    }
}

impl Task for Regression {
    type Network = Line;
    type Step = SquaredError;
    type Source = Points;
    /// Slope and intercept.
    type Kept = [f32; 2];

    const BEST: Best = Best::Lowest("valid loss");

    fn settings(&self) -> &RunSettings {
        &self.settings
    }

    fn devices(&self) -> &[Device] {
        &self.devices
    }

    fn network(&self) -> Line {
        let device = self.devices[0].clone().autodiff();
        device.seed(SEED);
        Line {
            linear: LinearConfig::new(1, 1).init(&device),
        }
    }

    fn layers(&self) -> usize {
        1
    }

    fn layer(&self, _: &[String]) -> usize {
        0
    }

    fn step(&self) -> SquaredError {
        SquaredError
    }

    fn training_data(&self, _: &RunFolder) -> Result<Points> {
        Ok(Points::new(1, true))
    }

    fn validation_data(&self) -> Points {
        Points::new(2, false)
    }

    fn with_figures(&self, training: Training<Self>) -> Training<Self> {
        training // The losses are enough.
    }

    fn finish(&self, line: &Line, finished: Finished) -> Result<([f32; 2], Vec<u8>)> {
        assert!((1..=EPOCHS).contains(&finished.epoch));
        let value = |tensor: Vec<f32>| tensor[0];
        let slope = value(line.linear.weight.val().into_data().iter().collect());
        let bias = line.linear.bias.as_ref().map(Param::val).unwrap();
        let kept = [slope, value(bias.into_data().iter().collect())];
        Ok((kept, kept.map(f32::to_le_bytes).concat()))
    }
}

fn train(folder: &Path) -> [f32; 2] {
    let task = Regression::new();
    let opened = RunFolder::open::<RunSettings>(folder);
    let folder = match opened {
        Ok((folder, settings)) => {
            assert_eq!(settings, task.settings, "as they were written");
            folder
        }
        Err(_) => RunFolder::create(folder, &task.settings).unwrap(),
    };
    run(&task, &folder, Display::Lines).unwrap()
}

#[test]
#[ignore = "a process of the test below"]
fn trains_where_it_is_told() {
    if let Some(folder) = std::env::var_os(TRAIN_IN) {
        train(&PathBuf::from(folder));
    }
}

#[test]
fn another_task_is_trained_killed_and_resumed_to_the_same_weights() {
    let parent = TempDir::new().unwrap();
    let [whole, killed] = ["whole", "killed"].map(|name| parent.path().join(name));
    let [slope, intercept] = train(&whole);
    assert!((slope - 2.0).abs() < 0.1, "{slope}");
    assert!((intercept + 0.95).abs() < 0.1, "{intercept}");

    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "run::trains_where_it_is_told"])
        .env(TRAIN_IN, &killed)
        .spawn()
        .unwrap();
    let table = killed.join("metrics.csv");
    let epochs = || {
        let table = std::fs::read_to_string(&table).unwrap_or_default();
        for row in table.lines() {
            assert!(row.split(',').all(|cell| !cell.is_empty()), "{row}");
        }
        table.lines().count().saturating_sub(1)
    };
    let started = Instant::now();
    while epochs() < 3 {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "no third epoch"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    process.kill().unwrap();
    assert!(!process.wait().unwrap().success());
    let ended = epochs();
    assert!(ended < EPOCHS, "killed too late");
    assert!(!killed.join("model.safetensors").exists());
    // Older versions could leave a row without its last figure.
    let rows = std::fs::read_to_string(&table).unwrap();
    let (rows, _) = rows.rsplit_once(',').unwrap();
    std::fs::write(&table, format!("{rows},\n")).unwrap();

    assert_eq!(train(&killed), [slope, intercept]);
    for file in ["model.safetensors", "metrics.csv"] {
        let read = |run: &Path| std::fs::read(run.join(file)).unwrap();
        assert!(read(&whole) == read(&killed), "{file} differs");
    }
    assert!(!killed.join("checkpoint").exists());
}
