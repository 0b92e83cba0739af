//! Parts of the networks on their own; `parity.rs` tests whole networks. Golden values are PyTorch's.

use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use karyolens::model::{
    Architecture, ArchitectureError, ConvNextConfig, DropPath, Model, Normalisation, Pixels,
    resample_positions,
};
use karyolens::train::cells::loss::binary_cross_entropy;

/// `F.interpolate(grid, mode="bicubic", align_corners=False)` of the grid below, to 2×2 and 4×5.
const TO_2_BY_2: [f32; 8] = [
    0.978552, 0.396201, 3.662073, 1.228799, 15.305823, 4.463174, 24.266052, 6.864952,
];
const TO_4_BY_5: [f32; 40] = [
    -0.304794, -0.032332, -0.103767, 0.059125, 0.383203, 0.249268, 1.302173, 0.54741, 1.948,
    0.750067, 1.653091, 0.637608, 2.448944, 0.877771, 3.923438, 1.314795, 5.829934, 1.859819,
    7.070586, 2.211182, 9.336025, 2.840471, 11.061774, 3.313108, 14.080078, 4.136084, 17.530386,
    5.067061, 19.700933, 5.650898, 17.20719, 4.988731, 19.527765, 5.610075, 23.533594, 6.679932,
    27.971426, 7.85779, 30.736803, 8.590334,
];

#[test]
fn positions_are_resampled_as_pytorch_does() {
    let device = Device::flex();
    // A class token of 7, then a 3×3 grid of width 2: 0.1 i² and 0.025 i².
    let mut values = vec![7.0, 7.0];
    for i in (1..=18).step_by(2) {
        values.extend([0.1 * (i * i) as f32, 0.025 * ((i + 1) * (i + 1)) as f32]);
    }
    let positions = Tensor::<3>::from_data(TensorData::new(values, [1, 10, 2]), &device);
    for (rows, columns, golden) in [(2, 2, &TO_2_BY_2[..]), (4, 5, &TO_4_BY_5)] {
        let found = resample_positions(positions.clone(), rows, columns).into_data();
        let expected: Vec<f32> = [7.0, 7.0].iter().chain(golden).copied().collect();
        let expected = TensorData::new(expected, [1, 1 + rows * columns, 2]);
        found.assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-4));
    }
    let same = resample_positions(positions.clone(), 3, 3).into_data();
    same.assert_eq(&positions.into_data(), true);
}

#[test]
fn cross_entropy_and_its_gradient_are_pytorchs() {
    let device = Device::flex().autodiff();
    let logits = Tensor::<2>::from_floats([[0.5, -2.0, 30.0], [-40.0, 0.0, 1.0]], &device);
    let logits = logits.require_grad();
    let targets = Tensor::<2>::from_floats([[1.0, 0.0, 0.25], [1.0, 0.5, 0.0]], &device);
    let loss = binary_cross_entropy(logits.clone(), targets);
    let gradients = loss.backward();
    let expected = TensorData::from([10.851235f32]);
    loss.into_data()
        .assert_approx_eq::<f32>(&expected, Tolerance::relative(1e-6));
    let expected = TensorData::from([
        [-0.06292344, 0.01986715, 0.125],
        [-0.16666667, 0.0, 0.1218431f32],
    ]);
    let gradient = logits
        .grad(&gradients)
        .expect("the logits have a gradient")
        .into_data();
    gradient.assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
}

#[test]
fn drop_path_keeps_the_expectation_and_only_acts_in_training() {
    let last = DropPath::rising(0.5, 3).last().expect("three blocks");
    let drop = |path: &DropPath, images, device: &Device| {
        let branch = Tensor::<3>::ones([images, 1, 2], device);
        let residual = branch.zeros_like();
        let kept = path.join(residual, branch, None).into_data();
        kept.iter::<f32>().collect::<Vec<f32>>()
    };
    assert_eq!(drop(&last, 4, &Device::flex()), [1.0; 8]);

    let device = Device::flex().autodiff();
    device.seed(1);
    let values = drop(&last, 2000, &device);
    // A branch is left out or doubled, for all values of an image alike.
    assert!(
        values
            .chunks(2)
            .all(|image| image == [0.0, 0.0] || image == [2.0, 2.0])
    );
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    assert!((mean - 1.0).abs() < 0.1, "{mean}");
    let first = DropPath::rising(0.5, 3).next().expect("three blocks");
    assert_eq!(drop(&first, 8, &device), [1.0; 16]);
}

#[test]
fn an_input_side_must_fit_the_network() {
    for (name, fits, fails) in [
        ("resnet-18", &[32, 75, 96, 112, 299][..], 31),
        ("convnext-nano", &[32, 75, 64, 112, 300], 31),
        ("vit-small-14", &[14, 98], 96),
    ] {
        let architecture = Architecture::named(name).unwrap();
        for side in fits {
            assert!(architecture.check_input_side(*side).is_ok());
        }
        let error = architecture.clone().with_input_side(fails).unwrap_err();
        assert!(matches!(&error, ArchitectureError::InputSide { side, .. } if *side == fails));
        assert!(error.to_string().contains(name), "{error}");
        assert!(architecture.check_input_side(0).is_err());
    }
}

