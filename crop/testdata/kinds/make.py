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


def magick(name):
    run("convert", name, f"{work}/out.png")
    expect(name, Image.open(f"{work}/out.png"))


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


# BMP, whose header says more than Pillow writes.
def bmp(name, bits, rows, *, size=40, compression=0, masks=b"", colours=(), width=source.width, height=source.height, oracle=pillow):
    """Writes a BMP: rows are as stored, and masks follow or belong to the header."""
    if size == 12:
        header = struct.pack("<IHHHH", size, width, height, 1, bits)
        table = b"".join(bytes(c[::-1]) for c in colours)
    else:
        header = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, len(rows), 2835, 2835, len(colours), 0)
        if size > 40:
            header = (header + masks).ljust(size, b"\0")
            masks = b""
        table = masks + b"".join(bytes(c[::-1]) + b"\0" for c in colours)
    at = 14 + len(header) + len(table)
    open(name, "wb").write(struct.pack("<2sIHHI", b"BM", at + len(rows), 0, 0, at) + header + table + rows)
    oracle(name)


def packed(values, bits):
    """Rows of numbers from the bottom up, each row filled up to four bytes."""
    out = b""
    for row in reversed(values):
        n = sum(v << bits * (len(row) - 1 - i) for i, v in enumerate(row))
        n <<= -len(row) * bits % 32
        out += n.to_bytes((len(row) * bits + 31) // 32 * 4, "big")
    return out


def words(picture, pack, size):
    w, h = picture.size
    rows = []
    for y in reversed(range(h)):
        row = b"".join(pack(picture.getpixel((x, y))).to_bytes(size, "little") for x in range(w))
        rows.append(row + b"\0" * (-len(row) % 4))
    return b"".join(rows)


def places(picture):
    return [[picture.getpixel((x, y)) for x in range(picture.width)] for y in range(picture.height)]


def table(picture, n):
    flat = picture.getpalette()
    return [tuple(flat[3 * i:3 * i + 3]) for i in range(n)]


few, many = source.quantize(16), source.quantize(200)
two = source.quantize(2)
masks565 = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
bmp("bits1.bmp", 1, packed(places(two), 1), colours=table(two, 2))
bmp("bits4.bmp", 4, packed(places(few), 4), colours=table(few, 16))
bmp("bits8.bmp", 8, packed(places(many), 8), colours=table(many, 200))
bmp("os2-bits4.bmp", 4, packed(places(few), 4), size=12, colours=table(few, 16))
bmp("os2-bits24.bmp", 24, words(source, lambda p: p[0] << 16 | p[1] << 8 | p[2], 3), size=12)
bmp("os2-header64.bmp", 8, packed(places(many), 8), size=64, colours=table(many, 200))
bmp("bits555.bmp", 16, words(source, lambda p: p[0] >> 3 << 10 | p[1] >> 3 << 5 | p[2] >> 3, 2))
bmp("bits565.bmp", 16, words(source, lambda p: p[0] >> 3 << 11 | p[1] >> 2 << 5 | p[2] >> 3, 2), compression=3, masks=masks565)
bmp("bits32.bmp", 32, words(source, lambda p: 0x55 << 24 | p[0] << 16 | p[1] << 8 | p[2], 4))
fields = struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
for size in (56, 108, 124):
    bmp(f"fields32-header{size}.bmp", 32, words(alpha, lambda p: p[3] << 24 | p[2] << 16 | p[1] << 8 | p[0], 4), size=size, compression=3, masks=fields,
        oracle=lambda name: expect(name, alpha))
fields = struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00)
bmp("fields32.bmp", 32, words(source, lambda p: p[0] << 24 | p[1] << 16 | p[2] << 8 | 0x77, 4), compression=3, masks=fields)
upside = source.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
bmp("top-down.bmp", 24, words(upside, lambda p: p[0] << 16 | p[1] << 8 | p[2], 3), height=-source.height)


