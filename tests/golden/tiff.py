"""Golden TIFF files for tests/tiff.rs: python3 tests/golden/tiff.py (numpy, Pillow, tifffile, imagecodecs).

Writes small files as other programs lay them out into tiff/. Beside each it writes the picture that it holds,
on white, as a plain PNG: the array that was given to the writer, or for lossy files the one that tifffile
reads. The pictures are gradients, not cells.
"""

import pathlib

import numpy as np
import tifffile
from PIL import Image

OUT = pathlib.Path(__file__).with_suffix("")
OUT.mkdir(exist_ok=True)
WIDTH, HEIGHT = 40, 28
TILE = (16, 16)


def gradient(width, height):
    y, x = np.mgrid[:height, :width] * 40 / width
    return np.stack([x * 6, y * 9, 255 - x * 3 - y * 3], axis=-1).clip(0, 255).astype(np.uint8)


rgb = gradient(WIDTH, HEIGHT)
grey = rgb[..., 1]
alpha = np.broadcast_to(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, WIDTH))
planes = np.moveaxis(rgb, -1, 0)


def on_white(colour, alpha):
    share = alpha[..., None] / 255
    return (colour * share + 255 * (1 - share)).round().astype(np.uint8)


def save(name, array, expected=None, pages=(), big_endian=False, big=False, **options):
    path = OUT / name
    with tifffile.TiffWriter(path, byteorder=">" if big_endian else "<", bigtiff=big) as file:
        file.write(array, metadata=None, **options)
        for page, more in pages:
            file.write(page, metadata=None, **more)
    shown(name, tifffile.imread(path, key=0) if expected is None else expected)


def shown(name, array):
    Image.fromarray(array).convert("RGB").save(OUT / f"{name}.expected.png", optimize=True)


color = dict(photometric="rgb")
save("planar_tiles.tif", planes, rgb, planarconfig="separate", tile=TILE, **color)
save("planar_tiles_lzw.tif", planes, rgb, planarconfig="separate", tile=TILE, compression="lzw", predictor=True, **color)
save("planar_strips_deflate.tif", planes, rgb, planarconfig="separate", rowsperstrip=5, compression="zlib", **color)
save("big_endian_big_tiff.tif", rgb, rgb, big_endian=True, big=True, tile=TILE, compression="zlib", **color)
save("pack_bits.tif", rgb, rgb, rowsperstrip=7, compression="packbits", **color)
deep = rgb.astype(np.uint16) * 257
save("deep_big_endian_lzw.tif", deep, rgb, big_endian=True, compression="lzw", predictor=True, **color)
save("jpeg_tiles.tif", rgb, tile=TILE, compression="jpeg", compressionargs={"level": 90}, **color)
save("jpeg_rgb_tiles.tif", rgb, tile=TILE, compression="jpeg", compressionargs={"level": 90, "outcolorspace": "rgb"}, **color)
save("jpeg_grey_strips.tif", grey, rowsperstrip=8, compression="jpeg", compressionargs={"level": 90}, photometric="minisblack")
lossless = {"level": 0, "reversible": True}
save("jpeg_2000.tif", rgb, rgb, tile=TILE, compression="jpeg2000", compressionargs={**lossless, "codecformat": "j2k"}, **color)
# As Aperio's scanners write them: YCbCr of which neither the file nor the JPEG 2000 says so.
ycbcr = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
shown_rgb = np.asarray(Image.fromarray(ycbcr, "YCbCr").convert("RGB"))
save("jpeg_2000_aperio.svs", ycbcr, shown_rgb, tile=TILE, compression=33003, compressionargs={**lossless, "codecformat": "j2k", "mct": False}, **color)
save("white_is_zero.tif", 255 - grey, grey, photometric="miniswhite")
over = on_white(rgb, alpha)
save("unassociated.tif", np.dstack([rgb, alpha]), over, extrasamples=["unassalpha"], **color)
premultiplied = (rgb * (alpha[..., None] / 255)).round().astype(np.uint8)
save("associated.tif", np.dstack([premultiplied, alpha]), over, extrasamples=["assocalpha"], **color)
save("extra_channel.tif", np.dstack([rgb, alpha]), rgb, extrasamples=["unspecified"], **color)
palette = np.stack([np.arange(256) * 199 % 256, 255 - np.arange(256), np.arange(256) * 7 % 256])
save("palette.tif", grey, palette.T[grey].astype(np.uint8), photometric="palette", colormap=(palette * 257).astype(np.uint16))
one_bit = (grey > 90).astype(np.uint8) * 255
Image.fromarray(one_bit).convert("1").save(OUT / "fax.tif", compression="group4")
shown("fax.tif", one_bit)
Image.fromarray(rgb).convert("CMYK").save(OUT / "cmyk.tif", compression="tiff_lzw")
shown("cmyk.tif", rgb)

# A camera of 12 bits: its values from 200 to 4000 become 0 to 255, apart from one hot pixel in 1120.
twelve = (200 + grey.astype(float) * 3800 / grey.max()).round().astype(np.uint16)
twelve[3, 5] = 4095
stretched = ((twelve.clip(200, 4000) - 200.0) * 255 / 3800).round().astype(np.uint8)
save("twelve_bits.tif", twelve, stretched, photometric="minisblack")

# ImageJ writes three channels as three pages.
tifffile.imwrite(OUT / "channels.tif", planes, imagej=True, metadata={"axes": "CYX", "mode": "composite"})
shown("channels.tif", rgb)

# Pyramids; each level is a gradient of its own size.
small, smaller = gradient(20, 14), gradient(10, 7)
tiles = dict(tile=TILE, compression="jpeg", compressionargs={"level": 99}, subsampling=(1, 1), **color)
aperio = "Aperio Image Library v12\r\n40x28 [0,0 40x28] (16x16) JPEG/RGB Q=70|AppMag = 40|MPP = 0.2520"
label, macro = np.full((12, 9, 3), 200, np.uint8), np.full((14, 20, 3), 90, np.uint8)
save(
    "slide.svs",
    rgb,
    description=aperio,
    subfiletype=0,
    pages=[
        (smaller, dict(rowsperstrip=7, description="Aperio Image Library v12\r\n40x28 -> 10x7 - ", **color)),
        (small, dict(description="Aperio Image Library v12\r\n40x28 -> 20x14", **tiles)),
        (label, dict(description="Aperio Image Library v12\r\nlabel 9x12", subfiletype=1, **color)),
        (macro, dict(description="Aperio Image Library v12\r\nmacro 20x14", subfiletype=9, **color)),
    ],
    **tiles,
)
deflated = dict(tile=TILE, compression="zlib", **color)
with tifffile.TiffWriter(OUT / "pyramid.ome.tif", bigtiff=True, ome=True) as file:
    size = {"PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm"}
    file.write(rgb, subifds=2, metadata={"axes": "YXS", **size}, **deflated)
    for level in (small, smaller):
        file.write(level, subfiletype=1, metadata=None, **deflated)
shown("pyramid.ome.tif", rgb)
shown("level_1", small)
shown("level_2", smaller)
save("thumbnail_first.tif", smaller, rgb, pages=[(rgb, deflated)], **color)
