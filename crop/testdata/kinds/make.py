#!/usr/bin/env python3
"""Makes the pictures of this folder and what another decoder makes of each; see README.md."""

import io
import os
import struct
import subprocess
import tempfile
import warnings
import zlib

from PIL import Image, ImageCms

warnings.simplefilter("ignore")
os.chdir(os.path.dirname(os.path.abspath(__file__)))
work = tempfile.mkdtemp()
source = Image.open("../../../testdata/images/b.png").convert("RGB").crop((130, 50, 175, 84))
grey, bilevel = source.convert("L"), source.convert("1")
alpha = source.copy().convert("RGBA")
alpha.putalpha(Image.radial_gradient("L").resize(source.size))


def over(picture):
    """RGB, laid over white."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def expect(name, picture):
    over(picture).save(f"{name}.expected.png", optimize=True)


def pillow(name):
    expect(name, Image.open(name))


def libtiff(name):
    subprocess.run(["tiff2rgba", name, f"{work}/rgba.tif"], check=True)
    expect(name, Image.open(f"{work}/rgba.tif").convert("RGB"))


def temporary(picture, name):
    picture.save(f"{work}/{name}")
    return f"{work}/{name}"


def run(*command):
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


# TIFF, by Pillow.
srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
for name, picture, options in (
    ("cmyk", source.convert("CMYK"), {}),
    ("cmyk-jpeg", source.convert("CMYK"), {"compression": "jpeg"}),
    ("lab", ImageCms.profileToProfile(source, srgb, lab, outputMode="LAB"), {"compression": "tiff_lzw"}),
    ("rgb-jpeg", source, {"compression": "jpeg"}),
    ("grey-jpeg", grey, {"compression": "jpeg"}),
    ("grey-alpha", alpha.convert("LA"), {}),
    ("palette", source.quantize(200), {}),
    ("fax-huffman", bilevel, {"compression": "tiff_ccitt"}),
):
    picture.save(f"{name}.tif", **options)
    pillow(f"{name}.tif")

# TIFF, by tiffcp and ImageMagick.
rgb, bw, ppm = temporary(source, "rgb.tif"), temporary(bilevel, "bw.tif"), temporary(source, "rgb.ppm")
for name, options, oracle in (
    ("planar", "-p separate", pillow),
    ("planar-tiles-predictor", "-t -w 16 -l 32 -p separate -c lzw:2", pillow),
    ("predictor-deflate", "-c zip:2", pillow),
    ("strips", "-r 7 -c packbits", pillow),
    ("big-endian", "-B", pillow),
    ("bigtiff", "-8 -r 5", libtiff),
    ("bigtiff-big-endian", "-8 -B", libtiff),
    ("jpeg-420", "-c jpeg:80 -r 16", pillow),
    ("jpeg-420-tiles", "-c jpeg:80 -t -w 32 -l 32", pillow),
    ("jpeg-rgb", "-c jpeg:r:80 -r 16", pillow),
):
    run("tiffcp", *options.split(), rgb, f"{name}.tif")
    oracle(f"{name}.tif")
for name, options in (
    ("fax-1d", "-c g3:1d"),
    ("fax-1d-fill", "-c g3:1d:fill"),
    ("fax-2d", "-c g3:2d"),
    ("fax-2d-strips", "-c g3:2d:fill -r 13"),
    ("fax-2d-low-bits-first", "-c g3:2d -f lsb2msb"),
    ("fax-group4", "-c g4 -r 13"),
    ("bilevel-low-bits-first", "-c none -f lsb2msb"),
):
    run("tiffcp", *options.split(), bw, f"{name}.tif")
    pillow(f"{name}.tif")
wide = Image.new("1", (5000, 9), 1)  # whose runs need the longest codes
wide.paste(0, (2, 2, 2700, 4))
wide.paste(bilevel, (4000, 0))
wide = temporary(wide, "wide.tif")
for name, options in (("fax-wide-1d", "-c g3:1d"), ("fax-wide-2d", "-c g3:2d")):
    run("tiffcp", *options.split(), wide, f"{name}.tif")
    pillow(f"{name}.tif")
for name, options, oracle in (
    ("rgb16", "-depth 16", libtiff),
    ("rgb16-planar", "-depth 16 -define tiff:endian=msb -interlace plane", libtiff),
    ("rgb16-tiles", "-depth 16 -define tiff:tile-geometry=16x32", libtiff),
    ("grey2", "-colorspace Gray -depth 2", pillow),
    ("grey4", "-colorspace Gray -depth 4", pillow),
    ("white-is-zero", "-colorspace Gray -define quantum:polarity=min-is-white", pillow),
    ("ycbcr", "-colorspace YCbCr", libtiff),
    ("cmyk16", "-colorspace CMYK -depth 16", pillow),
    ("icclab", "-colorspace Lab -define tiff:photometric=iccLab", pillow),
):
    run("convert", ppm, *options.split(), f"{name}.tif")
    oracle(f"{name}.tif")
run("convert", temporary(alpha, "rgba.png"), "-define", "tiff:alpha=associated", "-compress", "zip", "associated.tif")
pillow("associated.tif")


def tiff(name, width, height, fields, data):
    """Writes a TIFF of one strip. A field is a list of SHORTs, or the bytes of RATIONALs."""
    fields = {256: [width], 257: [height], 258: [8] * 3, 259: [1], 277: [3], 278: [height], **fields}
    body, entries = data, []
    for tag, values in sorted({**fields, 273: [8], 279: [len(data)]}.items()):
        kind, size = (5, 8) if isinstance(values, bytes) else (3, 2)
        packed = values if kind == 5 else struct.pack(f"<{len(values)}H", *values)
        if len(packed) > 4:
            body += b"\0" * (len(body) % 2)
            place, body = struct.pack("<I", 8 + len(body)), body + packed
        else:
            place = packed.ljust(4, b"\0")
        entries.append(struct.pack("<HHI", tag, kind, len(packed) // size) + place)
    body += b"\0" * (len(body) % 2)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + b"\0" * 4
    open(name, "wb").write(b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory)


def units(across, down):
    """Data units of YCbCr with shared chroma: TIFF 6.0, section 21."""
    planes = source.convert("YCbCr").split()
    out = bytearray()
    for y in range(0, source.height, down):
        for x in range(0, source.width, across):
            at = [(min(x + i, source.width - 1), min(y + j, source.height - 1)) for j in range(down) for i in range(across)]
            out += bytes(planes[0].getpixel(p) for p in at)
            out += bytes(plane.getpixel(at[0]) for plane in planes[1:])
    return bytes(out)


for across, down in ((2, 2), (2, 1), (1, 2), (4, 2)):
    name = f"ycbcr-{across}x{down}.tif"
    tiff(name, *source.size, {262: [6], 530: [across, down]}, units(across, down))
    libtiff(name)
limited = b"".join(struct.pack("<II", v, 1) for v in (16, 235, 128, 240, 128, 240))
tiff("ycbcr-limited.tif", *source.size, {262: [6], 259: [8], 530: [2, 2], 532: limited}, zlib.compress(units(2, 2)))
libtiff("ycbcr-limited.tif")
