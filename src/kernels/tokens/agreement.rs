//! Cases in which the GPU must agree with the CPU.

use super::{beside, tokens};
use crate::kernels::agreement::cases::Cases;

pub fn cases(cases: &mut Cases) {
    for [batch, count, width] in [[1, 5, 6], [2, 65, 48], [1, 197, 192]] {
        cases.add(format!("tokens {batch}×{count}×{width}"), move |random| {
            let patches = random.next([batch, count - 1, width]);
            let class_token = random.next([1, 1, width]);
            tokens(patches, class_token, random.next([1, count, width])).flatten(0, 2)
        });
        let name = format!("beside {count}×{batch} and {count}×{width}");
        cases.add(name, move |random| {
            beside(random.next([count, batch]), random.next([count, width])).flatten(0, 1)
        });
    }
}
