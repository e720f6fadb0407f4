package crop

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/webp"
)

const photos = "../testdata/photos"

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readPNG reads an oracle's picture with the standard library alone.
func readPNG(t testing.TB, path string) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(path, err)
	}
	return m
}

func decode(t testing.TB, path string) *image.RGBA {
	t.Helper()
	m, err := Decode(t.Context(), read(t, path), DecodeOptions{})
	if err != nil {
		t.Fatal(path, err)
	}
	return m
}

// difference compares the colours of two pictures: the mean and the largest absolute difference, of 255.
// NaN if they differ in size or got is not opaque.
func difference(got *image.RGBA, want image.Image) (mean, largest float64) {
	if got.Rect != want.Bounds() {
		return math.NaN(), math.NaN()
	}
	var sum float64
	for y := range got.Rect.Dy() {
		for x := range got.Rect.Dx() {
			p := got.Pix[got.PixOffset(x, y):][:4]
			if p[3] != 0xff {
				return math.NaN(), math.NaN()
			}
			// Laid over white, in floating point.
			r, g, b, a := want.At(x, y).RGBA()
			for i, v := range []uint32{r, g, b} {
				d := math.Abs(float64(p[i]) - float64(v+0xffff-a)/257)
				sum += d
				largest = max(largest, d)
			}
		}
	}
	return sum / float64(3*got.Rect.Dx()*got.Rect.Dy()), largest
}

// bars are the largest differences allowed against another decoder, mean and largest of 255, by the file's name.
var bars = map[string][2]float64{
	"*.jpg":            {0.08, 3}, // what is left is the inverse DCT
	"ycck.jpg":         {0.15, 3}, // converted by image/jpeg
	"lossless.webp":    {0, 0},
	"lossy-*.webp":     {0, 0},
	"lossy-alpha.webp": {0.5, 1},
	"*-alpha.webp":     {0.5, 1},
	"animated.webp":    {0, 0},
	"*.png":            {0, 0},
	"rgba.*":           {0.5, 1},
	"grey-alpha.png":   {0.5, 1},
	"*.bmp":            {0, 0},
	"*.tiff":           {0, 0},
	"*.gif":            {0, 0},
}

func bar(t *testing.T, name string) (mean, largest float64) {
	t.Helper()
	longest := ""
	for pattern := range bars {
		if ok, err := filepath.Match(pattern, name); err != nil {
			t.Fatal(err)
		} else if ok && len(pattern) > len(longest) {
			longest = pattern
		}
	}
	if longest == "" {
		t.Fatalf("no bar for %s", name)
	}
	return bars[longest][0], bars[longest][1]
}

func TestDecodersAgree(t *testing.T) {
	paths, err := filepath.Glob(photos + "/*.expected.png")
	if err != nil || len(paths) < 34 {
		t.Fatalf("%d expected pictures: %v", len(paths), err)
	}
	for _, path := range paths {
		source := strings.TrimSuffix(path, ".expected.png")
		name := filepath.Base(source)
		t.Run(name, func(t *testing.T) {
			mean, largest := difference(decode(t, source), readPNG(t, path))
			mostMean, most := bar(t, name)
			t.Logf("mean %.4f, largest %.2f", mean, largest)
			if !(mean <= mostMean && largest <= most) {
				t.Errorf("mean %.3f, largest %.2f; expected at most %g, %g", mean, largest, mostMean, most)
			}
		})
	}
}

// With chroma repeated instead of interpolated, lossy WebP is what dwebp -nofancy makes of it.
func TestWebPWithoutInterpolation(t *testing.T) {
	for _, name := range []string{"lossy-even", "lossy-odd", "lossy-alpha"} {
		m, err := webp.Decode(bytes.NewReader(read(t, filepath.Join(photos, name+".webp"))))
		if err != nil {
			t.Fatal(err)
		}
		want := readPNG(t, filepath.Join(photos, name+".webp.nofancy.png"))
		var planes *image.YCbCr
		switch m := m.(type) {
		case *image.YCbCr:
			planes = m
		case *image.NYCbCrA:
			planes = &m.YCbCr
			if n, ok := want.(*image.NRGBA); ok {
				for i := 3; i < len(n.Pix); i += 4 {
					n.Pix[i] = 0xff // alpha is compared elsewhere
				}
			}
		}
		mean, largest := difference(rgbFrom(planes, repeat(2, 2), limitedColour, 1), want)
		if !(largest <= 0) {
			t.Errorf("%s: mean %.3f, largest %.2f", name, mean, largest)
		}
	}
}

// Without the upsampler a picture would fail its bar by far: the pictures test what they should.
func TestRepeatedChromaFails(t *testing.T) {
	for _, name := range []string{"420-odd.jpg", "422-odd.jpg", "440-odd.jpg"} {
		m, err := jpeg.Decode(bytes.NewReader(read(t, filepath.Join(photos, name))))
		if err != nil {
			t.Fatal(err)
		}
		planes := m.(*image.YCbCr)
		across, down := subsampling(planes.SubsampleRatio)
		_, largest := difference(rgbFrom(planes, repeat(across, down), jfifColour, 1), readPNG(t, filepath.Join(photos, name+".expected.png")))
		if !(largest > 10) {
			t.Errorf("%s: largest %.2f with repeated chroma", name, largest)
		}
	}
}

func TestOrientations(t *testing.T) {
	want := readPNG(t, photos+"/upright.png")
	for _, ext := range []string{"jpg", "png", "webp", "tiff"} {
		for o := 1; o <= 8; o++ {
			path := fmt.Sprintf("%s/turned%d.%s", photos, o, ext)
			most := 0.0
			if ext == "jpg" {
				most = 4
			}
			if _, largest := difference(decode(t, path), want); !(largest <= most) {
				t.Errorf("%s: largest difference %.1f", path, largest)
			}
			w, h, format, err := DecodeSize(read(t, path), Limits{})
			if err != nil || image.Rect(0, 0, w, h) != want.Bounds() {
				t.Errorf("%s: %s of %d×%d, %v", path, format, w, h, err)
			}
		}
	}
}

// An orientation outside 1…8, and EXIF that is cut or nonsense, leave the picture as it is stored.
func TestBrokenOrientation(t *testing.T) {
	data := read(t, photos+"/turned6.jpg")
	stored, err := Decode(t.Context(), bytes.Replace(data, []byte("Exif\x00\x00"), []byte("Exix\x00\x00"), 1), DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if upright := decode(t, photos+"/turned6.jpg"); stored.Rect.Dx() == upright.Rect.Dx() {
		t.Fatal("the picture does not need turning")
	}
	exif := bytes.Index(data, []byte("Exif\x00\x00"))
	entry := exif + 6 + 8 + 2 // the only entry of the first directory
	for name, change := range map[string]func(d []byte){
		"orientation 0":     func(d []byte) { d[entry+8], d[entry+9] = 0, 0 },
		"orientation 9":     func(d []byte) { d[entry+8], d[entry+9] = 9, 9 },
		"byte order":        func(d []byte) { d[exif+6] = 'X' },
		"directory outside": func(d []byte) { copy(d[exif+10:], "\xff\xff\xff\xff") },
		"type":              func(d []byte) { d[entry+2], d[entry+3] = 0x7f, 0x7f },
		"count":             func(d []byte) { copy(d[entry+4:], "\xff\xff\xff\xff") },
	} {
		broken := bytes.Clone(data)
		change(broken)
		m, err := Decode(t.Context(), broken, DecodeOptions{})
		if err != nil || m.Rect != stored.Rect || !bytes.Equal(m.Pix, stored.Pix) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
