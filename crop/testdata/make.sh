#!/bin/sh
# Makes the pictures of this folder; see README.md. Needs heif-enc and heif-convert, avifenc and avifdec, and Python.
set -e
cd "$(dirname "$0")"
photos=../../testdata/photos
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# properties IN OUT HEX...: a HEIC with more boxes among the properties of its primary picture.
cat >"$work/properties.py" <<'P'
import struct, sys

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
at = box(b"ipma") + 16
for _ in range(u32(box(b"ipma") + 12)):
    if struct.unpack_from(">H", data, at)[0] == primary:
        data[at + 2] += len(more)
        after = at + 3 + data[at + 2] - len(more)
    at += 3 + data[at + 2]
added = bytes(0x80 | count + 1 + i for i in range(len(more)))
data[after:after] = added
for name in b"ipma", b"iprp", b"meta":
    grow(box(name), len(added))
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
            grow(extents + 8 * i, len(added) + len(joined))
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
P
python3 "$work/draw.py" "$work/grey.png" "$work/colours.png" "$work/grid.png"
heic() {
	name=$1 from=$2
	shift 2
	heif-enc "$@" -o $name.heic "$from" >"$work/log" 2>&1
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
for f in grid.heic 420.heic 422.heic bt709.heic nclx.heic rgb.heic grey.heic clap.heic clap.avif; do
	heif-convert $f $f.expected.png >"$work/log"
done
for f in 420 bt709 10bit grey alpha grid; do
	avifdec -d 8 $f.avif $f.avif.expected.png >"$work/log"
done
