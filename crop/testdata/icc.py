#!/usr/bin/env python3
"""Makes the pictures of testdata/icc, with profiles of its own making, and what Pillow (LittleCMS) makes of them in sRGB.

It wants Pillow, NumPy, heif-enc, heif-convert, avifenc and avifdec:  cd testdata/icc && python3 ../icc.py
"""
import io
import pathlib
import struct
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageCms

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def colorants(primaries, white=(0.3127, 0.3290)):
    """Columns red, green and blue of XYZ, adapted to D50."""
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    w = np.array([white[0] / white[1], 1, (1 - sum(white)) / white[1]])
    m = xyz * np.linalg.solve(xyz, w)
    scale = np.diag((BRADFORD @ D50) / (BRADFORD @ w))
    return np.linalg.inv(BRADFORD) @ scale @ BRADFORD @ m


def s15(v):
    return struct.pack(">i", round(v * 65536))


def xyz(v):
    return b"XYZ \0\0\0\0" + b"".join(s15(c) for c in v)


def curv(values):
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


def para(kind, *numbers):
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + b"".join(s15(v) for v in numbers)


def profile(tags, space=b"RGB ", version=0x02400000, name="made for a test"):
    text = name.encode()
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(D50),
        **tags,
    }
    if version >= 0x04000000:
        for key, value in ((b"desc", name), (b"cprt", "none")):
            wide = value.encode("utf-16-be")
            tags[key] = b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(wide), 28) + wide
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", at + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"none", version, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += b"".join(s15(v) for v in D50)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + body


def matrix(m, curves, **more):
    if not isinstance(curves, list):
        curves = [curves] * 3
    tags = {f"{c}XYZ".encode(): xyz(m[:, i]) for i, c in enumerate("rgb")}
    tags |= {f"{c}TRC".encode(): curves[i] for i, c in enumerate("rgb")}
    tags |= more.pop("tags", {})
    return profile(tags, **more)


SRGB = colorants([(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)])
P3 = colorants([(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)])
ADOBE = colorants([(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)])
REC2020 = colorants([(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)])
SRGB_PARA = para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def srgb_light(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


SRGB_TABLE = curv([round(v) for v in 65535 * srgb_light(np.arange(1024) / 1023)])


def picture(seed=1):
    """Shades of every hue, and noise; 96×64."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, 96), np.linspace(0, 1, 64))
    m = np.stack([x, y, 0.5 + 0.5 * np.sin(7 * x + 5 * y)], axis=-1)
    m[40:52] = rng.random((12, 96, 3))
    m[52:58] = np.linspace(0, 1, 96)[None, :, None]
    m[58:] = (np.arange(96) // 4 % 8)[None, :, None] >> np.arange(3) & 1
    return Image.fromarray(np.round(255 * m).astype(np.uint8))


def save(name, im, icc, **how):
    im.save(name, icc_profile=icc, **how)
    expect(name, Image.open(name), icc)


def save_coded(im, icc):
    """HEIC and AVIF, of what is smooth, so that the codec is not what differs."""
    with tempfile.TemporaryDirectory() as folder:
        source, decoded = pathlib.Path(folder, "source.png"), pathlib.Path(folder, "decoded.png")
        im.crop((0, 0, 96, 40)).resize((192, 80), Image.BICUBIC).save(source, icc_profile=icc)
        for name, encode, decode in (
            ("p3.heic", ["heif-enc", "-L", "-p", "chroma=444", source, "-o", "p3.heic"], ["heif-convert", "p3.heic", decoded]),
            ("p3.avif", ["avifenc", "-l", source, "p3.avif"], ["avifdec", "p3.avif", decoded]),
        ):
            subprocess.run(encode, check=True)
            subprocess.run(decode, check=True)
            expect(name, Image.open(decoded), icc)


def expect(name, stored, icc):
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    to = ImageCms.createProfile("sRGB")
    out = ImageCms.profileToProfile(stored, source, to, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB")
    out.info.clear()
    out.save(name + ".expected.png", optimize=True)


def main():
    im = picture()
    big = {b"big ": b"data\0\0\0\0" + np.random.default_rng(2).bytes(70000)}
    save("p3-para.png", im, matrix(P3, SRGB_PARA, version=0x04300000))
    save("adobe-gamma.webp", im, matrix(ADOBE, curv([round(256 * 2.19921875)])), lossless=True)
    save("adobe-chunks.jpg", im, matrix(ADOBE, curv([563]), tags=big), quality=98, subsampling=0)
    save("swapped.tiff", im, matrix(SRGB[:, [1, 2, 0]], SRGB_TABLE), compression="tiff_adobe_deflate")
    save("rec2020.png", im, matrix(REC2020, para(4, 1 / 0.45, 1 / 1.0993, 0.0993 / 1.0993, 1 / 4.5, 0.08145, 0, 0), version=0x04300000))
    save("curves.png", im, matrix(SRGB, [curv([]), curv([461]), para(1, 1.5, 1.1, -0.1)], version=0x04300000))
    save("offset.png", im, matrix(SRGB, para(2, 2.0, 0.9, 0.02, 0.1), version=0x04300000))
    save("grey.png", im.convert("L"), profile({b"kTRC": curv([461])}, space=b"GRAY"))
    save("grey.jpg", im.convert("L"), profile({b"kTRC": para(0, 1.9)}, space=b"GRAY", version=0x04300000), quality=98)
    save_coded(im, matrix(P3, SRGB_PARA, version=0x04300000))
    im.save("srgb.png", icc_profile=matrix(SRGB, SRGB_PARA, version=0x04300000))


main()
