"""Golden values for tests/field/score.rs: python3 tests/golden/scores.py (numpy, opencv-python).

Writes scores.json beside itself: fields with true and found contours, and their figures, counted here
on label pictures that OpenCV's fillPoly draws. Among them are contours that lie over each other, reach
outside, have fewer than three points, or have no partner, and fields with nuclei on one side only.
"""

import json
import pathlib

import cv2
import numpy as np

rng = np.random.default_rng(21)


def blob(middle, radius):
    count = rng.integers(6, 30)
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    reach = radius * rng.uniform(0.8, 1.2, count)
    return np.stack([middle[0] + reach * np.cos(angle), middle[1] + reach * np.sin(angle)], 1)


def labelled(contours, width, height):
    labels = np.zeros((height, width), np.int32)
    for label, points in enumerate(contours, 1):
        if len(points) >= 3:
            cv2.fillPoly(labels, [np.rint(points).astype(np.int32)], label)
    return labels


def overlaps(found, truth, width, height):
    """IoU of each found label with each true one: [found, truth]."""
    found, truth = labelled(found, width, height), labelled(truth, width, height)
    masks = lambda labels: [labels == label for label in np.unique(labels) if label > 0]
    found, truth = masks(found), masks(truth)
    iou = np.zeros((len(found), len(truth)))
    for i, a in enumerate(found):
        for j, b in enumerate(truth):
            iou[i, j] = (a & b).sum() / (a | b).sum()
    return iou


def figures(fields):
    """Pooled over fields."""
    found, truth = sum(iou.shape[0] for iou in fields), sum(iou.shape[1] for iou in fields)
    count = lambda t: sum(int((iou > t).sum()) for iou in fields)
    f1 = lambda t: 2 * count(t) / max(1, found + truth)
    thresholds = [0.5 + 0.05 * i for i in range(10)]
    half = count(0.5)
    return {
        "f1_50": f1(0.5),
        "f1_75": f1(0.75),
        "ap_50_95": float(
            np.mean([count(t) / max(1, found + truth - count(t)) for t in thresholds])
        ),
        "pq": sum(float(iou[iou > 0.5].sum()) for iou in fields) / max(0.5, (found + truth) / 2),
        "precision": half / max(1, found),
        "recall": half / max(1, truth),
        "matched": half,
        "found": found,
        "truth": truth,
    }


def field(width, height, nuclei):
    truth, found = [], []
    for _ in range(nuclei):
        middle, radius = rng.uniform([0, 0], [width, height]), rng.uniform(5, 12)
        points = blob(middle, radius).round()
        if rng.random() < 0.85:
            truth.append(points)
        if rng.random() < 0.85:
            moved = points + rng.normal(0, 1.0, 2) + rng.normal(0, 0.7, points.shape)
            found.append(moved.round(2))
    truth.append(np.array([[3, 3], [8, 8]]))
    rng.shuffle(found)
    return width, height, found, truth


cases = [field(160, 120, 25), field(90, 110, 8), field(200, 60, 14)]
cases.append((50, 40, [blob((20, 20), 9).round()], []))
cases.append((50, 40, [], [blob((20, 20), 9).round()]))
cases.append((50, 40, [], []))
scored = [overlaps(found, truth, width, height) for width, height, found, truth in cases]
golden = {
    "fields": [
        {
            "size": [width, height],
            "found": [points.tolist() for points in found],
            "truth": [points.tolist() for points in truth],
            "scores": figures([iou]),
        }
        for (width, height, found, truth), iou in zip(cases, scored)
    ],
    "pooled": figures(scored),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
