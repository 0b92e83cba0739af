//! Products against exact ones, for sides that divide by nothing.

use super::super::{Epilogue, Rows, Source, Store};
use super::{Halves, Method, multiply, outer, pack};

fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Rows, depth and columns that divide by nothing, and more than one block or task of each.
const SIDES: [[usize; 3]; 6] = [
    [1, 1, 1],
    [33, 40, 36],
    [70, 100, 33],
    [131, 384, 100],
    [600, 97, 1030],
    [1300, 64, 32],
];

/// The exact product of `a` and a `b` of `[depth, columns]`.
fn exact_product(
    [rows, depth, columns]: [usize; 3],
    a: impl Fn(usize, usize) -> f32,
    b: &[f32],
) -> Vec<f64> {
    let at = |i: usize, j: usize| -> f64 {
        let products = (0..depth).map(|k| f64::from(a(i, k)) * f64::from(b[k * columns + j]));
        products.sum()
    };
    (0..rows * columns)
        .map(|i| at(i / columns, i % columns))
        .collect()
}

/// The methods of this machine.
fn methods() -> impl Iterator<Item = Method> {
    let all = [
        Method::Tiles(Halves::High),
        Method::Tiles(Halves::HighAndLow),
        Method::Dots,
    ];
    all.into_iter().filter(|method| method.is_there())
}

fn check(name: &str, halves: Halves, depth: usize, found: &[f32], exact: &[f64]) {
    // Of the sum of as many products of values up to 1.
    let tolerance = match halves {
        Halves::High => 2f64.powi(-8),
        Halves::HighAndLow => 2f64.powi(-16),
    } * (depth as f64).sqrt();
    assert_eq!(found.len(), exact.len());
    for (found, exact) in found.iter().zip(exact) {
        let apart = (f64::from(*found) - exact).abs();
        assert!(apart <= tolerance, "{name}, {halves:?}: {found}, {exact}");
    }
}

#[test]
fn products_of_every_size_are_as_exact_as_they_promise() {
    for method in methods() {
        let halves = method.halves();
        for [rows, depth, columns] in SIDES {
            let (a, b) = (values(rows * depth, 1), values(depth * columns, 2));
            let exact = exact_product([rows, depth, columns], |i, k| a[i * depth + k], &b);
            let packed = pack(Source::plain(&b, depth, columns, columns), method);
            // A row in one run, and in as many runs as it has values.
            for runs in [1, depth] {
                let mut found = vec![0.0; rows * columns];
                let store = Store::new(&mut found, columns, Epilogue::default());
                let a = in_runs(&a, rows, depth, runs);
                multiply(a, &packed, method, columns, &store);
                let name = format!("{method:?}, {rows}×{depth}×{columns}, {runs} runs");
                check(&name, halves, depth, &found, &exact);
            }
            let turned: Vec<f32> = (0..columns * depth)
                .map(|i| b[i % depth * columns + i / depth])
                .collect();
            let transposed = Source::transposed(&turned, depth, columns, depth);
            assert!(
                packed[..] == pack(transposed, method)[..],
                "another packing"
            );
        }
    }
}

#[test]
fn products_over_rows_of_every_size_are_as_exact_as_they_promise() {
    for method in methods() {
        let halves = method.halves();
        for [height, depth, columns] in SIDES {
            let (a, b) = (values(depth * height, 3), values(depth * columns, 4));
            let exact = exact_product([height, depth, columns], |i, k| a[k * height + i], &b);
            for runs in [1, height] {
                let a = in_runs(&a, depth, height, runs);
                let found = outer(a, &b, columns, method);
                let name = format!("{method:?}, {height}×{depth}×{columns}, {runs} runs");
                check(&name, halves, depth, &found, &exact);
            }
        }
    }
}

/// A plain matrix, its rows taken as some runs.
fn in_runs(a: &[f32], rows: usize, width: usize, runs: usize) -> Rows<'_> {
    Rows {
        runs,
        run: width / runs,
        run_step: width / runs,
        ..Rows::plain(a, rows, width, width)
    }
}
