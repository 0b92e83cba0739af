"""Golden values for tests/losses.rs: python3 tests/golden/losses.py (numpy).

Writes losses.json beside itself: logits and labels, the value of each loss, and its gradient for every
logit, by central differences in 64 bits.
"""

import json
import pathlib

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def log_sigmoid(z):
    return -np.logaddexp(0, -z)


def bce(z, y):
    return -(y * log_sigmoid(z) + (1 - y) * log_sigmoid(-z)).mean()


def asl(z, y, positive=1, negative=4, margin=0.05):
    p = sigmoid(z)
    shifted = np.maximum(p - margin, 0)
    present = (1 - p) ** positive * log_sigmoid(z)
    absent = shifted**negative * np.log(1 - shifted)
    return -(y * present + (1 - y) * absent).mean()


def lpr(z, y):
    p = sigmoid(z)
    total, pairs = 0.0, 0
    for p_row, y_row in zip(p, y):
        for a in np.flatnonzero(y_row == 1):
            for b in np.flatnonzero(y_row == 0):
                total += np.log(1 + np.exp(p_row[b] - p_row[a]))
                pairs += 1
    return total / (pairs + 1e-8)


def distilled(z, y, teachers, share, temperature):
    soft = bce(z / temperature, teachers) * temperature**2
    return (1 - share) * bce(z, y) + share * soft


def gradient(f, z, step=1e-5):
    slope = np.zeros_like(z)
    for i in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[i] += step
        down[i] -= step
        slope[i] = (f(up) - f(down)) / (2 * step)
    return slope


def case(name, settings, f, z, y, teachers=None):
    return {
        "name": name,
        "settings": settings,
        "features": z.shape[1],
        "logits": z.ravel().tolist(),
        "targets": y.ravel().tolist(),
        "teachers": None if teachers is None else teachers.ravel().tolist(),
        "loss": f(z),
        "gradient": gradient(f, z).ravel().tolist(),
    }


def cases():
    rng = np.random.default_rng(3)
    z = np.round(rng.normal(0, 2, (5, 9)), 4)
    y = (rng.random((5, 9)) < 0.4).astype(float)
    y[1] = 1  # a row without an absent feature
    y[2] = 0  # a row without a present one
    soft = y.copy()
    soft[3, :4] = [0.3, 0.7, 0.5, 0.999]  # in neither set of LPR
    teachers = np.round(sigmoid(rng.normal(0, 1.5, z.shape)), 4)
    yield case("bce", {"loss": "bce"}, lambda z: bce(z, soft), z, soft)
    yield case("spa", {"loss": "spa"}, lambda z: bce(z, soft), z, soft)
    yield case("asl", {"loss": "asl"}, lambda z: asl(z, soft), z, soft)
    # Where a probability is 0 or 1 in 32 bits.
    sure = np.array([[-120.0, -40, -20, 0, 20, 40, 120]] * 2)
    both = np.array([[0.0] * 7, [1.0] * 7])
    yield case("bce without doubt", {"loss": "bce"}, lambda z: bce(z, both), sure, both)
    yield case("asl without doubt", {"loss": "asl"}, lambda z: asl(z, both), sure, both)
    yield case(
        "bce and lpr", {"lpr": 0.05}, lambda z: bce(z, soft) + 0.05 * lpr(z, soft), z, soft
    )
    yield case(
        "much lpr", {"loss": "spa", "lpr": 3.0}, lambda z: bce(z, y) + 3 * lpr(z, y), z, y
    )
    nothing = np.zeros((2, 9))
    yield case(
        "no pair at all", {"lpr": 1.0}, lambda z: bce(z, nothing) + lpr(z, nothing), z[:2], nothing
    )
    yield case(
        "label smoothing, which LPR does not see",
        {"label_smoothing": 0.1, "lpr": 0.5},
        lambda z: bce(z, 0.9 * y + 0.05) + 0.5 * lpr(z, y),
        z,
        y,
    )
    yield case(
        "teachers",
        {"temperature": 2.0, "teacher_share": 0.7},
        lambda z: distilled(z, soft, teachers, 0.7, 2),
        z,
        soft,
        teachers,
    )


out = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(json.dumps(c) for c in cases())
out.write_text(f"[\n{lines}\n]\n")
