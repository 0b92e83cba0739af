//! Cases in which the GPU must agree with the CPU.

use super::attention;
use crate::kernels::agreement::cases::Cases;

pub fn cases(cases: &mut Cases) {
    for [batch, count, heads, side] in [[1, 5, 2, 3], [2, 65, 3, 16], [1, 197, 3, 64]] {
        let name = format!("attention {batch}×{count}, {heads} heads of {side}");
        cases.add(name, move |random| {
            attention(random.next([batch, count, 3 * heads * side]), heads).flatten(0, 2)
        });
    }
}