def rle(picture, bits):
    """Run-length codes of all kinds: runs, rows as they are, ends of rows, and a step over what is to stay empty."""
    out = bytearray()
    for y, row in enumerate(reversed(places(picture))):
        x = 0
        while x < len(row):
            if y == 9 and x == 4:  # ten pixels to the right
                out += bytes((0, 2, 10, 0))
                x += 10
            elif y % 3 or len(row) - x < 3:
                n = 1
                while x + n < len(row) and row[x + n] == row[x]:
                    n += 1
                out += bytes((n, row[x] if bits == 8 else row[x] << 4 | row[x]))
                x += n
            else:
                part = row[x:x + 29]
                if len(part) < 3:
                    part = row[x:x + 1]
                packs = bytes(part) if bits == 8 else bytes(a << 4 | b for a, b in zip(part[::2], (part + [0])[1::2]))
                out += bytes((0, len(part))) + packs + b"\0" * (len(packs) % 2)
                x += len(part)
        out += bytes((0, 0))
    return bytes(out + bytes((0, 1)))


bmp("rle8.bmp", 8, rle(many, 8), compression=1, colours=table(many, 200))
bmp("rle4.bmp", 4, rle(few, 4), compression=2, colours=table(few, 16), oracle=magick)


# GIF.
def gif(name, screen, place, picture, *, transparent=None, extra=b"", interlace=0, stray=b"", flags=0x80):
    """Writes a GIF of one frame on a screen, after one that Pillow wrote."""
    buffer = io.BytesIO()
    picture.save(buffer, "GIF", interlace=interlace)
    data = buffer.getvalue()
    table = data[13:13 + 3 * (2 << (data[10] & 7))]
    rest = data[13 + len(table):]
    while rest[0] == 0x21:  # extensions
        at = 2
        while rest[at]:
            at += 1 + rest[at]
        rest = rest[at + 1:]
    assert rest[0] == 0x2C and not rest[9] & 0x80
    at = 11
    while rest[at]:
        at += 1 + rest[at]
    codes = rest[10:at]
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, data[10] if flags else 0, 0, 0)
    if transparent is not None:
        stray = b"!\xf9\x04\x01\0\0" + bytes((transparent,)) + b"\0" + stray
    descriptor = b"," + struct.pack("<HHHHB", *place, *picture.size, rest[9])
    open(name, "wb").write(head + (table if flags else b"") + stray + descriptor + codes + extra + b"\0;")


gif("plain.gif", source.size, (0, 0), few)
gif("interlaced.gif", source.size, (0, 0), few, interlace=1)
gif("extra-block.gif", source.size, (0, 0), few, extra=b"\x03abc")
gif("stray-bytes.gif", source.size, (0, 0), few, stray=b"\0\0!\xfe\x05hello\0")
gif("frame-beyond-screen.gif", (20, 20), (6, 3), few)
gif("frame-beyond-screen-transparent.gif", (20, 20), (6, 3), few, transparent=few.getpixel((8, 8)))
gif("no-screen.gif", (0, 0), (0, 0), few)
gif("wide-screen.gif", (60, 50), (6, 3), few)
gif("wide-screen-transparent.gif", (60, 50), (6, 3), few, transparent=few.getpixel((8, 8)))
gif("no-table.gif", source.size, (0, 0), few, flags=0)
for name in sorted(n for n in os.listdir(".") if n.endswith(".gif") and not n.startswith("pages")):
    pillow(name)


# PNG. Pillow refuses some of what libpng reads, so that what is expected is the picture before it was changed.
def chunks(data):
    at = 8
    while at < len(data):
        n, = struct.unpack(">I", data[at:at + 4])
        yield data[at + 4:at + 8], data[at + 8:at + 8 + n]
        at += 12 + n


def chunk(kind, body, wrong=0):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ wrong)


def png(name, picture, change, depth=None):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    parts = dict(chunks(buffer.getvalue()))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + b"".join(change(parts)))


