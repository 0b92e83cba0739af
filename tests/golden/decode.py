"""Golden pictures for tests/decode.rs: python3 tests/golden/decode.py (numpy, Pillow).

Writes small files of kinds that our own encoders do not make into decode/. Beside each file it writes
the pixels that Pillow reads from it, upright and on white, as a plain PNG. The pictures are gradients,
not cells.
"""

import pathlib

import numpy as np
from PIL import Image, ImageOps

OUT = pathlib.Path(__file__).with_suffix("")
OUT.mkdir(exist_ok=True)
WIDTH, HEIGHT = 40, 28

y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
smooth = np.stack([x * 6, y * 9, 255 - x * 3 - y * 3], axis=-1).clip(0, 255).astype(np.uint8)
alpha = (x * 255 / (WIDTH - 1)).astype(np.uint8)
rgb = Image.fromarray(smooth)
rgba = Image.fromarray(np.dstack([smooth, alpha]))
grey = Image.fromarray(smooth[..., 1])
palette = rgb.quantize(16)


def save(name, image, **options):
    path = OUT / name
    image.save(path, **options)
    read = ImageOps.exif_transpose(Image.open(path))
    if read.mode in ("I;16", "I"):  # Pillow would clip where rounding is meant
        read = Image.fromarray((np.asarray(read).astype(float) / 257).round().astype(np.uint8))
    read = read.convert("RGBA")
    white = np.full_like(np.asarray(read), 255)
    Image.alpha_composite(Image.fromarray(white), read).convert("RGB").save(
        OUT / f"{name}.expected.png", optimize=True
    )


turned = Image.Exif()
turned[0x0112] = 6  # to be shown turned a quarter clockwise

save("palette_transparent.png", palette, transparency=3, bits=4)
save("grey_alpha.png", Image.merge("LA", [grey, Image.fromarray(alpha)]))
save("grey_16.png", Image.fromarray((smooth[..., 1].astype(np.uint16) * 257)))
save("one_bit.png", grey.convert("1"))
save("progressive.jpg", rgb, quality=90, progressive=True)
save("turned.jpg", rgb, quality=90, exif=turned, subsampling=2)
save("grey.jpg", grey, quality=90)
save("cmyk.jpg", rgb.convert("CMYK"), quality=95)
save("restarts.jpg", rgb, quality=90, restart_marker_blocks=2)
save("lossy.webp", rgb, quality=90)
save("lossy_alpha.webp", rgba, quality=90)
save("turned.webp", rgb, lossless=True, exif=turned)
save("lzw.tiff", rgb, compression="tiff_lzw")
save("deflate.tiff", rgba, compression="tiff_adobe_deflate")
save("turned.tiff", rgb, tiffinfo={0x0112: 6})
save("palette.bmp", palette)
