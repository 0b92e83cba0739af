//! A small house that keeps every rule, and the same house with each rule broken on purpose.

use super::{Texts, breaches};

/// A library with a map, a re-export, a folder, a file for each kind of machine, and a program.
fn house() -> Texts {
    let files = [
        (
            "src/lib.rs",
            "//! | module | contents | may use |
             //! |---|---|---|
             //! | [`kernels`] | arithmetic | nothing |
             //! | [`model`] | networks | `kernels` |
             //! | `train` | learning (native) | `model`, `train::data` |
             //! | `train::data` | records | nothing |
             //! | `cli` | commands | everything but `web` |
             //! | `web` | the page | `model` |
             pub mod kernels;
             pub mod model;
             #[cfg(not(target_family = \"wasm\"))]
             pub mod train;
             #[cfg(not(target_family = \"wasm\"))]
             pub mod cli;
             mod web;",
        ),
        ("src/kernels.rs", "pub fn linear() {}\npub struct Window;"),
        (
            "src/model/mod.rs",
            "#[cfg(unix)]
             mod fold;
             #[cfg(not(unix))]
             #[path = \"no_fold.rs\"]
             mod fold;
             mod layers;
             mod resnet;
             pub use layers::{Layer, self as parts};
             pub use resnet::*;
             pub const SIDE: usize = 32;",
        ),
        ("src/model/fold.rs", "pub fn fold() {}"),
        ("src/model/no_fold.rs", "pub fn fold() {}"),
        (
            "src/model/layers.rs",
            "use crate::kernels::{self, Window};
             /// Not the same as [`crate::train`].
             pub struct Layer(Window);
             pub fn run() { kernels::linear(); let _ = (super::SIDE, \"crate::train::fit\"); }
             #[cfg(test)]
             mod tests { use crate::train::fit; use super::*; #[test] fn fits() { fit() } }",
        ),
        (
            "src/model/resnet.rs",
            "use super::{Layer, fold}; pub struct ResNet(Layer); pub fn start() { fold::fold() }",
        ),
        (
            "src/train/mod.rs",
            "pub mod data;\npub fn fit() { data::read() }",
        ),
        ("src/train/data.rs", "pub fn read() {}"),
        (
            "src/cli/mod.rs",
            "use clap::Parser;\n#[derive(Parser)]\nstruct Arguments;\nfn run() { crate::train::fit(); }",
        ),
        (
            "src/web.rs",
            "use crate::model::{self, Layer};\nfn run(_: Layer) { model::start() }",
        ),
        ("src/main.rs", "fn main() { karyolens::cli::main() }"),
    ];
    let text = |(path, text): (&str, &str)| {
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        (path.to_string(), lines.join("\n"))
    };
    files.into_iter().map(text).collect()
}

/// The breaches of the house after `code` was added to the end of a file.
fn with(file: &str, code: &str) -> Vec<String> {
    let mut texts = house();
    let text = texts.entry(file.into()).or_default();
    text.push('\n');
    text.push_str(code);
    breaches(&texts).unwrap().into_iter().collect()
}

/// The error of the house after a part of `src/lib.rs` was replaced.
fn with_map(old: &str, new: &str) -> String {
    let mut texts = house();
    let library = texts.get_mut("src/lib.rs").unwrap();
    assert!(library.contains(old));
    *library = library.replace(old, new);
    breaches(&texts).unwrap_err()
}

const AGAINST: &str = "src/model/resnet.rs uses train, which the map's row of model forbids";
const CIRCLE: [&str; 2] = [
    "src/model/layers.rs uses src/model/resnet.rs, which comes back to it",
    "src/model/resnet.rs uses src/model/layers.rs, which comes back to it",
];

#[test]
fn a_house_in_order_has_no_breach() {
    assert_eq!(breaches(&house()).unwrap().len(), 0);
}

#[test]
fn every_way_to_name_a_forbidden_room_is_found() {
    for code in [
        "use crate::train::fit;",
        "use crate::train;",
        "use crate::{kernels::linear, train::{self as other}};",
        "use crate::{\n    kernels::{\n        linear,\n    },\n    train::*,\n};",
        "fn f() { crate::train::fit(); }",
        "fn f() { super::super::train::fit(); }",
        "fn f() { vec![crate::train::fit()]; }",
        "macro_rules! m { () => { $crate::train::fit() } }",
        "#[serde(with = crate::train::fit)] struct S;",
        "mod inner { fn f() { super::super::super::train::fit(); } }",
        "#[cfg(unix)] fn f() { crate::train::fit(); }",
        "fn f(_: <crate::train::T as Iterator>::Item) {}",
    ] {
        assert_eq!(with("src/model/resnet.rs", code), [AGAINST], "{code}");
    }
}

#[test]
fn tests_texts_and_other_crates_are_no_uses() {
    for code in [
        "#[cfg(test)] use crate::train::fit;",
        "#[cfg(test)] fn f() { crate::train::fit(); }\nfn g() {}",
        "#[cfg(test)] const N: [u8; { 1 }] = [crate::train::N];",
        "#[cfg(test)] #[allow(unused)] pub(super) mod tests { fn f() { crate::train::fit(); } }",
        "// crate::train::fit()\nconst S: &str = \"crate::train\";",
        "use train::fit; fn f() { ::train::fit(); other::crate_train(); }",
    ] {
        assert_eq!(with("src/model/resnet.rs", code), [""; 0], "{code}");
    }
}

#[test]
fn a_room_within_a_room_has_a_row_of_its_own() {
    assert_eq!(
        with("src/train/data.rs", "use super::fit;"),
        ["src/train/data.rs uses train, which the map's row of train::data forbids"]
    );
    // By way of another room.
    assert_eq!(
        with("src/train/mod.rs", "use crate::kernels::linear;"),
        [""; 0]
    );
}

#[test]
fn a_circle_between_files_is_found_through_re_exports() {
    for code in [
        "use super::resnet::ResNet;",
        "use super::ResNet;",
        "use crate::model::ResNet;",
        "fn f() { super::start(); }",
        "use super::resnet; fn f() { resnet::start(); }",
        "use crate::model::*; use super::resnet::*;",
    ] {
        assert_eq!(with("src/model/layers.rs", code), CIRCLE, "{code}");
    }
    assert_eq!(
        with("src/model/no_fold.rs", "use super::ResNet;"),
        [
            "src/model/no_fold.rs uses src/model/resnet.rs, which comes back to it",
            "src/model/resnet.rs uses src/model/no_fold.rs, which comes back to it",
        ]
    );
}

#[test]
fn a_circle_may_go_through_the_code_of_a_folder_but_not_through_its_re_exports() {
    let mut texts = house();
    texts.insert(
        "src/cli/mod.rs".into(),
        "mod first; mod second; fn run() { first::go() }".into(),
    );
    texts.insert(
        "src/cli/first.rs".into(),
        "pub fn go() { super::second::go() }".into(),
    );
    texts.insert(
        "src/cli/second.rs".into(),
        "pub fn go() { let _ = super::run; }".into(),
    );
    assert_eq!(breaches(&texts).unwrap().len(), 0);
    texts.insert("src/train/data.rs".into(), "use crate::cli::first;".into());
    texts.insert(
        "src/cli/second.rs".into(),
        "pub use super::first::go;".into(),
    );
    let found = breaches(&texts).unwrap();
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["src/train/data.rs uses cli, which the map's row of train::data forbids"]
    );
    texts.insert("src/train/data.rs".into(), String::new());
    texts.insert(
        "src/cli/second.rs".into(),
        "pub use super::first::go; pub fn two() { go(); go() }".into(),
    );
    texts.insert(
        "src/cli/first.rs".into(),
        "pub fn go() { super::second::two() }".into(),
    );
    assert_eq!(breaches(&texts).unwrap().len(), 2);
}

#[test]
fn the_crate_of_arguments_is_found_outside_the_command_line() {
    for code in [
        "use clap::Args;",
        "#[derive(clap::ValueEnum)] enum E {}",
        "fn f(_: clap::Command) {}",
    ] {
        for file in ["src/kernels.rs", "src/main.rs", "src/train/data.rs"] {
            let expected = format!("{file} names clap, which belongs to src/cli");
            assert_eq!(with(file, code), [expected], "{code}");
        }
    }
}

#[test]
fn the_map_is_whole_and_leads_nowhere_back() {
    let mut texts = house();
    texts.insert("src/files.rs".into(), String::new());
    texts
        .get_mut("src/lib.rs")
        .unwrap()
        .push_str("\nmod files;\n//! | `gone` | nothing | nothing |");
    assert_eq!(
        breaches(&texts).unwrap().into_iter().collect::<Vec<_>>(),
        [
            "files has no row in the map",
            "the map has a row for gone, and there is no such module"
        ]
    );
    for (old, new, error) in [
        (
            "| arithmetic | nothing |",
            "| arithmetic | `web` |",
            "by the map kernels may come to use itself",
        ),
        (
            "| arithmetic | nothing |",
            "| arithmetic | `stranger` |",
            "the map lets kernels use stranger, which has no row",
        ),
        (
            "| arithmetic | nothing |",
            "| arithmetic | little |",
            "the map says of kernels: little, which names no module",
        ),
        (
            "//! | `web` |",
            "//! | `cli` | again | nothing |
//! | `web` |",
            "the map has two rows for cli",
        ),
        (
            "mod web;",
            "mod website;",
            "src/lib.rs declares the module website, which has no file",
        ),
        ("mod web;", "mod web; fn {", "src/lib.rs: "),
    ] {
        let said = with_map(old, new);
        assert!(said.starts_with(error), "{said}");
    }
}