def plain(parts):
    return [chunk(kind, parts[kind]) for kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND") if kind in parts]


def with_pixels(parts, change):
    raw = zlib.decompress(parts[b"IDAT"])
    return plain({**parts, b"IDAT": change(raw)})


def behind_header(*added):
    def change(parts):
        p = plain(parts)
        return [p[0], *added, *p[1:]]
    return change


def deflated(raw):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(raw) + packer.flush()


for name, picture, change in (
    ("text-checksum", source, behind_header(chunk(b"tEXt", b"Comment\0hello", 1), chunk(b"gAMA", b"\0\1\2\3", 1))),
    ("profile-broken", source, behind_header(chunk(b"iCCP", b"x\0\0" + b"no zlib"))),
    ("transparency-checksum", source, behind_header(chunk(b"tRNS", b"\0" * 6, 1))),
    ("transparency-length", source, behind_header(chunk(b"tRNS", b"\0" * 5))),
    ("grey-with-palette", grey, behind_header(chunk(b"PLTE", bytes(range(12))))),
    ("rows-beyond", source, lambda parts: with_pixels(parts, lambda raw: zlib.compress(raw + b"\0" * 500))),
    ("bytes-after-zlib", source, lambda parts: with_pixels(parts, lambda raw: zlib.compress(raw) + b"hello" * 9)),
    ("bytes-after-end", source, lambda parts: plain(parts) + [b"hello, world" * 5]),
    ("many-pieces", source, lambda parts: plain(parts)[:1] + [chunk(b"IDAT", parts[b"IDAT"][i:i + 50]) for i in range(0, len(parts[b"IDAT"]), 50)] + [chunk(b"IEND", b"")]),
    ("palette-beyond", many, lambda parts: with_pixels(parts, lambda raw: zlib.compress(raw + b"\0" * 500))),
):
    png(f"{name}.png", picture, change)
    expect(f"{name}.png", picture)
run("convert", ppm, "-interlace", "PNG", "-depth", "16", "interlaced16.png")
pillow("interlaced16.png")
run("convert", temporary(alpha, "rgba.png"), "-interlace", "PNG", f"{work}/interlaced.png")
interlaced = dict(chunks(open(f"{work}/interlaced.png", "rb").read()))
assert interlaced[b"IHDR"][12] == 1
raw = zlib.decompress(b"".join(body for kind, body in chunks(open(f"{work}/interlaced.png", "rb").read()) if kind == b"IDAT"))
open("interlaced-beyond.png", "wb").write(b"\x89PNG\r\n\x1a\n" + b"".join(plain({**interlaced, b"IDAT": zlib.compress(raw + b"\0" * 99)})))
expect("interlaced-beyond.png", alpha)


def ios(picture, into):
    """What Apple's pngcrush makes of a PNG: blue first, colours multiplied by alpha, no zlib header."""
    out = bytearray()
    for y in range(picture.height):
        out.append(0)
        for x in range(picture.width):
            r, g, b, *a = picture.getpixel((x, y))
            if a:
                r, g, b = ((v * a[0] + 127) // 255 for v in (r, g, b))
            out += bytes((b, g, r, *a))
    kind = 6 if picture.mode == "RGBA" else 2
    header = struct.pack(">IIBBBBB", *picture.size, 8, kind, 0, 0, 0)
    open(into, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"CgBI", b"\x50\0\x20\x02") + chunk(b"IHDR", header) +
                           chunk(b"IDAT", deflated(bytes(out))) + chunk(b"IEND", b""))
    expect(into, picture)


ios(source, "ios-rgb.png")
ios(alpha, "ios-rgba.png")

# APNG, of which the first frame is the picture.
source.save("animated.png", save_all=True, append_images=[upside], duration=100)
expect("animated.png", source)

# JPEG, by libjpeg-turbo's cjpeg.
for name, options in (
    ("2x2-1x2-1x1", "-sample 2x2,1x2,1x1"), ("2x2-2x1-1x2", "-sample 2x2,2x1,1x2"), ("2x1-1x1-2x1", "-sample 2x1,1x1,2x1"),
    ("2x2-1x2-1x1-progressive", "-sample 2x2,1x2,1x1 -progressive"), ("4x1-1x1-4x1", "-sample 4x1,1x1,4x1"),
    ("4x2", "-sample 4x2"), ("1x2", "-sample 1x2"), ("2x2-1x1-1x2-restart", "-sample 2x2,1x1,1x2 -restart 1"),
):
    run("cjpeg", "-quality", "85", *options.split(), "-outfile", f"sampling-{name}.jpg", ppm)
    pillow(f"sampling-{name}.jpg")
for name, options in (
    ("sampling-1x1-2x2-2x2", "-sample 1x1,2x2,2x2"), ("sampling-4x1-1x1-2x1", "-sample 4x1,1x1,2x1"), ("sampling-1x4", "-sample 1x4"),
    ("sampling-3x1", "-sample 3x1"), ("arithmetic", "-arithmetic"), ("arithmetic-progressive", "-arithmetic -progressive"),
):
    run("cjpeg", "-quality", "85", *options.split(), "-outfile", f"refused-{name}.jpg", ppm)
for compression in ("zstd", "lzma", "webp"):
    source.save(f"refused-{compression}.tif", compression=f"{compression}")
grey.convert("F").save("refused-float.tif")
grey.convert("I").save("refused-signed.tif")

# Orientations that stand elsewhere than in EXIF of its own place. Stored, the picture lies on its side.
source.save("upright.png", optimize=True)
side = source.transpose(Image.Transpose.ROTATE_90)


def exif(value):
    e = Image.Exif()
    e[0x0112 if value else 0x010F] = value or "maker"
    return e.tobytes()


def xmp(text):
    return (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{text}</rdf:Description></rdf:RDF></x:xmpmeta>').encode()


attribute, element = xmp(' tiff:Orientation="6">'), xmp("><tiff:Orientation>6</tiff:Orientation>")


def profile(kind, data):
    digits = data.hex()
    lines = "\n".join(digits[i:i + 72] for i in range(0, len(digits), 72))
    return f"\n{kind}\n{len(data):8}\n{lines}\n".encode()


def international(data, packed):
    return b"XML:com.adobe.xmp\0" + (b"\1\0\0\0" + zlib.compress(data) if packed else b"\0\0\0\0" + data)


for name, added in (
    ("ztxt-exif", [chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile("exif", exif(6))))]),
    ("text-app1", [chunk(b"tEXt", b"Raw profile type APP1\0" + profile("generic", exif(6)))]),
    ("itxt-exif", [chunk(b"iTXt", b"Raw profile type exif\0\1\0\0\0" + zlib.compress(profile("exif", exif(6))))]),
    ("text-app1-xmp", [chunk(b"tEXt", b"Raw profile type APP1\0" + profile("generic", b"http://ns.adobe.com/xap/1.0/\0" + attribute))]),
    ("xmp", [chunk(b"iTXt", international(attribute, False))]),
    ("xmp-packed", [chunk(b"iTXt", international(element, True))]),
    ("xmp-against-exif", [chunk(b"iTXt", international(xmp(' tiff:Orientation="3">'), False)), chunk(b"eXIf", exif(6)[6:])]),
    ("xmp-beside-exif", [chunk(b"eXIf", exif(0)[6:]), chunk(b"iTXt", international(element, False))]),
    ("text-against-exif", [chunk(b"tEXt", b"Raw profile type exif\0" + profile("exif", exif(3))), chunk(b"eXIf", exif(6)[6:])]),
):
    png(f"turned-{name}.png", side, behind_header(*added))
