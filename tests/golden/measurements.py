"""Golden values for tests/field/measure.rs: python3 tests/golden/measurements.py (numpy, opencv-python,
scikit-image, scipy).

Writes measurements.json beside itself: contours on crops/field.png, and the measurements of the masks that
OpenCV's fillPoly draws of them: those of scikit-image's regionprops where it has the measure, else computed
here with numpy and scipy.
"""

import json
import pathlib

import cv2
import numpy as np
from scipy import ndimage
from skimage.color import rgb2gray
from skimage.measure import regionprops

folder = pathlib.Path(__file__).parent
picture = cv2.imread(str(folder / "crops" / "field.png"))[..., ::-1]
grey = rgb2gray(picture) * 255
height, width = grey.shape
rng = np.random.default_rng(11)


def blob(middle, radii, roughness, count):
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    reach = 1 + roughness * rng.uniform(-1, 1, count)
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * radii * reach[:, None]
    turn = rng.uniform(0, np.pi)
    rotation = [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    return (points @ rotation + middle).round(1)


contours = [
    blob(rng.uniform([20, 20], [width - 20, height - 20]), rng.uniform(6, 22, 2), roughness, count)
    for roughness, count in [(0.02, 40), (0.1, 30), (0.3, 20), (0.5, 12), (0.2, 5)] * 3
]
contours.append(blob((2, 100), (12, 9), 0.1, 24))  # beyond the border
contours.append(np.array([[200, 10], [230, 10], [215, 10]]))  # a line
contours.append(np.array([[100, 200], [121, 200], [121, 221], [100, 221]]))
contours.append(np.array([[123, 200], [144, 200], [144, 221], [123, 221]]))  # a seam of a pixel

labels = np.zeros((height, width), np.int32)
masks = []
for label, points in enumerate(contours, 1):
    mask = np.zeros((height, width), np.uint8)
    whole = [np.rint(points).astype(np.int32)]
    cv2.fillPoly(mask, whole, 1)
    cv2.fillPoly(labels, whole, label)
    masks.append(mask)


def measured(label, mask):
    [region] = regionprops(mask, intensity_image=grey)
    inside = mask == 1
    sums = ndimage.convolve(np.where(inside, grey, 0), np.ones((3, 3)), mode="constant")
    counts = ndimage.convolve(mask.astype(float), np.ones((3, 3)), mode="constant")
    border = inside & ~ndimage.binary_erosion(inside)
    other = (labels > 0) & (labels != label)
    near_other = ndimage.binary_dilation(other, np.ones((5, 5)))
    row, column = region.centroid
    others = [regionprops(one)[0].centroid for i, one in enumerate(masks, 1) if i != label]
    values = {
        "area": region.area,
        "perimeter": region.perimeter,
        "equivalent_diameter_area": region.equivalent_diameter_area,
        "axis_major_length": region.axis_major_length,
        "axis_minor_length": region.axis_minor_length,
        "orientation": region.orientation,
        "intensity_mean": region.intensity_mean,
        "intensity_std": region.intensity_std,
        "solidity": region.solidity,
        "texture": np.sqrt(np.mean((grey - sums / np.maximum(counts, 1))[inside] ** 2)),
        "nearest_neighbour": min(np.hypot(row - y, column - x) for y, x in others),
        "touching": (border & near_other).sum() / border.sum(),
        "area_ratio": region.area / np.median([one.sum() for one in masks]),
    }
    if region.axis_minor_length > 0:
        values["axis_ratio"] = region.axis_major_length / region.axis_minor_length
        values["circularity"] = 4 * np.pi * region.area / region.perimeter**2
    return {name: float(value) for name, value in values.items()}


golden = [
    {"points": points.tolist(), "values": measured(label, mask)}
    for label, (points, mask) in enumerate(zip(contours, masks), 1)
]
(folder / "measurements.json").write_text(json.dumps(golden) + "\n")
