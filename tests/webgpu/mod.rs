//! The work that networks give a GPU, on paper: the sum over their layers is the table of docs/webgpu.md.
//! `KARYOLENS_WRITE=1` writes it anew.

mod launches;
mod networks;

use std::collections::BTreeMap;
use std::fmt::Write;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use karyolens::model::{Architecture, Normalisation};

use launches::Launch;

const DOCUMENT: &str = "docs/webgpu.md";
const NETWORKS: [&str; 3] = ["resnet-18", "convnext-atto", "vit-tiny"];
const SIDE: usize = 224;
const CLASSES: usize = 9;
/// The most dispatches of a forward pass for each of its layers.
const MOST_DISPATCHES: f64 = 1.3;

/// The dispatches of a forward pass.
fn launches(name: &str, batch: usize) -> Vec<Launch> {
    let architecture = Architecture::named(name).unwrap();
    networks::launches(&architecture, batch, SIDE, CLASSES)
}

/// The shapes of a network's matrices and filters.
#[derive(Default)]
struct Weights(Vec<Vec<usize>>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if [2, 4].contains(&D) {
            self.0.push(param.dims().to_vec());
        }
    }
}

#[test]
fn the_layers_counted_are_those_of_the_networks() {
    for name in NETWORKS {
        let architecture = Architecture::named(name).unwrap();
        let network = architecture.init(CLASSES, 0.0, &Device::flex());
        let mut weights = Weights::default();
        network
            .folded(Normalisation {
                mean: [0.5; 3],
                std: [0.25; 3],
            })
            .visit(&mut weights);
        let mut weights = weights.0;
        weights.sort();
        let counted = launches(name, 1).into_iter().map(|launch| launch.weight);
        let mut counted: Vec<_> = counted.filter(|weight| !weight.is_empty()).collect();
        counted.sort();
        assert_eq!(counted, weights, "{name}");
    }
}

/// A layer has weights or mixes tokens; pooling, means and the assembly of tokens are none.
fn is_layer(launch: &Launch) -> bool {
    !["max pool", "pixel mean", "tokens"].contains(&launch.kernel)
}

fn row(table: &mut String, names: [&str; 2], launches: &[&Launch]) {
    let sum = |part: fn(&Launch) -> u64| launches.iter().map(|launch| part(launch)).sum::<u64>();
    let (products, bytes, least) = (sum(|l| l.products), sum(|l| l.bytes), sum(|l| l.least));
    let [network, kernel] = names;
    writeln!(
        table,
        "| {network} | {kernel} | {} | {:.1} | {:.2} | {:.2} | {:.1} | {:.1} |",
        launches.len(),
        products as f64 / 1e6,
        bytes as f64 / 1e6,
        least as f64 / 1e6,
        bytes as f64 / least as f64,
        2.0 * products as f64 / bytes as f64,
    )
    .unwrap();
}

fn table() -> String {
    let mut table = String::from(
        "| network | kernel | dispatches | M multiplications | MB moved | MB at least | moved / least | operations a byte |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for name in NETWORKS {
        for batch in [1, 16] {
            let launches = launches(name, batch);
            let network = format!("{name}, batch {batch}");
            let mut kernels = BTreeMap::<&str, Vec<&Launch>>::new();
            for launch in &launches {
                kernels.entry(launch.kernel).or_default().push(launch);
            }
            for (kernel, launches) in kernels {
                row(&mut table, [&network, kernel], &launches);
            }
            row(
                &mut table,
                [&network, "**all**"],
                &launches.iter().collect::<Vec<_>>(),
            );
        }
    }
    table
}

#[test]
fn the_table_is_what_the_kernels_count_up_to() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once("<!-- table -->\n").unwrap();
    let (held, after) = rest.split_once("<!-- end -->").unwrap();
    let table = table();
    if std::env::var_os("KARYOLENS_WRITE").is_some() {
        let document = format!("{before}<!-- table -->\n{table}<!-- end -->{after}");
        std::fs::write(DOCUMENT, document).unwrap();
        return;
    }
    assert_eq!(
        held, table,
        "KARYOLENS_WRITE=1 cargo test --release --test native webgpu::"
    );
}

#[test]
fn a_forward_pass_takes_few_dispatches_beside_its_layers() {
    for name in NETWORKS {
        let launches = launches(name, 1);
        let layers = launches.iter().filter(|launch| is_layer(launch)).count();
        let most = MOST_DISPATCHES * layers as f64;
        assert!(
            launches.len() as f64 <= most,
            "{name}: {} dispatches for {layers} layers",
            launches.len()
        );
    }
}

#[test]
fn no_kernel_moves_less_than_it_must() {
    for name in NETWORKS {
        for launch in launches(name, 1) {
            assert!(launch.bytes >= launch.least, "{name}: {launch:?}");
        }
    }
}