side.save(f"{work}/side.jpg", quality=100, subsampling=0)
data = open(f"{work}/side.jpg", "rb").read()
body = b"http://ns.adobe.com/xap/1.0/\0" + attribute
open("turned-xmp.jpg", "wb").write(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])
side.save("turned-xmp.webp", lossless=True, xmp=element)
side.save("turned-xmp.tif", tiffinfo={700: element}, compression="tiff_lzw")

# Pages and frames.
bw3 = [source, upside, source]
source.save("pages-3.tif", save_all=True, append_images=bw3[1:], compression="tiff_lzw")
run("tiffcp", "-8", "pages-3.tif", "pages-3-bigtiff.tif")
source.save("pages-2.gif", save_all=True, append_images=[upside])
source.save("pages-3.png", save_all=True, append_images=bw3[1:])
source.save("pages-2-and-default.png", save_all=True, append_images=[upside, side.resize(source.size)], default_image=True)
source.save("pages-3.webp", save_all=True, append_images=bw3[1:])
temporary(upside, "upside.png")
run("heif-enc", "-q", "50", "upright.png", f"{work}/upside.png", "-o", "pages-2.heic")
run("heif-enc", "-q", "50", "--thumb", "16", "upright.png", "-o", "pages-1-thumbnail.heic")
