//! Small networks from large ones: teachers, cells that nobody labelled, and other sizes to start
//! from.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use image::{Rgb, RgbImage};
use karyolens::checkpoint::{Checkpoint, Classification, ModelCard, Precision, Provenance};
use karyolens::image::{CellImage, InputSpec, decode};
use karyolens::model::Architecture;
use karyolens::nuclei::FeatureSet;
use karyolens::train::cells::data::{DataFolder, Splits, folds_by_field};
use karyolens::train::cells::targets::soften;
use karyolens::train::cells::teachers::Teachers;
use support::training::{part_fields, published, text, train};
use support::{karyolens, stderr, stdout};
use tempfile::TempDir;

#[test]
fn a_network_learns_from_teachers() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let [teacher, student] = ["teacher", "student"].map(|run| folder.path().join(run));
    stdout(&train(&data, &teacher, &["--epochs", "1"]));
    let checkpoint = teacher.join("model.safetensors");
    let learn = |run: &Path, share| {
        let teachers = ["--teacher", text(&teacher), "--teacher", text(&checkpoint)];
        let rest = [
            "--temperature",
            "2",
            "--teacher-share",
            share,
            "--sampler",
            "uniform",
        ];
        stdout(&train(&data, run, &[&teachers[..], &rest].concat()));
        std::fs::read(run.join("model.safetensors")).unwrap()
    };
    let alone = learn(&student, "1");
    let both = learn(&folder.path().join("both"), "0.5");

    // With the teachers alone to learn from, other labels change nothing.
    let labels = data.join("labels/train.json");
    let own: BTreeMap<String, Vec<u8>> =
        serde_json::from_slice(&std::fs::read(&labels).unwrap()).unwrap();
    let other = |labels: Vec<u8>| {
        labels
            .into_iter()
            .map(|label| 1 - label)
            .collect::<Vec<u8>>()
    };
    let other: BTreeMap<_, _> = own.into_iter().map(|(id, own)| (id, other(own))).collect();
    std::fs::write(&labels, serde_json::to_vec(&other).unwrap()).unwrap();
    assert!(alone == learn(&folder.path().join("alone-again"), "1"));
    assert!(both != learn(&folder.path().join("both-again"), "0.5"));

    let missing = folder.path().join("nowhere");
    let run = folder.path().join("run");
    let error = stderr(&train(&data, &run, &["--teacher", text(&missing)]));
    assert!(error.contains("nowhere"), "{error}");
    assert!(!run.exists());
}

#[test]
fn teachers_are_asked_about_cells_that_they_do_not_know() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    part_fields(&data, "train"); // So that each teacher holds out one.
    let runs = ["0/2", "1/2"].map(|fold| {
        let run = folder.path().join(fold.replace('/', "-"));
        stdout(&train(&data, &run, &["--epochs", "1", "--hold-out", fold]));
        run
    });

    let device = Device::flex();
    let data = DataFolder {
        folder: data,
        splits: Splits::Published,
    };
    let features = data.features().unwrap();
    let records = data.split("train", &features).unwrap();
    let cells: Vec<_> = records.iter().collect();
    let answers = |runs: &[PathBuf]| {
        let teachers = Teachers::read(runs, &features, &device).unwrap();
        teachers.answers(&cells).unwrap()
    };
    // Alone, a teacher is asked about everything.
    let alone = [0, 1].map(|i| answers(&runs[i..=i]));
    let both = answers(&runs);
    let fold_of = folds_by_field(&records, 2, 0);
    assert!(fold_of.contains(&0) && fold_of.contains(&1));
    for (i, fold) in fold_of.into_iter().enumerate() {
        let id = &records[i].id;
        let expected = &alone[fold][i];
        assert_eq!(&both[i], expected, "{id}");
        assert_ne!(&alone[1 - fold][i], expected, "{id}");
    }
    for p in [0.0, 0.02, 0.5, 0.97, 1.0f32] {
        let expected = p.sqrt() / (p.sqrt() + (1.0 - p).sqrt());
        let soft = soften(p, 2.0);
        assert!((soft - expected).abs() < 2e-3, "{soft}, {expected}");
    }
}

