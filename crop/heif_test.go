//go:build !noheif

package crop

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/heif"
)

const heifs = "testdata/"

// heifBars are the largest differences allowed against another decoder: mean and largest of 255.
var heifBars = map[string][2]float64{
	"420.heic":   {0.7, 45}, // chroma, which the other one repeats
	"422.heic":   {0.5, 20},
	"420.avif":   {2.5, 50},
	"bt709.heic": {0.5, 1},
	"nclx.heic":  {0.5, 1},
	"rgb.heic":   {0, 0},
	"grid.heic":  {0.01, 1},
	"grey.heic":  {0, 0},
	"clap.heic":  {0, 0},
	"clap.avif":  {0.2, 1},
	"10bit.avif": {0.3, 1},
	"alpha.avif": {0.5, 1},
	"bt709.avif": {0, 0},
	"grey.avif":  {0, 0},

	"grey-odd.heic":            {0, 0},
	"grey-grid.heic":           {0, 0},
	"alpha.heic":               {0.3, 0.51},
	"alpha-odd.heic":           {0.3, 2},
	"alpha-premultiplied.heic": {0.1, 4}, // colours that have become larger than their alpha
	"alpha-rgb.heic":           {0.3, 0.51},
	"alpha-turned.heic":        {0.3, 0.51},
	"grid.avif":                {0, 0},
}

// needsDecoders skips a short run: the race detector, which makes compiling the decoders slow, sees nothing of what they do.
func needsDecoders(t testing.TB) {
	if testing.Short() {
		t.Skip("compiles the decoders")
	}
}

func TestHEIFDecodersAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes every kind")
	}
	needsDecoders(t)
	paths, err := filepath.Glob(heifs + "*.expected.png")
	if err != nil || len(paths) != len(heifBars) {
		t.Fatalf("%d expected pictures, %d bars: %v", len(paths), len(heifBars), err)
	}
	for _, path := range paths {
		source := strings.TrimSuffix(path, ".expected.png")
		bar, ok := heifBars[filepath.Base(source)]
		want := readPNG(t, path)
		if n, ok := want.(*image.NRGBA); ok && strings.Contains(source, "premultiplied") { // which the other decoder leaves so
			want = &image.RGBA{Pix: n.Pix, Stride: n.Stride, Rect: n.Rect}
		}
		mean, largest := difference(decode(t, source), want)
		t.Logf("%s: mean %.4f, largest %.2f", source, mean, largest)
		if !(ok && mean <= bar[0] && largest <= bar[1]) {
			t.Errorf("%s: mean %.3f, largest %.2f; expected at most %v", source, mean, largest, bar)
		}
		data := read(t, source)
		w, h, format, err := DecodeSize(data, Limits{})
		if want := strings.ToUpper(filepath.Ext(source)[1:]); err != nil || image.Rect(0, 0, w, h) != readPNG(t, path).Bounds() || format != want {
			t.Errorf("%s: %s of %d×%d, %v", source, format, w, h, err)
		}
	}
}

// The boxes turn a picture, once, and its EXIF does not.
func TestHEIFOrientations(t *testing.T) {
	needsDecoders(t)
	want := readPNG(t, photos+"/upright.png")
	for _, ext := range []string{"heic", "avif"} {
		for o := 1; o <= 8; o++ {
			path := fmt.Sprintf("%sturned%d.%s", heifs, o, ext)
			if mean, _ := difference(decode(t, path), want); !(mean <= 2.5) { // turned wrongly it is 50 and more
				t.Errorf("%s: mean difference %.1f", path, mean)
			}
			if w, h, _, err := DecodeSize(read(t, path), Limits{}); err != nil || image.Rect(0, 0, w, h) != want.Bounds() {
				t.Errorf("%s: %d×%d, %v", path, w, h, err)
			}
		}
	}
	if mean, _ := difference(decode(t, heifs+"sequence.avif"), want); !(mean <= 2.5) {
		t.Errorf("the first frame: mean difference %.1f", mean)
	}
	stored := decode(t, heifs+"exif6.heic")
	if mean, _ := difference(orientation(6).apply(stored), want); !(mean <= 2.5) {
		t.Errorf("orientation in EXIF alone: mean difference %.1f", mean)
	}
}

