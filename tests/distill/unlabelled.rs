//! Cells without labels: cut out of fields, and named by teachers.

use image::{Rgb, RgbImage};
use karyolens::image::{CellImage, decode};
use tempfile::TempDir;

use super::model;
use crate::support::training::{published, text, train};
use crate::support::{karyolens, stderr, stdout};

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
