//! Batch normalisation and its statistics.

use burn::tensor::Tensor;
use karyolens::kernels::batch_norm::compose;
use karyolens::kernels::{self, BatchNorm};

use super::{assert_close, check, device, random, run};

#[test]
fn batch_norm() {
    let device = device();
    for shape in [[2, 2, 2, 1], [2, 7, 5, 33], [4, 12, 12, 64]] {
        let channels = shape[3];
        let x = (random(shape, &device) + 10.0).detach().require_grad();
        let residual = random(shape, &device);
        let gamma = random([channels], &device);
        let beta = random([channels], &device);
        let running = random([channels], &device).detach();
        for training in [true, false] {
            let norm = |gamma: Tensor<1>, beta: Tensor<1>| {
                let (mean, variance) = match training {
                    true => kernels::statistics(x.clone()),
                    false => (running.clone(), running.clone().abs()),
                };
                BatchNorm {
                    mean,
                    variance,
                    gamma,
                    beta,
                    epsilon: 1e-5,
                    training,
                }
            };
            for relu in [true, false] {
                let name = format!("{shape:?}, training {training}, ReLU {relu}");
                check(
                    &name,
                    || {
                        run!(
                            |x, g, b| kernels::batch_norm(x, norm(g, b), None, relu),
                            x,
                            gamma,
                            beta
                        )
                    },
                    || {
                        run!(
                            |x, g, b| compose::batch_norm(x, norm(g, b), None, relu),
                            x,
                            gamma,
                            beta
                        )
                    },
                );
                check(
                    &format!("{name}, with a shortcut"),
                    || {
                        run!(
                            |x, g, b, r| kernels::batch_norm(x, norm(g, b), Some(r), relu),
                            x,
                            gamma,
                            beta,
                            residual
                        )
                    },
                    || {
                        run!(
                            |x, g, b, r| compose::batch_norm(x, norm(g, b), Some(r), relu),
                            x,
                            gamma,
                            beta,
                            residual
                        )
                    },
                );
            }
        }
        let (mean, variance) = kernels::statistics(x.clone());
        let (their_mean, their_variance) = compose::statistics(x);
        assert_close(
            "statistics",
            &vec![mean.into_data(), variance.into_data()],
            &vec![their_mean.into_data(), their_variance.into_data()],
        );
    }
}