func TestOrientationsFollow(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 5, 3))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 7)
	}
	for a := upright; a <= 8; a++ {
		for b := upright; b <= 8; b++ {
			want, got := b.apply(a.apply(m)), a.then(b).apply(m)
			if got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%d and then %d is not %d", a, b, a.then(b))
			}
		}
	}
}

// A small alpha is spread over the picture.
func TestLayAlpha(t *testing.T) {
	alpha := &image.Gray{Pix: []uint8{0, 51, 99, 255, 255, 99}, Stride: 3, Rect: image.Rect(0, 0, 2, 2)}
	for premultiplied, want := range map[bool][]uint8{
		false: {255, 255, 255, 209, 209, 25, 25, 25, 25, 25},
		true:  {255, 255, 255, 229, 229, 25, 25, 25, 25, 25},
	} {
		m := image.NewRGBA(image.Rect(0, 0, 5, 2))
		for i := range m.Pix {
			m.Pix[i] = 25
		}
		layAlpha(m, alpha, premultiplied)
		for x := range 5 {
			for y := range 2 {
				p := m.RGBAAt(x, y)
				if w := want[5*y+x]; p != (color.RGBA{w, w, w, 255}) {
					t.Errorf("premultiplied %v, %d %d: %v, expected %d", premultiplied, x, y, p, w)
				}
			}
		}
	}
}

// The equations of H.273 at points that can be worked out by hand.
func TestVideoColour(t *testing.T) {
	for _, c := range []struct {
		colour    heif.Colour
		y, cb, cr uint8
		want      color.RGBA
	}{
		{heif.Colour{Matrix: heif.MatrixBT709, FullRange: true}, 128, 128, 128, color.RGBA{128, 128, 128, 255}},
		{heif.Colour{Matrix: heif.MatrixBT709}, 16, 128, 128, color.RGBA{0, 0, 0, 255}},
		{heif.Colour{Matrix: heif.MatrixBT709}, 235, 128, 128, color.RGBA{255, 255, 255, 255}},
		{heif.Colour{Matrix: heif.MatrixBT2020}, 0, 128, 128, color.RGBA{0, 0, 0, 255}},
		{heif.Colour{Matrix: heif.MatrixBT2020}, 255, 128, 128, color.RGBA{255, 255, 255, 255}},
		{heif.Colour{Matrix: heif.MatrixBT709}, 63, 102, 240, color.RGBA{255, 1, 0, 255}},  // red of BT.709
		{heif.Colour{Matrix: 6}, 82, 90, 240, color.RGBA{255, 1, 0, 255}},                  // red of BT.601
		{heif.Colour{Matrix: 6, FullRange: true}, 76, 85, 255, color.RGBA{254, 0, 0, 255}}, // and of JPEG
		{heif.Colour{Matrix: heif.MatrixRGB, FullRange: true}, 1, 2, 3, color.RGBA{3, 1, 2, 255}},
		{heif.Colour{Matrix: heif.MatrixRGB}, 16, 235, 255, color.RGBA{255, 0, 255, 255}},
	} {
		var p [4]uint8
		videoColour(c.colour)(p[:], []uint8{c.y}, []uint8{c.cb}, []uint8{c.cr})
		if got := (color.RGBA{p[0], p[1], p[2], p[3]}); got != c.want {
			t.Errorf("%+v: %d %d %d is %v, expected %v", c.colour, c.y, c.cb, c.cr, got, c.want)
		}
	}
}

