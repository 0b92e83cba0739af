//! The way from a table to a model.

use super::*;

/// `data import` with the default share.
fn import(csv: &Path, images: &Path, data: &Path, more: [&str; 2]) -> Output {
    let [option, value] = more;
    karyolens([
        "data",
        "import",
        "--csv",
        text(csv),
        "--images",
        text(images),
        "-o",
        text(data),
        option,
        value,
    ])
}

#[test]
fn a_table_becomes_a_data_folder() {
    let temporary = TempDir::new().unwrap();
    let path = |name: &str| temporary.path().join(name);
    let (images, data, csv) = (path("images"), path("data"), path("labels.csv"));
    // As a German Excel writes it; one name comes without its extension, one has it in capitals.
    let mut table = String::from("\u{feff}Image; Spindle ;Vacuole\r\n");
    for i in 0..20 {
        let name = format!("S{}_cell_{i}", i / 2);
        write_cell(&images.join(format!("{name}.png")), i);
        let name = if i == 3 { name } else { name + ".png" };
        table += &format!("{name};{};{}\r\n", i % 2, u8::from(i == 6));
    }
    write_cell(&images.join("loose.jpg"), 40);
    std::fs::rename(images.join("loose.jpg"), images.join("loose.JPG")).unwrap();
    table += "loose.JPG;0;1\r\n";
    std::fs::write(&csv, table).unwrap();
    stdout(&import(&csv, &images, &data, ["--val-share", "0.3"]));

    let (report, code) = check(&data);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["features"], json!(["Spindle", "Vacuole"]));
    assert_eq!(report["shared_fields"], json!([]));
    assert_eq!(report["unlabelled"], json!([]));
    let sum = |number: &dyn Fn(&Value) -> Option<i64>| -> i64 {
        let splits = report["splits"].as_array().unwrap();
        splits.iter().map(|split| number(split).unwrap()).sum()
    };
    assert_eq!(sum(&|split| split["cells"].as_i64()), 21);
    assert_eq!(sum(&|split| split["positives"][0].as_i64()), 10);
    assert_eq!(sum(&|split| split["positives"][1].as_i64()), 2);
    assert_eq!(report["splits"][1]["split"], "val");
    let val = report["splits"][1]["cells"].as_i64().unwrap();
    assert!((5..=8).contains(&val), "{val} of 21 cells");

    let again = import(&csv, &images, &data, ["--seed", "1"]);
    assert!(stderr(&again).contains("not empty"), "{}", stderr(&again));
}

#[test]
fn a_wrong_table_is_told_with_its_lines_and_writes_nothing() {
    let cases = [
        ("name,Spindle\na.png,1\n", "first column is \"name\""),
        ("image\na.png\n", "names no feature"),
        ("image,A,A\na.png,1,0\n", "\"A\" is named twice"),
        ("image,A\na.png,1\nb.png,yes\n", "line 3: A is \"yes\""),
        ("image,A\na.png,1\nb.png,\n", "line 3: A is \"\""),
        ("image,A\na.png,1\nb.png,1,0\n", "3 fields"),
        ("image,A\na.png,1\nc.png,0\n", "line 3: there is no image"),
        ("image,A\na.png,1\ntext.png,0\n", "text.png"),
        ("image,A\na.png,1\nmore/a.png,0\n", "the same id as"),
        ("image,A\na.png,1\n", "cannot split 1 cells of 1 fields"),
        ("image,A\n", "cannot split 0 cells"),
    ];
    let temporary = TempDir::new().unwrap();
    let path = |name: &str| temporary.path().join(name);
    let (images, data, csv) = (path("images"), path("data"), path("labels.csv"));
    for (i, name) in ["a.png", "b.png", "more/a.png"].iter().enumerate() {
        write_cell(&images.join(name), i);
    }
    std::fs::write(images.join("text.png"), "text").unwrap();
    for (table, told) in cases {
        std::fs::write(&csv, table).unwrap();
        let output = import(&csv, &images, &data, ["--seed", "0"]);
        let error = stderr(&output);
        assert!(!output.status.success());
        assert!(error.contains(told), "{told:?} is not in {error}");
        assert!(!data.exists());
    }
    std::fs::write(&csv, "image,A\na.png,1\nb.png,0\n").unwrap();
    let output = import(&csv, &images, &data, ["--val-share", "1"]);
    assert!(stderr(&output).contains("share of 1 for validation"));
}

/// Every command of the tutorial up to the page, with one epoch instead of its twenty.
#[cfg(unix)]
#[test]
fn the_tutorial_works_as_it_is_written() {
    let tutorial = std::fs::read_to_string("docs/own-data.md").unwrap();
    let (tutorial, page) = tutorial.split_once("## 5. The page").unwrap();
    assert!(page.contains("make run MODEL=runs/own/first/model.safetensors"));
    let mut script = String::from("set -euo pipefail\n");
    for block in tutorial.split("```sh\n").skip(1) {
        script += block.split("```").next().unwrap();
    }
    assert!(script.contains("--epochs 20"));
    let script = script.replace("--epochs 20", "--epochs 1");

    let temporary = TempDir::new().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_karyolens"));
    let link = |to: &Path, name: &str| {
        std::os::unix::fs::symlink(to, temporary.path().join(name)).unwrap();
    };
    std::fs::create_dir(temporary.path().join("target")).unwrap();
    link(program.parent().unwrap(), "target/release");
    link(&std::env::current_dir().unwrap().join("models"), "models");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(temporary.path())
        .output()
        .unwrap();
    let told = stdout(&output);
    for expected in [
        "wrote runs/own/data",
        "val_macro_f1",
        "macro AUC",
        "slide1_cell_4.png",
    ] {
        assert!(told.contains(expected), "{expected:?} is not in\n{told}");
    }
    assert!(told.contains("Vacuole") && !told.contains("risk"), "{told}");
    assert!(!told.contains("warning"), "{told}");
}
