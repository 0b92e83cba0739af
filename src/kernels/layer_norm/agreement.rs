//! Cases in which the GPU must agree with the CPU.

use super::layer_norm;
use crate::kernels::agreement::cases::Cases;

pub fn cases(cases: &mut Cases) {
    for [rows, columns] in [[1, 4], [5, 7], [3, 40], [260, 33], [197, 192], [2, 512]] {
        cases.add(format!("layer norm {rows}×{columns}"), move |random| {
            let x = random.next([rows, columns]);
            let (gamma, beta) = (random.next([columns]), random.next([columns]));
            layer_norm::<2>(x, gamma, beta, 1e-6).flatten(0, 1)
        });
    }
}
