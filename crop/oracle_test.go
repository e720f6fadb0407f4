package crop

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	m, err := Decode(read(t, path), Limits{})
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
	"*.jpg":            {0.3, 4},
	"cmyk*.jpg":        {0.3, 4},
	"ycck.jpg":         {0.3, 4},
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