#[test]
fn nobody_learns_from_what_has_seen_the_validated_cells() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    part_fields(&data, "train");
    let fold = |fold| {
        [
            "--split", "by-field", "--folds", "2", "--fold", fold, "--epochs", "1",
        ]
    };
    let teacher = folder.path().join("teacher");
    stdout(&train(&data, &teacher, &fold("0")));
    let model = teacher.join("model.safetensors");
    let student = folder.path().join("student");
    for seen in [["--teacher", text(&teacher)], ["--init", text(&model)]] {
        let error = stderr(&train(&data, &student, &[&fold("1")[..], &seen].concat()));
        assert!(error.contains("was trained on"), "{error}");
        assert!(
            error.contains("cells that this run validates on"),
            "{error}"
        );
        assert!(!student.exists());
    }
    let same_fold = [&fold("0")[..], &["--teacher", text(&teacher)]].concat();
    stdout(&train(&data, &student, &same_fold));
}

/// The validation cells and the rest change places, and the folder moves; the network still tells.
#[test]
fn a_network_tells_its_training_cells_wherever_the_data_has_gone() {
    let folder = TempDir::new().unwrap();
    let [data, moved, seen] = ["data", "moved", "seen"].map(|name| folder.path().join(name));
    published(&data);
    part_fields(&data, "train");
    stdout(&train(&data, &seen, &["--epochs", "1"]));
    std::fs::rename(&data, &moved).unwrap();
    let learn = |name: &str, more: &[&str]| {
        let run = folder.path().join(name);
        (
            train(&moved, &run, &[&["--epochs", "1"][..], more].concat()),
            run,
        )
    };
    let init = seen.join("model.safetensors");
    let start = ["--init", text(&init)];
    let ask = ["--teacher", text(&seen)];

    // In the other folder, the same cells are validated on as before. Both runs learn from the labels
    // of a part of the cells alone.
    let half = ["--hold-out", "0/2"];
    let (output, second) = learn("second", &[start, half].concat());
    stdout(&output);
    let (output, student) = learn("student", &[ask, half].concat());
    stdout(&output);

    let swap = |below: &str, end: &str| {
        let [train, val, other] =
            ["train", "val", "other"].map(|split| moved.join(below).join(format!("{split}{end}")));
        std::fs::rename(&train, &other).unwrap();
        std::fs::rename(&val, &train).unwrap();
        std::fs::rename(&other, &val).unwrap();
    };
    swap("images", "");
    swap("labels", ".json");
    // A network that started from another knows its cells, and so does one that had it for a teacher.
    let [second, student] = [second, student].map(|run| run.join("model.safetensors"));
    let said = folder.path().join("student/answers.safetensors");
    for (i, seen) in [
        start,
        ask,
        ["--init", text(&second)],
        ["--init", text(&student)],
    ]
    .iter()
    .enumerate()
    {
        let error = stderr(&learn(&format!("refused-{i}"), seen).0);
        let told = "trained on 24 of the 24 cells that this run validates on";
        assert!(error.contains(told), "{seen:?}: {error}");
    }
    let answers = stderr(&learn("refused", &["--answers", text(&said)]).0);
    assert!(answers.contains("no teacher was asked"), "{answers}");

    // Other pictures under the same ids are other cells.
    for image in std::fs::read_dir(moved.join("images/val")).unwrap() {
        let path = image.unwrap().path();
        let picture = image::open(&path).unwrap().to_rgb8();
        image::imageops::flip_vertical(&picture)
            .save(&path)
            .unwrap();
    }
    stdout(&learn("others", &start).0);
}

