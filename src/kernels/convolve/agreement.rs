//! Cases in which the GPU must agree with the CPU.

use super::{convolve, convolve_join};
use crate::kernels::Images;
use crate::kernels::agreement::cases::{Cases, EXACT, Inputs, WINDOWS};

pub fn cases(cases: &mut Cases) {
    for (images, to, window) in WINDOWS {
        let name = format!("{images:?} to {to}, {window:?}");
        let inputs = move |inputs: &mut Inputs| {
            let x = inputs.next(images);
            let weight = inputs.next([to, images[3], window.kernel, window.kernel]);
            (x, weight, inputs.next([to]))
        };
        cases.add(format!("convolve {name}"), move |random| {
            let (x, weight, bias) = inputs(random);
            convolve(x, weight, Some(bias), window, EXACT).flatten(0, 3)
        });
        let name = format!("convolve with a residual and ReLU {name}");
        cases.add(name, move |random| {
            let (x, weight, bias) = inputs(random);
            let residual = random.next(window.output(Images::new(images), to).shape());
            convolve_join(x, weight, Some(bias), window, Some(residual), true, EXACT).flatten(0, 3)
        });
    }
}
