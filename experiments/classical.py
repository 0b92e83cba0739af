"""Outlines nuclei without a network, for comparison: threshold, distance transform, watershed.

    pip install numpy scikit-image pillow
    python experiments/classical.py FIELDS/images FOUND
    karyolens score-contours --predicted FOUND --truth FIELDS/contour

Of the channels tried (red, green, haematoxylin by colour deconvolution, saturation) and of two to four
classes, the most saturated of three classes found most nuclei of the thyroid fields.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_multiotsu
from skimage.measure import find_contours, regionprops
from skimage.segmentation import watershed

# In pixels of the thyroid fields, where a nucleus measures some 30.
BLUR = 1.5
APART = 8
SMALLEST, LARGEST = 100, 4000
# Clumps of red cells are less solid than nuclei.
SOLID = 0.85


def labels(picture):
    """The nuclei of a picture [height, width, 3], each with a number from 1."""
    saturation = picture.max(2).astype(float) - picture.min(2)
    saturation = gaussian(saturation, BLUR, preserve_range=True)
    mask = saturation > threshold_multiotsu(saturation, 3)[-1]
    mask = ndimage.binary_fill_holes(ndimage.binary_opening(mask, iterations=2))
    depth = gaussian(ndimage.distance_transform_edt(mask), BLUR, preserve_range=True)
    peaks = peak_local_max(
        depth, min_distance=APART, labels=ndimage.label(mask)[0], exclude_border=False
    )
    seeds = np.zeros(mask.shape, int)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-depth, seeds, mask=mask)


def outlines(picture):
    for region in regionprops(labels(picture)):
        if SMALLEST <= region.area <= LARGEST and region.solidity >= SOLID:
            # The line between the pixels inside and those outside.
            line = max(find_contours(np.pad(region.image, 1), 0.5), key=len) - 1
            top, left = region.bbox[:2]
            yield [[round(x + left, 2), round(y + top, 2)] for y, x in line[:-1]]


def main(images, found):
    found.mkdir(parents=True, exist_ok=True)
    for path in sorted(images.iterdir()):
        picture = np.asarray(Image.open(path).convert("RGB"))
        contours = [{"id": i, "points": points} for i, points in enumerate(outlines(picture))]
        (found / f"{path.stem}_contours.json").write_text(json.dumps(contours))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