#[test]
fn a_network_of_an_older_version_does_not_tell_its_training_cells() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let run = folder.path().join("run");
    let shipped = ["--teacher", "models/default.safetensors"];
    let output = train(&data, &run, &[&["--epochs", "1"][..], &shipped].concat());
    stdout(&output);
    let told = stderr(&output);
    assert!(told.contains("does not tell all the cells"), "{told}");
    // A network that learnt from it tells its own cells, and that there may be more.
    let init = run.join("model.safetensors");
    let start = ["--epochs", "1", "--init", text(&init)];
    let output = train(&data, &folder.path().join("next"), &start);
    stdout(&output);
    let told = stderr(&output);
    assert!(told.contains("does not tell all the cells"), "{told}");
    let swap = ["--train-split", "val", "--val-split", "train"];
    let refused = folder.path().join("refused");
    let error = stderr(&train(&data, &refused, &[&start[..], &swap].concat()));
    assert!(error.contains("trained on 24 of the 24"), "{error}");
}

/// A run's model.
fn model(run: &Path) -> Checkpoint {
    let bytes = std::fs::read(run.join("model.safetensors")).unwrap();
    Checkpoint::read(&bytes).unwrap()
}

#[test]
fn teachers_name_the_features_of_cells_that_nobody_labelled() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let teacher = folder.path().join("teacher");
    stdout(&train(&data, &teacher, &["--epochs", "1"]));
    // Some of another field, and some of the field that is validated on.
    let [others, validated] = ["F7", "F1"].map(|field| {
        let unlabelled = folder.path().join(field);
        std::fs::create_dir(&unlabelled).unwrap();
        for (i, image) in std::fs::read_dir(data.join("images/train"))
            .unwrap()
            .enumerate()
        {
            let to = unlabelled.join(format!("{field}_cell_{}.jpg", 1000 + i));
            std::fs::copy(image.unwrap().path(), to).unwrap();
        }
        unlabelled
    });
    let learn = |name: &str, more: &[&str]| {
        let run = folder.path().join(name);
        let rest = [
            "--teacher",
            text(&teacher),
            "--epochs",
            "1",
            "--sampler",
            "uniform",
        ];
        stdout(&train(&data, &run, &[&rest[..], more].concat()));
        model(&run).weights.0
    };
    let without = learn("without", &[]);
    assert!(without == learn("validated", &["--unlabelled", text(&validated)]));
    assert!(without != learn("others", &["--unlabelled", text(&others)]));

    // What they said serves another run as well.
    let said = folder.path().join("others/answers.safetensors");
    let more = [
        "--unlabelled",
        text(&others),
        "--epochs",
        "1",
        "--sampler",
        "uniform",
    ];
    let run = folder.path().join("again");
    stdout(&train(
        &data,
        &run,
        &[&more[..], &["--answers", text(&said)]].concat(),
    ));
    assert!(model(&run).weights.0 == model(&folder.path().join("others")).weights.0);
    let run = folder.path().join("run");
    let no_answers = teacher.join("config.json");
    let more = [
        "--unlabelled",
        text(&validated),
        "--answers",
        text(&no_answers),
    ];
    let wrong = stderr(&train(&data, &run, &more));
    assert!(wrong.contains("holds no answers"), "{wrong}");
    let said = folder.path().join("without/answers.safetensors");
    let more = ["--unlabelled", text(&others), "--answers", text(&said)];
    let missing = stderr(&train(&data, &run, &more));
    assert!(missing.contains("no teacher was asked about"), "{missing}");

    let alone = train(&data, &run, &["--unlabelled", text(&others)]);
    assert!(stderr(&alone).contains("--teacher"), "{}", stderr(&alone));
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let more = ["--teacher", text(&teacher), "--unlabelled", text(&empty)];
    let none = stderr(&train(&data, &run, &more));
    assert!(none.contains("no image"), "{none}");
}

