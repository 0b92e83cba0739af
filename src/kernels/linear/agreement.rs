//! Cases in which the GPU must agree with the CPU.

use super::{linear, linear_gelu, linear_join};
use crate::kernels::agreement::cases::{Cases, EXACT, Inputs};

pub fn cases(cases: &mut Cases) {
    for [rows, from, to] in [
        [1, 1, 1],
        [3, 5, 7],
        [1, 192, 9],
        [9, 40, 160],
        [50, 67, 33],
        [50, 67, 133],
        [131, 384, 100],
    ] {
        let inputs = move |inputs: &mut Inputs| {
            let x = inputs.next([1, rows, from]);
            (x, inputs.next([from, to]), inputs.next([to]))
        };
        cases.add(format!("linear {rows}×{from}×{to}"), move |random| {
            let (x, weight, bias) = inputs(random);
            linear::<3>(x, weight, Some(bias), EXACT).flatten(0, 2)
        });
        let name = format!("linear without bias {rows}×{from}×{to}");
        cases.add(name, move |random| {
            let (x, weight, _) = inputs(random);
            linear::<3>(x, weight, None, EXACT).flatten(0, 2)
        });
        let name = format!("linear with GELU {rows}×{from}×{to}");
        cases.add(name, move |random| {
            let (x, weight, bias) = inputs(random);
            linear_gelu::<3>(x, weight, Some(bias), EXACT).flatten(0, 2)
        });
        let name = format!("linear with a residual {rows}×{from}×{to}");
        cases.add(name, move |random| {
            let (x, weight, bias) = inputs(random);
            let residual = random.next([1, rows, to]);
            linear_join::<3>(x, weight, Some(bias), residual, EXACT).flatten(0, 2)
        });
    }
}
