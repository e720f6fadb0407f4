package crop

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

const kinds = "testdata/kinds"

// kindBars are the largest differences allowed from another decoder, mean and largest of 255; none for the kinds not here.
var kindBars = map[string][2]float64{
	"associated.tif":    {0.5, 1}, // laid over white
	"bits555.bmp":       {0.4, 1}, // Pillow rounds down
	"bits565.bmp":       {0.4, 1},
	"cmyk-jpeg.tif":     {0.03, 1},
	"grey-alpha.tif":    {0.5, 1},
	"grey-jpeg.tif":     {0.03, 1},
	"icclab.tif":        {0.5, 5},
	"jpeg-*.tif":        {0.05, 2},
	"lab.tif":           {0.4, 9}, // at the edge of the colours that sRGB has
	"fields32-*.bmp":    {0.5, 1}, // laid over white
	"interlaced-*.png":  {0.5, 1},
	"ios-rgba.png":      {0.5, 2}, // and its colours were rounded before
	"rgb-jpeg.tif":      {0.03, 1},
	"sampling-*.jpg":    {0.05, 2}, // what is left is the inverse DCT
	"ycbcr*.tif":        {0.05, 1},
	"ycbcr-limited.tif": {0.5, 3}, // libtiff rounds twice
}

func kindBar(t *testing.T, name string) (mean, largest float64) {
	t.Helper()
	longest := ""
	for pattern := range kindBars {
		if ok, err := filepath.Match(pattern, name); err != nil {
			t.Fatal(err)
		} else if ok && len(pattern) > len(longest) {
			longest = pattern
		}
	}
	return kindBars[longest][0], kindBars[longest][1]
}

func TestKindsAgree(t *testing.T) {
	paths, err := filepath.Glob(kinds + "/*.expected.png")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d expected pictures: %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".expected.png")
		t.Run(name, func(t *testing.T) {
			got, want := decode(t, filepath.Join(kinds, name)), readPNG(t, path)
			mean, largest := difference(got, want)
			if m, l := kindBar(t, name); !(mean <= m && largest <= l) {
				t.Errorf("differs by %.3f and at most %.1f, expected %.3f and %.1f", mean, largest, m, l)
			}
			w, h, _, err := DecodeSize(read(t, filepath.Join(kinds, name)), Limits{})
			if err != nil || w != got.Rect.Dx() || h != got.Rect.Dy() {
				t.Errorf("%d×%d, %v", w, h, err)
			}
		})
	}
}

// notAPicture tells what else lies in the folder.
func notAPicture(path string) bool {
	ext := filepath.Ext(path)
	return strings.HasSuffix(path, ".expected.png") || ext == ".md" || ext == ".py"
}

// What is refused is named, and the header says so already.
func TestKindsRefused(t *testing.T) {
	for name, want := range map[string]string{
		"arithmetic.jpg":             "JPEG cannot be decoded: arithmetic coding is not supported, convert it first",
		"arithmetic-progressive.jpg": "JPEG cannot be decoded: arithmetic coding is not supported, convert it first",
		"sampling-1x1-2x2-2x2.jpg":   "JPEG cannot be decoded: sampling of 1×1, 2×2, 2×2 is not supported, convert it first",
		"sampling-4x1-1x1-2x1.jpg":   "JPEG cannot be decoded: sampling of 4×1, 1×1, 2×1 is not supported, convert it first",
		"sampling-1x4.jpg":           "JPEG cannot be decoded: sampling of 1×4, 1×1, 1×1 is not supported, convert it first",
		"sampling-3x1.jpg":           "JPEG cannot be decoded: sampling of 3×1, 1×1, 1×1 is not supported, convert it first",
		"zstd.tif":                   "TIFF cannot be decoded: Zstandard compression is not supported, convert it first",
		"lzma.tif":                   "TIFF cannot be decoded: LZMA compression is not supported, convert it first",
		"webp.tif":                   "TIFF cannot be decoded: WebP compression is not supported, convert it first",
		"float.tif":                  "TIFF cannot be decoded: floating-point samples are not supported, convert it first",
		"signed.tif":                 "TIFF cannot be decoded: signed samples are not supported, convert it first",
	} {
		data := read(t, filepath.Join(kinds, "refused-"+name))
		if m, err := Decode(t.Context(), data, DecodeOptions{}); m != nil || err == nil || err.Error() != want {
			t.Errorf("%s: %v, expected %s", name, err, want)
		}
		if _, _, _, err := DecodeSize(data, Limits{}); err == nil || err.Error() != want {
			t.Errorf("%s: size: %v, expected %s", name, err, want)
		}
	}
	grey := read(t, photos+"/grey.jpg")
	for change, want := range map[[2]byte]string{
		{0xc3, 8}:  "JPEG cannot be decoded: lossless coding is not supported, convert it first",
		{0xc5, 8}:  "JPEG cannot be decoded: hierarchical coding is not supported, convert it first",
		{0xc1, 12}: "JPEG cannot be decoded: 12-bit precision is not supported, convert it first",
	} {
		data := bytes.Replace(grey, []byte("\xff\xc0\x00\x0b\x08"), []byte{0xff, change[0], 0, 11, change[1]}, 1)
		if _, _, _, err := DecodeSize(data, Limits{}); err == nil || err.Error() != want {
			t.Errorf("%x: %v, expected %s", change, err, want)
		}
	}
}