#[test]
fn a_network_may_be_narrower_than_the_named_ones() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    for (arch, width, expected) in [
        (
            "resnet-18",
            "8",
            Architecture::named("resnet-18").unwrap().with_width(8),
        ),
        (
            "convnext-atto",
            "16",
            Architecture::named("convnext-atto").unwrap().with_width(16),
        ),
        (
            "vit-tiny",
            "64",
            Architecture::named("vit-tiny").unwrap().with_width(64),
        ),
    ] {
        let run = folder.path().join(arch);
        let more = ["--arch", arch, "--width", width, "--epochs", "1"];
        stdout(&train(&data, &run, &more));
        let expected = expected.unwrap().with_input_side(32).unwrap();
        assert_eq!(model(&run).card.architecture, expected);
    }
    let run = folder.path().join("run");
    let wrong = stderr(&train(
        &data,
        &run,
        &["--arch", "vit-tiny", "--width", "100"],
    ));
    assert!(wrong.contains("at a width of 100"), "{wrong}");
}

#[test]
fn a_transformer_may_start_from_some_blocks_of_another() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    published(&data);
    let whole = folder.path().join("whole");
    let sizes = ["--arch", "vit-tiny", "--width", "64", "--epochs", "1"];
    stdout(&train(&data, &whole, &sizes));
    let init = whole.join("model.safetensors");
    let keep = |name: &str, blocks: &str| {
        let run = folder.path().join(name);
        // A rate that moves nothing: what is written is what it started from.
        let start = ["--init", text(&init), "--keep-blocks", blocks];
        let rest = ["--arch", "vit", "--epochs", "1", "--lr", "1e-12"];
        (train(&data, &run, &[&start[..], &rest].concat()), run)
    };
    let (output, run) = keep("some", "0,7,11");
    stdout(&output);
    let (before, after) = (model(&whole), model(&run));
    let Architecture::Vit(config) = &after.card.architecture else {
        panic!("not a transformer");
    };
    assert_eq!(config.depth, 3);
    for (name, tensor) in &after.weights.0 {
        let origin = ["blocks.0.", "blocks.1.", "blocks.2."]
            .iter()
            .zip([0, 7, 11]);
        let origin = origin
            .filter_map(|(new, old)| Some(format!("blocks.{old}.{}", name.strip_prefix(new)?)))
            .next();
        assert_eq!(
            *tensor,
            before.weights.0[origin.as_ref().unwrap_or(name)],
            "{name}"
        );
    }
    for (blocks, fault) in [("0,12", "no block 12"), ("0,x", "invalid")] {
        let error = stderr(&keep("wrong", blocks).0);
        assert!(error.contains(fault), "{error}");
    }
}

/// A transformer of 12 blocks 256 wide that knows nothing, for 32 px.
fn transformer(device: &Device) -> Checkpoint {
    device.seed(4);
    let architecture = Architecture::named("vit-tiny").unwrap();
    let architecture = architecture.with_width(256).unwrap();
    let architecture = architecture.with_input_side(32).unwrap();
    let features = FeatureSet::default();
    let model = architecture.init(features.len(), 0.0, device);
    let card = ModelCard::new(
        "some",
        architecture,
        Classification::new(InputSpec::new(32), features),
        Provenance::default(),
    );
    Checkpoint::of(&model, card)
}

/// What a checkpoint answers to two images after it has been written and read, and its bytes.
fn answers(checkpoint: &Checkpoint, device: &Device) -> (TensorData, usize) {
    let bytes = checkpoint.write(Precision::F32).unwrap();
    let model = Checkpoint::read(&bytes).unwrap().model(device).unwrap();
    let pixels: Vec<f32> = (0..2 * 3 * 32 * 32)
        .map(|i| (i as f32 * 0.37).sin())
        .collect();
    let images = Tensor::<4>::from_data(TensorData::new(pixels, [2, 3, 32, 32]), device);
    (model.forward(images).into_data(), bytes.len())
}

