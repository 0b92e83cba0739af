"""Golden values for tests/metrics.rs: python3 tests/golden/metrics.py (numpy, scikit-learn).

Writes metrics.json beside itself: cases of probabilities and labels with scikit-learn's figures. Among
them are ties, an absent feature, an always-present feature and empty predictions. Each case has calls at
thresholds that were searched on the other folds; some have percentile intervals over given resamples.
"""

import json
import pathlib
import warnings

import numpy as np
from sklearn import metrics as m
from sklearn.calibration import _SigmoidCalibration

warnings.filterwarnings("ignore")  # undefined figures are part of the cases
BINS = 15


def calibration_error(y, p):
    y, p = y.ravel(), p.ravel()
    bins = np.minimum(np.floor(p * BINS).astype(int), BINS - 1)
    return sum(
        (bins == b).mean() * abs(p[bins == b].mean() - y[bins == b].mean()) for b in np.unique(bins)
    )


def summary(y, p, thresholds):
    called = (p >= np.asarray(thresholds)).astype(int)
    f1 = lambda average: m.f1_score(y, called, average=average, zero_division=0)
    precision, recall, by_class, support = m.precision_recall_fscore_support(
        y, called, average=None, zero_division=0
    )
    ap = m.average_precision_score(y, p, average=None)
    auc = [
        m.roc_auc_score(y[:, c], p[:, c]) if 0 < y[:, c].sum() < len(y) else None
        for c in range(y.shape[1])
    ]
    defined = [a for a in auc if a is not None]
    return {
        "n": len(y),
        "macro_f1": f1("macro"),
        "micro_f1": f1("micro"),
        "weighted_f1": f1("weighted"),
        "samples_f1": f1("samples"),
        "class_map": m.average_precision_score(y, p, average="macro"),
        "sample_map": m.average_precision_score(y, p, average="samples"),
        "macro_auc": float(np.mean(defined)) if defined else None,
        "exact_match": m.accuracy_score(y, called),
        "hamming_loss": m.hamming_loss(y, called),
        "calibration_error": calibration_error(y, p),
        "per_feature": [
            {
                "threshold": thresholds[c],
                "support": int(support[c]),
                "precision": precision[c],
                "recall": recall[c],
                "f1": by_class[c],
                "ap": ap[c],
                "auc": auc[c],
            }
            for c in range(y.shape[1])
        ],
    }


GRID = [k / 100 for k in range(10, 90)]


def highest(y, p):
    f1 = lambda c, t: m.f1_score(y[:, c], p[:, c] >= t, zero_division=0)
    return [GRID[int(np.argmax([f1(c, t) for t in GRID]))] for c in range(y.shape[1])]


def expected(y, p):
    """The thresholds with the highest F1 to be expected by scikit-learn's Platt scaling."""

    def one(y, p):
        clipped = np.clip(p, 1e-6, 1 - 1e-6)
        logit = np.log(clipped / (1 - clipped))
        q = _SigmoidCalibration().fit(logit, y).predict(logit)
        f1 = lambda t: 2 * q[p >= t].sum() / ((p >= t).sum() + q.sum())
        return GRID[int(np.argmax(np.round([f1(t) for t in GRID], 9)))]

    return [one(y[:, c], p[:, c]) for c in range(y.shape[1])]


def cross_fitted(y, p, folds, search):
    called = np.zeros_like(y)
    for fold in np.unique(folds):
        own = folds == fold
        # Without another fold there is nothing to search on: the lowest threshold.
        thresholds = [0.1] * y.shape[1] if own.all() else search(y[~own], p[~own])
        called[own] = p[own] >= np.asarray(thresholds)
    return {
        "folds": folds.tolist(),
        "calls": called.ravel().tolist(),
        "macro_f1": m.f1_score(y, called, average="macro", zero_division=0),
        "micro_f1": m.f1_score(y, called, average="micro", zero_division=0),
    }


FIGURES = ["macro_f1", "micro_f1", "weighted_f1", "samples_f1", "class_map", "sample_map", "macro_auc"]


def bootstrap(y, p, thresholds, resamples):
    """Every figure of every resample by scikit-learn, then numpy's percentiles."""
    drawn = [summary(y[rows], p[rows], thresholds) for rows in resamples]
    values = {name: [d[name] for d in drawn if d[name] is not None] for name in FIGURES}
    return {
        "resamples": [rows.tolist() for rows in resamples],
        "intervals": {
            name: np.percentile(v, [2.5, 97.5]).tolist() if v else None for name, v in values.items()
        },
    }


def confusion(y, p, thresholds):
    called = p >= np.asarray(thresholds)

    def share(a, b):
        cells = (y[:, a] == 1) if a == b else (y[:, a] == 1) & (y[:, b] == 0)
        return float(called[cells, b].mean()) if cells.any() else None

    return [[share(a, b) for b in range(y.shape[1])] for a in range(y.shape[1])]


def case(name, y, p, thresholds=None, resamples=0):
    y, p = np.asarray(y, dtype=int), np.asarray(p, dtype=float)
    thresholds = thresholds or [0.5] * y.shape[1]
    draw = np.random.default_rng(11)
    folds = draw.permutation(np.arange(len(y)) % 5)
    rows = [draw.integers(0, len(y), len(y)) for _ in range(resamples)]
    return {
        "name": name,
        "classes": y.shape[1],
        "targets": y.ravel().tolist(),
        "probabilities": p.ravel().tolist(),
        "thresholds": thresholds,
        "summary": summary(y, p, thresholds),
        "all_present": summary(y, np.ones_like(p), [0.5] * y.shape[1]),
        "highest": highest(y, p),
        "expected": expected(y, p),
        "cross_fitted": cross_fitted(y, p, folds, highest),
        "cross_fitted_expected": cross_fitted(y, p, folds, expected),
        "confusion": confusion(y, p, thresholds),
        "bootstrap": bootstrap(y, p, thresholds, rows) if rows else None,
    }


def cases():
    rng = np.random.default_rng(7)
    y = (rng.random((60, 9)) < np.linspace(0.1, 0.8, 9)).astype(int)
    p = np.round(1 / (1 + np.exp(-(2 * y - 1 + rng.normal(0, 1.5, y.shape)))), 6)
    yield case("random", y, p, resamples=50)
    yield case("own thresholds", y, p, [round(0.1 * c + 0.05, 2) for c in range(9)])
    yield case("ties on the thresholds", y[:40], np.round(p[:40] * 10) / 10, [0.3] * 9, 50)
    absent = y[:25].copy()
    absent[:, 2] = 0
    absent[3] = 0  # and a cell without any feature
    yield case("an absent feature", absent, p[:25], resamples=50)
    always = y[:25].copy()
    always[:, 5] = 1
    yield case("an always-present feature", always, np.round(p[:25], 1))
    yield case("nothing called", y[:20], p[:20] * 0.09)
    yield case("everything called", y[:20], np.ones((20, 9)))
    yield case("one score for all", y[:20], np.full((20, 9), 0.5))
    yield case("no labels at all", np.zeros((8, 3)), p[:8, :3], resamples=4)
    yield case("every label", np.ones((8, 3)), p[:8, :3])
    yield case("one cell", [[1, 0, 1]], [[0.9, 0.8, 0.2]], resamples=1)
    edges = np.arange(16)[:, None] / 15 * np.ones((1, 2))
    yield case("on the edges of the calibration bins", (edges > 0.4).astype(int), edges)


out = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(json.dumps(c) for c in cases())
out.write_text(f"[\n{lines}\n]\n")
