"""Golden values for tests/methods.rs and src/train/run/optimiser.rs: python3 tests/golden/methods.py.

Writes methods.json beside itself. numpy computes the sampler's weights, CutMix and the average of weights;
PyTorch computes AdamW and the learning rates.
"""

import json
import pathlib

import numpy as np
import torch

rng = np.random.default_rng(11)


def sampler():
    """w_i = Σ_c y_ic / (n_c + 1e-6), or the largest or the mean of those terms."""
    labels = (rng.random((12, 4)) < [0.6, 0.3, 0.1, 0.0]).astype(int)
    labels[5] = 0
    labels[6, 2] = 1
    terms = labels / (labels.sum(0) + 1e-6)
    shown = np.maximum(labels.sum(1), 1)
    return {
        "labels": labels.tolist(),
        "sum": terms.sum(1).tolist(),
        "max": terms.max(1).tolist(),
        "mean": (terms.sum(1) / shown).tolist(),
    }


def cutmix():
    """Boxes of sides W√(1 − λ) about a pixel, clipped; labels mixed by the share that remains."""
    side = 12
    cases = []
    for kept, x, y in [(0.75, 0.5, 0.5), (0.3, 0.9, 0.4), (0.0, 0.5, 0.25), (0.99999, 0.2, 0.2)]:
        own, partner = rng.integers(0, 99, (2, 3, side, side))
        labels, others = np.array([1, 0, 1, 0.25]), np.array([0, 1, 1, 1])
        length = int(side * np.sqrt(1 - kept))
        first_x, last_x = np.clip(int(x * side) + np.array([-(length // 2), length // 2]), 0, side)
        first_y, last_y = np.clip(int(y * side) + np.array([-(length // 2), length // 2]), 0, side)
        image = own.copy()
        image[:, first_y:last_y, first_x:last_x] = partner[:, first_y:last_y, first_x:last_x]
        share = 1 - (last_x - first_x) * (last_y - first_y) / side**2
        cases.append(
            {
                "kept": kept,
                "centre": [x, y],
                "own": own.ravel().tolist(),
                "partner": partner.ravel().tolist(),
                "labels": labels.tolist(),
                "others": others.tolist(),
                "image": image.ravel().tolist(),
                "share": share,
                "mixed": (share * labels + (1 - share) * others).tolist(),
            }
        )
    return {"side": side, "cases": cases}


def average():
    """w̄ ← d·w̄ + (1 − d)·w, d = min(decay, (1 + t) / (10 + t)) after t updates."""
    decay = 0.3
    weights = rng.normal(0, 1, 8)
    averaged = [weights[0]]
    for t, weight in enumerate(weights[1:]):
        d = min(decay, (1 + t) / (10 + t))
        averaged.append(d * averaged[-1] + (1 - d) * weight)
    return {"decay": decay, "weights": weights.tolist(), "averages": averaged}


def adamw():
    settings = {"rate": 0.02, "decay": 0.05, "betas": [0.9, 0.999], "epsilon": 1e-8}
    start = rng.normal(0, 1, 5)
    gradients = rng.normal(0, 1, (12, 5)) * np.array([1, 1e-3, 10, 0, 1])
    parameter = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimiser = torch.optim.AdamW(
        [parameter],
        lr=settings["rate"],
        weight_decay=settings["decay"],
        betas=settings["betas"],
        eps=settings["epsilon"],
    )
    steps = []
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        optimiser.step()
        steps.append(parameter.detach().tolist())
    return settings | {"start": start.tolist(), "gradients": gradients.tolist(), "steps": steps}


def rates():
    """The rate of every step: a line from a hundredth of the highest, then a cosine to zero."""
    cases = []
    for steps, warmup in [(20, 5), (12, 0), (7, 1)]:
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimiser = torch.optim.SGD([parameter], lr=0.1)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps - warmup)
        plan = cosine
        if warmup:
            rise = torch.optim.lr_scheduler.LinearLR(
                optimiser, start_factor=0.01, total_iters=warmup
            )
            plan = torch.optim.lr_scheduler.SequentialLR(optimiser, [rise, cosine], [warmup])
        found = []
        for _ in range(steps):
            found.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            plan.step()
        cases.append({"steps": steps, "warmup": warmup, "highest": 0.1, "rates": found})
    return cases


golden = {part.__name__: part() for part in (sampler, cutmix, average, adamw, rates)}
out = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(part)}" for name, part in golden.items())
out.write_text(f"{{\n{lines}\n}}\n")