#[test]
fn heads_and_neurons_that_weigh_nothing_can_be_left_out() {
    let device = Device::flex();
    let mut whole = transformer(&device);
    // Of 4 heads of 64 the second says nothing, and nothing comes from every other neuron.
    for block in 0..12 {
        let output = format!("blocks.{block}.attention.output.weight");
        let output = whole.weights.0.get_mut(&output).unwrap();
        output.values[64 * 256..128 * 256].fill(0.0);
        let project = format!("blocks.{block}.project.weight");
        let project = whole.weights.0.get_mut(&project).unwrap();
        assert_eq!(project.shape, [1024, 256]);
        for row in project.values.chunks_exact_mut(2 * 256) {
            row[..256].fill(0.0);
        }
    }
    let mut slim = whole.clone();
    slim.keep_heads(3).unwrap();
    slim.keep_neurons(512).unwrap();
    let ((before, large), (after, small)) = (answers(&whole, &device), answers(&slim, &device));
    after.assert_approx_eq::<f32>(&before, Tolerance::absolute(1e-5));
    assert!(small < large * 2 / 3, "{small} of {large} bytes");

    assert!(slim.keep_heads(4).is_err() && slim.keep_neurons(0).is_err());
    let mut resnet = Architecture::named("resnet-18").unwrap();
    std::mem::swap(&mut resnet, &mut slim.card.architecture);
    let error = slim.keep_heads(1).unwrap_err().to_string();
    assert!(error.contains("resnet-18 is no transformer"), "{error}");
}

#[test]
fn nuclei_are_cut_out_of_fields() {
    let folder = TempDir::new().unwrap();
    let fields = folder.path().join("fields");
    for below in ["images", "contour"] {
        std::fs::create_dir_all(fields.join(below)).unwrap();
    }
    let dark = Rgb([70, 40, 120]);
    let field = RgbImage::from_fn(600, 400, |x, y| match (x / 100 + y / 100) % 2 {
        0 => dark,
        _ => Rgb([240, 200, 230]),
    });
    field.save(fields.join("images/S1.png")).unwrap();
    let square = |x: i32| format!("[[{x}, 10], [{0}, 10], [{0}, 40], [{x}, 40]]", x + 30);
    // The same id twice, as in the study's files, and one that surrounds nothing.
    let contours = format!(
        r#"[{{"id": 0, "points": {}}}, {{"id": 0, "points": {}}}, {{"id": 1, "points": [[5, 5]]}}]"#,
        square(10),
        square(110)
    );
    let json = fields.join("contour/S1_contours.json");
    std::fs::write(&json, contours).unwrap();
    let cells = folder.path().join("cells");
    let crop = || {
        karyolens([
            "data",
            "crop",
            "--fields",
            text(&fields),
            "-o",
            text(&cells),
        ])
    };
    let told = stdout(&crop());
    assert!(
        told.contains("wrote 2 cell images") && told.contains("1 contours"),
        "{told}"
    );
    let cell = |name: &str| {
        CellImage::new(decode(&std::fs::read(cells.join(name)).unwrap()).unwrap()).unwrap()
    };
    let [first, second] = ["S1_cell_0.png", "S1_cell_1.png"].map(cell);
    assert_eq!(first.pixels().get_pixel(112, 112), &dark);
    assert_ne!(second.pixels().get_pixel(112, 112), &dark);
    // 31 px and the white around them, 2.2 times as large.
    assert!((66..=74).contains(&first.reach()), "{}", first.reach());

    std::fs::write(&json, "[{}]").unwrap();
    assert!(stderr(&crop()).contains("S1_contours.json"));
    std::fs::remove_file(fields.join("images/S1.png")).unwrap();
    std::fs::write(&json, "[]").unwrap();
    assert!(stderr(&crop()).contains("S1 has contours but no image"));
    std::fs::remove_file(&json).unwrap();
    assert!(stderr(&crop()).contains("holds no file"));
}
