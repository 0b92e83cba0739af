"""Changes fields as other microscopes, stains and files would, to see whether their nuclei are still found.

    pip install numpy scikit-image pillow
    python experiments/disturbed.py FIELDS DISTURBED
    karyolens segment --model MODEL --enlarged 0.6 -o FOUND DISTURBED/smaller/images
    karyolens score-contours --predicted FOUND --truth DISTURBED/smaller/contour

FIELDS holds `images` and `contour`, as the study's fields do; so does each folder of DISTURBED: `smaller`
(0.6 of the size), `larger` (1.6), `redder` and `bluer` (the hue turned by 20 degrees either way), `blurred`
(a Gaussian of 1.5 px), `jpeg` (quality 40). segmenter.sh runs all of them.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.color import hsv2rgb, rgb2hsv
from skimage.filters import gaussian


def resized(scale):
    def change(picture):
        size = [round(side * scale) for side in picture.size]
        return picture.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)

    return change


def turned(degrees):
    def change(picture):
        hsv = rgb2hsv(np.asarray(picture))
        hsv[..., 0] = (hsv[..., 0] + degrees / 360) % 1
        return Image.fromarray(np.round(hsv2rgb(hsv) * 255).astype(np.uint8))

    return change


def blurred(picture):
    soft = gaussian(np.asarray(picture), 1.5, channel_axis=2, preserve_range=True)
    return Image.fromarray(np.round(soft).astype(np.uint8))


CHANGES = {
    "smaller": resized(0.6),
    "larger": resized(1.6),
    "redder": turned(20),
    "bluer": turned(-20),
    "blurred": blurred,
    "jpeg": lambda picture: picture,
}


def scaled(contours, before, after):
    """Contours of a picture of another size. Whole numbers are the centres of pixels."""
    factors = np.array(after) / before
    return [
        {**contour, "points": ((np.array(contour["points"]) + 0.5) * factors - 0.5).tolist()}
        for contour in contours
    ]


def main(fields, disturbed):
    for name, change in CHANGES.items():
        images, truth = disturbed / name / "images", disturbed / name / "contour"
        images.mkdir(parents=True, exist_ok=True)
        truth.mkdir(parents=True, exist_ok=True)
        for path in sorted((fields / "images").iterdir()):
            before = Image.open(path).convert("RGB")
            after = change(before)
            if name == "jpeg":
                after.save(images / f"{path.stem}.jpg", quality=40)
            else:
                after.save(images / f"{path.stem}.png", compress_level=1)
            file = f"{path.stem}_contours.json"
            if after.size == before.size:
                shutil.copyfile(fields / "contour" / file, truth / file)
            else:
                contours = json.loads((fields / "contour" / file).read_text())
                (truth / file).write_text(json.dumps(scaled(contours, before.size, after.size)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