func TestHEIFRefusals(t *testing.T) {
	needsDecoders(t)
	changed := func(name, old, new string) []byte {
		data := read(t, heifs+name)
		if !bytes.Contains(data, []byte(old)) {
			t.Fatalf("%s has no %q", name, old)
		}
		return bytes.Replace(data, []byte(old), []byte(new), 1)
	}
	size := func(name string, width, height uint32) []byte {
		data := bytes.Clone(read(t, heifs+name))
		at := bytes.Index(data, []byte("ispe")) + 8
		binary.BigEndian.PutUint32(data[at:], width)
		binary.BigEndian.PutUint32(data[at+4:], height)
		return data
	}
	for _, c := range []struct {
		name string
		data []byte
		lim  Limits
		err  string
	}{
		{"HEIC without boxes", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x08mdat"), Limits{}, "HEIC cannot be decoded: no meta box"},
		{"AVIF that ends", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif"), Limits{}, "AVIF ends early"},
		{"pixels", read(t, heifs+"420.heic"), Limits{MaxPixels: 192*144 - 1}, "HEIC header claims 192×144 = 0.027648 megapixels, the limit is 0.027647"},
		{"pixels of AVIF", read(t, heifs+"420.avif"), Limits{MaxPixels: 129*97 - 1}, "AVIF header claims 129×97"},
		{"more pixels than there are", size("420.avif", 15000, 15000), Limits{}, "AVIF cannot be decoded: claims 15000×15000 pixels, holds 1 of 129×97"},
		{"more pixels than there are", size("420.heic", 15000, 15000), Limits{}, "HEIC cannot be decoded: claims 15000×15000 pixels, holds 1 of 192×144"},
		{"far fewer", size("420.heic", 20, 20), Limits{}, "HEIC cannot be decoded: claims 20×20 pixels, holds many more: 1 of 192×144"},
		{"small", size("grey.heic", 7, 8), Limits{}, "picture is 7×8 pixels"},
		{"HEVC data", changed("turned1.heic", "mdat\x00\x00", "mdat\x7f\x7f"), Limits{}, "HEIC cannot be decoded: its data are broken"},
	} {
		m, err := Decode(t.Context(), c.data, DecodeOptions{Limits: c.lim})
		if m != nil || err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, expected %q", c.name, err, c.err)
		} else if len(err.Error()) > 200 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: a long error: %v", c.name, err)
		}
	}
}

// A container may claim somewhat less than is coded, whose blocks are of an even size: the upper left of it.
func TestHEIFOfFewerPixels(t *testing.T) {
	needsDecoders(t)
	data := bytes.Clone(read(t, heifs+"grey.heic"))
	at := bytes.Index(data, []byte("ispe")) + 8
	data[at+3], data[at+7] = 79, 50
	m, err := Decode(t.Context(), data, DecodeOptions{})
	whole := decode(t, heifs+"grey.heic")
	if want := visible(whole, image.Rect(0, 0, 79, 50)); err != nil || m.Rect != want.Rect || !bytes.Equal(m.Pix, want.Pix) {
		t.Errorf("%v, %v", m.Bounds(), err)
	}
	p := &heif.Picture{Width: 1000, Height: 500, Visible: image.Rect(0, 0, 500, 400)}
	if c, err := visibleSize(p); c.Width != 500 || c.Height != 400 || err != nil {
		t.Error(c, err)
	}
	p.Visible.Max.X = 200
	if _, err := visibleSize(p); err == nil {
		t.Error("most of a picture may be cropped away")
	}
}

// As with all formats, a file that is cut is an error; EXIF at its end may be missing.
func TestTruncatedHEIF(t *testing.T) {
	for name, needless := range map[string]int{"turned6.heic": 70, "grid.heic": 0, "turned6.avif": 0, "alpha.avif": 0, "grid.avif": 0, "alpha.heic": 0, "alpha-odd.heic": 0} {
		data := read(t, heifs+name)
		for n := len(data) - 1 - needless; n >= 0; n -= max(1, len(data)/60) {
			m, err := Decode(t.Context(), data[:n:n], DecodeOptions{})
			if m != nil || err == nil {
				t.Fatalf("%s: %d of %d bytes give a picture", name, n, len(data))
			}
			if text := err.Error(); !strings.Contains(text, "ends early") && n > 20 {
				t.Errorf("%s: %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
}
