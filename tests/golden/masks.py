"""Golden values for src/image/mask.rs: python3 tests/golden/masks.py (numpy, opencv-python).

Writes masks.json beside itself: polygons, and the pixels that OpenCV's fillPoly covers on their
rounded points, a text a row. Among them are contours with long and with short edges, lines that
cross themselves, points outside the picture, and shapes without an inside.
"""

import json
import pathlib

import cv2
import numpy as np

rng = np.random.default_rng(7)
WIDTH, HEIGHT = 26, 22


def blob(count):
    """A star-shaped outline about the middle."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    radius = rng.uniform(4, 10, count)
    return np.stack([12.5 + radius * np.cos(angle), 10.5 + radius * np.sin(angle)], 1)


def cases():
    for count in [3, 4, 5, 7, 9, 12, 20, 40]:
        yield blob(count).round()
        yield blob(count).round(3)
    for count in [3, 5, 8]:
        yield rng.integers(0, 22, (count, 2))  # crosses itself
        yield rng.integers(-12, 36, (count, 2))  # reaches outside
    for _ in range(12):
        yield (blob(rng.integers(4, 24)) + rng.uniform(-14, 14, 2)).round()  # partly outside
    yield [[4, 5], [17, 9], [4, 5]]
    yield [[9, 3], [9, 18], [9, 10]]
    yield [[6, 6], [6, 6], [6, 6]]
    # Edges of every slope, each in both directions.
    yield [[2, 2], [20, 3], [21, 19], [3, 20]]
    yield [[3, 20], [21, 19], [20, 3], [2, 2]]


golden = []
for points in map(np.asarray, cases()):
    assert not np.any(np.abs(points % 1 - 0.5) < 1e-9), "a half rounds differently from place to place"
    rows = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(rows, [points.round().astype(np.int32)], 1)
    golden.append(
        {"points": points.tolist(), "rows": ["".join(".#"[p] for p in row) for row in rows]}
    )

out = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(json.dumps(case) for case in golden)
out.write_text(f"[\n{lines}\n]\n")
