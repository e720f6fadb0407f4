#!/bin/sh
# Makes the pictures of this folder; see README.md. Needs heif-enc and heif-convert, avifenc and avifdec, and Python.
set -e
cd "$(dirname "$0")"
photos=../../testdata/photos
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# properties IN OUT HEX...: a HEIC with more boxes among the properties of its primary picture; of all its items, if ALL is set.
cat >"$work/properties.py" <<'P'
import os, struct, sys

source, target, *more = sys.argv[1:]
more = [bytes.fromhex(m) for m in more]
data = bytearray(open(source, "rb").read())
u32 = lambda at: struct.unpack_from(">I", data, at)[0]
grow = lambda at, n: struct.pack_into(">I", data, at, u32(at) + n)
box = lambda name: data.index(name) - 4

primary = struct.unpack_from(">H", data, box(b"pitm") + 12)[0]
count = 0
at, end = box(b"ipco") + 8, box(b"ipco") + u32(box(b"ipco"))
while at < end:
    count, at = count + 1, at + u32(at)
added = bytes(0x80 | count + 1 + i for i in range(len(more)))
grown = 0
at = box(b"ipma") + 16
for _ in range(u32(box(b"ipma") + 12)):
    after = at + 3 + data[at + 2]
    if struct.unpack_from(">H", data, at)[0] == primary or "ALL" in os.environ:
        data[at + 2] += len(added)
        data[after:after] = added
        grown += len(added)
        after += len(added)
    at = after
for name in b"ipma", b"iprp", b"meta":
    grow(box(name), grown)
joined = b"".join(more)
data[end:end] = joined
for name in b"ipco", b"iprp", b"meta":
    grow(box(name), len(joined))

# What comes after has moved: base offsets of 0, extents of 4 bytes.
at = box(b"iloc") + 8
version, base = data[at], data[at + 5] >> 4
assert version < 2 and data[at + 4] == 0x44 and base in (0, 4)
at += 8
for _ in range(struct.unpack_from(">H", data, at - 2)[0]):
    method = data[at + 3] if version else 0
    extents = at + 4 + 2 * version + base + 2
    for i in range(struct.unpack_from(">H", data, extents - 2)[0]):
        if method == 0:
            grow(extents + 8 * i, grown + len(joined))
    at = extents + 8 * struct.unpack_from(">H", data, extents - 2)[0]
open(target, "wb").write(data)
P
properties() { python3 "$work/properties.py" "$@"; }
irot() { printf '0000000969726f740%s' "$1"; }
imir() { printf '00000009696d69720%s' "$1"; }

# The eight orientations, in boxes and in EXIF; and one in EXIF alone, which does not count.
for o in 1 2 3 4 5 6 7 8; do
	heif-enc -q 95 -p chroma=444 -o "$work/$o.heic" $photos/turned$o.jpg >"$work/log" 2>&1
	case $o in
	1) boxes="" flags="" ;;
	2) boxes="$(imir 1)" flags="--imir 1" ;;
	3) boxes="$(irot 2)" flags="--irot 2" ;;
	4) boxes="$(imir 0)" flags="--imir 0" ;;
	5) boxes="$(irot 1) $(imir 0)" flags="--irot 1 --imir 0" ;;
	6) boxes="$(irot 3)" flags="--irot 3" ;;
	7) boxes="$(irot 3) $(imir 0)" flags="--irot 3 --imir 0" ;;
	8) boxes="$(irot 1)" flags="--irot 1" ;;
	esac
	properties "$work/$o.heic" turned$o.heic $boxes
	avifenc -y 444 --min 0 --max 3 $flags $photos/turned$o.jpg turned$o.avif >"$work/log"
done
properties "$work/6.heic" exif6.heic

# Kinds of pixels and of files, each with the reading of heif-convert or avifdec.
cat >"$work/draw.py" <<'P'
import struct, sys, zlib

chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
def save(path, kind, pixel, width=96, height=64):
    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    open(path, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
save(sys.argv[1], 0, lambda x, y: bytes([x * 8 // 3]))
save(sys.argv[2], 2, lambda x, y: bytes([x // 8 * 23, y // 8 * 36, (x // 8 * 40 + y // 8 * 60) % 256]))
save(sys.argv[3], 2, lambda x, y: bytes([x // 16 * 20, y // 16 * 30, 99]), 192, 128)
alpha = lambda x: max(0, min(255, 4 * x - 40))
colours = lambda x, y: [x // 8 * 23, y // 8 * 36, (x // 8 * 40 + y // 8 * 60) % 256]
veil = lambda x, y: bytes(colours(x, y) + [alpha(x)])
save(sys.argv[4], 6, veil)
save(sys.argv[5], 6, veil, 95, 63)
save(sys.argv[6], 6, lambda x, y: bytes([c * alpha(x) // 255 for c in colours(x, y)] + [alpha(x)]))
save(sys.argv[7], 0, lambda x, y: bytes([x * 8 // 3]), 95, 63)
for i in range(4):
    save(sys.argv[8] + str(i) + ".png", 0, lambda x, y: bytes([(x // 8 * 20 + y // 8 * 40 + i * 60) % 256]), 64, 64)
P
python3 "$work/draw.py" "$work/grey.png" "$work/colours.png" "$work/grid.png" \
	"$work/veil.png" "$work/veil-odd.png" "$work/veil-premultiplied.png" "$work/grey-odd.png" "$work/tile"
heic() {
	name=$1 from=$2
	shift 2
	heif-enc "$@" -o "$name.heic" "$from" >"$work/log" 2>&1
}
heic grid $photos/420-odd.jpg.expected.png -q 60 -p chroma=444
heic 420 $photos/420-even.jpg.expected.png -q 60
heic 422 $photos/420-even.jpg.expected.png -q 60 -p chroma=422
heic bt709 "$work/colours.png" -q 60 -p chroma=444 -p x265:range=limited -p x265:colormatrix=bt709 # told by the stream
heic plain "$work/colours.png" -q 60 -p chroma=444
properties plain.heic clap.heic 00000028636c6170000000320000000100000021000000010000000a00000001fffffffb00000001 "$(irot 1)"
properties plain.heic nclx.heic 00000013636f6c726e636c7800010001000900 # BT.2020 of limited range, told by a box
properties plain.heic rgb.heic 00000013636f6c726e636c7800010001000080 # planes that are green, blue and red
rm plain.heic
heic alpha "$work/veil.png" -q 60 -p chroma=444
heic alpha-odd "$work/veil-odd.png" -q 60 -p chroma=444 # two grids, that of the alpha of grey tiles
heic alpha-premultiplied "$work/veil-premultiplied.png" -q 60 -p chroma=444 --premultiplied-alpha
ALL=1 properties alpha.heic alpha-turned.heic "$(irot 1)"
properties alpha.heic alpha-rgb.heic 00000013636f6c726e636c7800010001000080
heic grey-odd "$work/grey-odd.png" -q 40
for i in 0 1 2 3; do
	heic "$work/tile$i" "$work/tile$i.png" -q 40
done
# A grid of two columns and two rows, of 120×100 pixels.
cat >"$work/mosaic.py" <<'P'
import struct, sys

target, *sources = sys.argv[1:]
box = lambda kind, *parts: struct.pack(">I", 8 + sum(map(len, parts))) + kind + b"".join(parts)
full = lambda kind, version, *parts, flags=0: box(kind, bytes([version, 0, 0, flags]), *parts)
files = [open(s, "rb").read() for s in sources]
tiles = [f[f.index(b"mdat") + 4 :] for f in files]
at = files[0].index(b"hvcC") - 4
configuration = files[0][at : at + struct.unpack_from(">I", files[0], at)[0]]
n = len(tiles)
infe = lambda i, kind, hidden: full(b"infe", 2, struct.pack(">HH", i, 0), kind, b"\0", flags=hidden)
size = lambda w, h: full(b"ispe", 0, struct.pack(">II", w, h))
def meta(start):
    places, at = b"", start
    for i, t in enumerate(tiles):
        places += struct.pack(">HHHHII", i + 1, 0, 0, 1, at, len(t))
        at += len(t)
    places += struct.pack(">HHHHII", n + 1, 1, 0, 1, 0, 8)
    uses = b"".join(struct.pack(">HBBBB", i + 1, 3, 0x81, 2, 3) for i in range(n)) + struct.pack(">HBBB", n + 1, 2, 4, 3)
    return full(b"meta", 0,
        full(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
        full(b"pitm", 0, struct.pack(">H", n + 1)),
        full(b"iloc", 1, b"\x44\0", struct.pack(">H", n + 1), places),
        full(b"iinf", 0, struct.pack(">H", n + 1), *[infe(i + 1, b"hvc1", 1) for i in range(n)], infe(n + 1, b"grid", 0)),
        box(b"iprp",
            box(b"ipco", configuration, size(64, 64), full(b"pixi", 0, b"\1\x08"), size(120, 100)),
            full(b"ipma", 0, struct.pack(">I", n + 1), uses)),
        full(b"iref", 0, box(b"dimg", struct.pack(">HH", n + 1, n), *[struct.pack(">H", i + 1) for i in range(n)])),
        box(b"idat", struct.pack(">BBBBHH", 0, 0, 1, 1, 120, 100)))
head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
data = b"".join(tiles)
open(target, "wb").write(head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", data))
P
python3 "$work/mosaic.py" grey-grid.heic "$work"/tile[0-3].heic
avif() {
	name=$1 from=$2
	shift 2
	avifenc --min 5 --max 20 "$@" "$from" $name.avif >"$work/log"
}
avif 420 $photos/420-odd.jpg.expected.png -y 420
avif bt709 "$work/colours.png" -y 444 -r limited --cicp 1/13/1
avif 10bit "$work/colours.png" -y 444 -d 10
avif grey "$work/grey.png" -y 400
avif alpha $photos/rgba.png -y 444
avif clap "$work/colours.png" -y 444 --crop 20,10,50,32 --irot 1
avif grid "$work/grid.png" -y 444 --grid 3x2
avifenc --min 0 --max 3 -y 444 $photos/upright.png $photos/turned3.png sequence.avif >"$work/log"
heic grey "$work/grey.png" -q 40
for f in grid.heic 420.heic 422.heic bt709.heic nclx.heic rgb.heic grey.heic clap.heic clap.avif \
	grey-odd.heic grey-grid.heic alpha.heic alpha-odd.heic alpha-premultiplied.heic alpha-turned.heic alpha-rgb.heic; do
	heif-convert $f $f.expected.png >"$work/log"
done
for f in 420 bt709 10bit grey alpha grid; do
	avifdec -d 8 $f.avif $f.avif.expected.png >"$work/log"
done