/// Sides as torchvision and timm have them: a ResNet rounds up, a ConvNeXt down at every step.
#[test]
fn feature_maps_have_their_strides_at_any_side() {
    let device = Device::flex();
    let resnet = Architecture::named("resnet-18").unwrap();
    let resnet = resnet.with_width(6).unwrap();
    let convnext = Architecture::ConvNext(ConvNextConfig {
        depths: [1; 4],
        widths: [8, 16, 24, 32],
    });
    let vit = Architecture::named("vit-tiny").unwrap();
    let vit = vit.with_width(64).unwrap().with_input_side(80).unwrap();
    for (architecture, [rows, columns], expected) in [
        (
            &resnet,
            [75, 112],
            vec![[19, 28, 6], [10, 14, 12], [5, 7, 24], [3, 4, 48]],
        ),
        (
            &convnext,
            [75, 112],
            vec![[18, 28, 8], [9, 14, 16], [4, 7, 24], [2, 3, 32]],
        ),
        (&vit, [80, 64], vec![[5, 4, 64]]),
    ] {
        let model = architecture.init(9, 0.0, &device);
        let images = Tensor::random([2, 3, rows, columns], Default::default(), &device);
        let maps = model.feature_maps(images.clone());
        let found: Vec<_> = maps.iter().map(Tensor::dims).collect();
        let with_batch = |[rows, columns, channels]: [usize; 3]| [2, rows, columns, channels];
        assert_eq!(
            found,
            expected.into_iter().map(with_batch).collect::<Vec<_>>()
        );
        let last = maps.last().unwrap().dims();
        let places = [rows, columns].map(|side| architecture.places(side));
        assert_eq!(places, [last[1], last[2]]);

        let input = Normalisation {
            mean: [0.5, 0.4, 0.6],
            std: [0.2, 0.3, 0.25],
        };
        let values: Vec<f32> = images.into_data().iter().collect();
        let colours = input.undone(&values, rows * columns);
        let pixels = Pixels::new(colours, [2, rows, columns], &device);
        let folded = model.folded(input).feature_maps(pixels);
        for (folded, map) in folded.into_iter().zip(maps) {
            let folded = folded.narrow(3, 0, map.dims()[3]).into_data();
            folded.assert_approx_eq::<f32>(&map.into_data(), Tolerance::absolute(1e-3));
        }
    }
}

#[test]
fn every_name_is_a_network_that_keeps_its_name() {
    for name in Architecture::names() {
        let architecture = Architecture::named(name).unwrap();
        assert_eq!(architecture.name(), name);
        let json = serde_json::to_string(&architecture).unwrap();
        assert_eq!(
            serde_json::from_str::<Architecture>(&json).unwrap(),
            architecture
        );
    }
}

#[test]
fn layers_are_counted_from_the_stem_to_the_head() {
    for (name, layers, known) in [
        (
            "resnet-18",
            10,
            [
                ("stem.conv.weight", 0),
                ("stages.1.0.branch.0.conv.weight", 3),
                ("head.bias", 9),
            ],
        ),
        (
            "convnext-atto",
            14,
            [
                ("stem.norm.gamma", 0),
                ("stages.2.downsample.conv.weight", 5),
                ("stages.3.blocks.1.scale", 12),
            ],
        ),
        (
            "vit-tiny",
            14,
            [
                ("positions", 0),
                ("blocks.11.expand.weight", 12),
                ("norm.gamma", 13),
            ],
        ),
    ] {
        let architecture = Architecture::named(name).unwrap();
        assert_eq!(architecture.layers(), layers, "{name}");
        let layer = |path: &str| architecture.layer(&path.split('.').collect::<Vec<_>>());
        for (path, expected) in known {
            assert_eq!(layer(path), expected, "{name} {path}");
        }
        let model = architecture.init(9, 0.0, &Device::flex());
        let layout = karyolens::checkpoint::StateDict::layout(&model);
        let found: std::collections::BTreeSet<usize> =
            layout.iter().map(|(path, _)| layer(path)).collect();
        assert!(found.into_iter().eq(0..layers), "{name}");
    }
}

#[test]
fn a_gradient_reaches_every_weight() {
    let device = Device::flex().autodiff();
    for (name, side) in [
        ("resnet-18", 32),
        ("resnet-18", 33),
        ("convnext-atto", 32),
        ("convnext-atto", 39),
        ("vit-tiny", 32),
    ] {
        let architecture = Architecture::named(name)
            .unwrap()
            .with_input_side(side)
            .unwrap();
        let model = architecture.init(9, 0.0, &device);
        let images = Tensor::random([2, 3, side, side], Default::default(), &device);
        let gradients = model.forward(images).sum().backward();
        let reached = burn::optim::GradientsParams::from_grads(gradients, &model);
        assert_eq!(reached.len(), trainable(&model), "{name}");
    }
}

/// How many parameters a network trains: all but running statistics.
fn trainable(model: &Model) -> usize {
    let layout = karyolens::checkpoint::StateDict::layout(model);
    layout
        .iter()
        .filter(|(name, _)| !name.contains(".running_"))
        .count()
}