// A file that is cut is an error that says so, unless what is missing comes after the picture.
func TestKindsCutShort(t *testing.T) {
	paths, err := filepath.Glob(kinds + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "refused-") || strings.HasPrefix(name, "turned-") || strings.HasPrefix(name, "pages-") || notAPicture(path) {
			continue // the latter have metadata or frames after the picture
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			data := read(t, path)
			whole := decode(t, path)
			for n := len(data) - 1; n > 30; n -= max(1, len(data)/60) {
				m, err := Decode(t.Context(), data[:n:n], DecodeOptions{})
				switch {
				case err == nil && n < len(data)/2:
					t.Fatalf("%d of %d bytes give a picture", n, len(data))
				case err == nil && !bytes.Equal(m.Pix, whole.Pix):
					t.Fatalf("%d of %d bytes give another picture", n, len(data))
				case err != nil && !strings.Contains(err.Error(), "ends early"):
					t.Errorf("%d of %d bytes: %v", n, len(data), err)
				}
			}
		})
	}
}

const cases = "../testdata/cases"

// Pictures that were refused once, beside the one that all were made from.
func TestOnceRefused(t *testing.T) {
	ref := readPNG(t, cases+"/ref.png")
	for path, most := range map[string][2]float64{
		"tiff-planar/raw.tif":                               {0, 0},
		"tiff-common-kinds/jpeg.tif":                        {1.2, 30}, // lossy by its nature, as is what follows
		"bmp-kinds/16bit-565.bmp":                           {1.5, 8},
		"bmp-kinds/rle8.bmp":                                {0.6, 46},
		"gif-tolerated/gif_extrablock.gif":                  {1.3, 67},
		"png-tolerated/iccp-checksum.png":                   {0, 0},
		"png-cgbi/icon.png":                                 {0, 0},
		"jpeg-unsupported-wording/sampling-2x2-1x2-1x1.jpg": {2.3, 115},
		"multi-page/three-pages.tif":                        {0, 0},
		"orientation-outside-exif-chunk/raw-profile.png":    {0, 0},
	} {
		mean, largest := difference(decode(t, filepath.Join(cases, path)), ref)
		if t.Logf("%s: %.3f, %.1f", path, mean, largest); !(mean <= most[0] && largest <= most[1]) {
			t.Errorf("%s differs by %.3f and at most %.1f, expected %v", path, mean, largest, most)
		}
	}
	_, err := Decode(t.Context(), read(t, cases+"/jpeg-unsupported-wording/arithmetic.jpg"), DecodeOptions{})
	if err == nil || err.Error() != "JPEG cannot be decoded: arithmetic coding is not supported, convert it first" {
		t.Errorf("arithmetic coding: %v", err)
	}
}
