"""Golden values for tests/field/crop.rs: python3 tests/golden/crops.py (numpy, opencv-python).

Writes into crops/: field.png, drawn here, crops.json with contours and scales, and for each the cell image
that OpenCV makes of it: <n>.png.
"""

import json
import pathlib

import cv2
import numpy as np

CANVAS, MARGIN, WHITE = 224, 1, 255
out = pathlib.Path(__file__).with_suffix("")
out.mkdir(exist_ok=True)
rng = np.random.default_rng(3)


def field(width=300, height=240):
    """Blotches of stain with sharp edges, so that a softer filter would show."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    picture = np.full((height, width, 3), (225.0, 200.0, 215.0))
    for _ in range(60):
        middle, radii = rng.uniform([0, 0], [width, height]), rng.uniform(6, 22, 2)
        inside = ((x - middle[0]) / radii[0]) ** 2 + ((y - middle[1]) / radii[1]) ** 2 < 1
        picture[inside] = rng.uniform(20, 200, 3)
    stripes = 18 * np.sign(np.sin(x / 1.9) * np.sin(y / 2.3))
    return np.clip(picture + stripes[..., None], 0, 255).astype(np.uint8)


def outline(middle, radii, count=30):
    angle = np.arange(count) / count * 2 * np.pi
    reach = 1 + 0.15 * np.sin(3 * angle + middle[0])
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * radii * reach[:, None]
    return (points + middle).round(2)


def crop(picture, points, scale):
    """The recipe of the study's viewer, with a scale: pad by one, whiten outside, resize, centre."""
    height, width = picture.shape[:2]
    whole = np.rint(points).astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [whole], 1)
    left, top = np.maximum(whole.min(0) - MARGIN, 0)
    right, bottom = np.minimum(whole.max(0) + MARGIN + 1, [width, height])
    cell = np.where(mask[..., None] == 1, picture, WHITE)[top:bottom, left:right]
    cell = np.ascontiguousarray(cell, dtype=np.uint8)
    scale = min(scale, CANVAS / max(cell.shape[:2]))
    size = [max(1, round(side * scale)) for side in (cell.shape[1], cell.shape[0])]
    cell = cv2.resize(cell, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    canvas = np.full((CANVAS, CANVAS, 3), WHITE, np.uint8)
    left, top = (CANVAS - size[0]) // 2, (CANVAS - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cell
    return canvas


picture = field()
cases = [
    (outline((60, 50), (14, 10)), 2.2),
    (outline((150, 120), (17, 17)), 2.2),
    (outline((8, 200), (14, 20)), 2.2),  # beyond the border
    (outline((220, 60), (12, 30)), 1.37),
    (outline((150, 120), (80, 60)), 2.2),  # fitted to the canvas, still enlarged
    (outline((150, 120), (160, 130)), 2.2),  # fitted to the canvas, shrunk
    (outline((200, 180), (30, 22)), 0.5),
    (outline((100, 150), (40, 33)), 0.83),
    (outline((60, 50), (14, 10)), 1.0),
]
cv2.imwrite(str(out / "field.png"), picture[..., ::-1])
for number, (points, scale) in enumerate(cases):
    cv2.imwrite(str(out / f"{number}.png"), crop(picture, points, scale)[..., ::-1])
listed = [{"points": points.tolist(), "scale": scale} for points, scale in cases]
(out / "crops.json").write_text(json.dumps(listed) + "\n")
