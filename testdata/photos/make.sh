#!/bin/sh
# Makes the pictures of this folder; see README.md. Needs cjpeg, djpeg, cwebp, dwebp, img2webp and Python with Pillow.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

python3 - "$work" <<'P'
import sys
from PIL import Image, ImageOps

work = sys.argv[1]
a, b = (Image.open(f"../images/{n}.png").convert("RGB") for n in "ab")
even, odd = a.crop((60, 40, 252, 184)), b.crop((100, 30, 229, 127))
even.save(f"{work}/even.ppm")
odd.save(f"{work}/odd.ppm")
odd.convert("L").save(f"{work}/odd.pgm")
alpha = even.convert("RGBA")
alpha.putalpha(Image.radial_gradient("L").resize(even.size).point(lambda v: 255 - v if v > 40 else 255))
alpha.save(f"{work}/alpha.png")

# CMYK with a black channel; the same file read as YCCK; and without Adobe's marker.
cmyk = odd.crop((0, 0, 96, 71)).convert("CMYK")
px = cmyk.load()
for y in range(cmyk.height):
    for x in range(cmyk.width):
        c, m, ye, _ = px[x, y]
        k = min(c, m, ye) // 2
        px[x, y] = (c - k, m - k, ye - k, k)
cmyk.save("cmyk.jpg", quality=90)
data = open("cmyk.jpg", "rb").read()
at = data.index(b"\xff\xee\x00\x0eAdobe")
assert data[at + 15] == 0
open("ycck.jpg", "wb").write(data[:at + 15] + b"\x02" + data[at + 16:])
open("cmyk-bare.jpg", "wb").write(data[:at] + data[at + 16:])
for name in ("cmyk", "ycck", "cmyk-bare"):
    Image.open(f"{name}.jpg").convert("RGB").save(f"{name}.jpg.expected.png", optimize=True)

# Other formats, each with Pillow's own reading of it, over white.
small = odd.crop((30, 20, 78, 61))
clear = alpha.crop((20, 20, 68, 61))
shade = small.convert("L")
white = Image.new("RGBA", clear.size, "white")
over = Image.alpha_composite(white, clear).convert("RGB")
palette = small.quantize(50)
files = {
    "interlaced-palette.png": (palette, palette.convert("RGB"), dict(bits=8)),
    "palette-4bit.png": (small.quantize(13), small.quantize(13).convert("RGB"), dict(bits=4)),
    "rgba.png": (clear, over, {}),
    "grey-alpha.png": (clear.convert("LA"), Image.alpha_composite(white, clear.convert("LA").convert("RGBA")).convert("RGB"), {}),
    "bilevel.png": (small.convert("1"), small.convert("1").convert("RGB"), {}),
    "rgb.bmp": (small, small, {}),
    "palette.bmp": (palette, palette.convert("RGB"), {}),
    "lzw.tiff": (small, small, dict(compression="tiff_lzw")),
    "deflate.tiff": (small, small, dict(compression="tiff_adobe_deflate")),
    "packbits.tiff": (shade, shade.convert("RGB"), dict(compression="packbits")),
    "group4.tiff": (small.convert("1"), small.convert("1").convert("RGB"), dict(compression="group4")),
    "rgba.tiff": (clear, over, {}),
    "palette.gif": (palette, palette.convert("RGB"), {}),
}
for name, (picture, expected, options) in files.items():
    picture.save(name, **options)
    expected.save(f"{name}.expected.png", optimize=True)

# A GIF whose first frame has a transparent colour, and a second frame.
first = small.quantize(20)
hole = first.getpixel((10, 10))
first.save("animated.gif", save_all=True, append_images=[shade.quantize(20)], transparency=hole, duration=100)
expected = first.convert("RGB")
mask = first.point(lambda v: 255 * (v == hole), "L")
expected.paste("white", mask=mask)
expected.save("animated.gif.expected.png", optimize=True)

# The eight orientations: what is stored differs, the upright picture is the same.
inverse = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
           6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}
upright = odd.crop((60, 40, 84, 56))
upright.save("upright.png")
for o in range(1, 9):
    stored = upright.transpose(getattr(Image.Transpose, inverse[o])) if o > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = o
    for name, options in (("jpg", dict(quality=100, subsampling=0)), ("png", {}), ("webp", dict(lossless=True)),
                          ("tiff", dict(compression="tiff_lzw"))):
        path = f"turned{o}.{name}"
        stored.save(path, exif=exif, **options)
        again = Image.open(path)
        if name != "tiff":  # which Pillow turns as it reads
            again = ImageOps.exif_transpose(again)
        again = again.convert("RGB")
        assert again.size == upright.size
        assert name == "jpg" or again.tobytes() == upright.tobytes(), path

small.save(f"{work}/f0.png")
shade.save(f"{work}/f1.png")
clear.save(f"{work}/f2.png")
P

png() { python3 -c "from PIL import Image; Image.open('$work/out').save('$1', optimize=True)"; }
jpeg() { # NAME SOURCE FLAGS…
	name=$1 source=$2
	shift 2
	cjpeg "$@" -outfile "$name.jpg" "$work/$source"
	djpeg "$name.jpg" >"$work/out"
	png "$name.jpg.expected.png"
}
jpeg 444-odd odd.ppm -quality 90 -sample 1x1
jpeg 422-odd odd.ppm -quality 85 -sample 2x1
jpeg 420-odd odd.ppm -quality 85 -sample 2x2
jpeg 440-odd odd.ppm -quality 85 -sample 1x2
jpeg 411-odd odd.ppm -quality 85 -sample 4x1
jpeg 420-even even.ppm -quality 92 -sample 2x2
jpeg 422-even even.ppm -quality 75 -sample 2x1 -restart 1
jpeg 420-progressive odd.ppm -quality 80 -sample 2x2 -progressive
jpeg grey odd.pgm -quality 85
jpeg rgb even.ppm -quality 85 -rgb

# dwebp writes the PNG that it is asked for, transparency included.
webp() { # NAME SOURCE FLAGS…
	name=$1 source=$2
	shift 2
	cwebp -quiet "$@" "$work/$source" -o "$name.webp"
	dwebp -quiet -nodither "$name.webp" -o "$work/out"
	png "$name.webp.expected.png"
	dwebp -quiet -nodither -nofancy "$name.webp" -o "$work/out"
	png "$name.webp.nofancy.png"
}
webp lossy-even even.ppm -q 85
webp lossy-odd odd.ppm -q 60
webp lossy-alpha alpha.png -q 80 -alpha_filter best -alpha_q 60
webp lossless odd.ppm -lossless -z 9
webp lossless-alpha alpha.png -lossless
rm lossless*.nofancy.png

# Two frames; the second is smaller than the picture and is not read.
img2webp -loop 0 -lossy -q 90 "$work/f0.png" "$work/f1.png" -o animated.webp
webp f0 f0.png -q 90
rm f0.webp f0.webp.nofancy.png
mv f0.webp.expected.png animated.webp.expected.png
img2webp -loop 0 -lossless "$work/f2.png" "$work/f1.png" -o animated-alpha.webp
cp rgba.png.expected.png animated-alpha.webp.expected.png
