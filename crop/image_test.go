package crop

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

func encoded(t testing.TB, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, m) })
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, m, &jpeg.Options{Quality: 90}) })
}

func asTIFF(t testing.TB, m image.Image) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) })
}

// Every kind of pixel, with each value of a channel once: what comes out is the 8-bit value over white.
func TestPixelKinds(t *testing.T) {
	const side = 16
	bounds := image.Rect(0, 0, side, side)
	fill := func(set func(x, y int, v uint8)) {
		for i := range side * side {
			set(i%side, i/side, uint8(i))
		}
	}
	grey16 := image.NewGray16(bounds)
	fill(func(x, y int, v uint8) { grey16.SetGray16(x, y, color.Gray16{Y: uint16(v)<<8 | 0xf7}) })
	grey := image.NewGray(bounds)
	fill(func(x, y int, v uint8) { grey.SetGray(x, y, color.Gray{Y: v}) })
	deep := image.NewNRGBA64(bounds)
	fill(func(x, y int, v uint8) {
		deep.SetNRGBA64(x, y, color.NRGBA64{R: uint16(v) << 8, G: 0x12ff, B: 0xffff, A: 0xffff})
	})
	deepAlpha := image.NewNRGBA64(bounds)
	fill(func(x, y int, v uint8) {
		deepAlpha.SetNRGBA64(x, y, color.NRGBA64{G: 0xffff, A: uint16(v)<<8 | uint16(v)})
	})
	alpha := image.NewNRGBA(bounds)
	fill(func(x, y int, v uint8) { alpha.SetNRGBA(x, y, color.NRGBA{R: v, G: 200, A: v}) })
	premultiplied := image.NewRGBA(bounds)
	fill(func(x, y int, v uint8) { premultiplied.SetRGBA(x, y, color.RGBA{R: v / 2, A: v}) })
	palette := image.NewPaletted(bounds, make(color.Palette, 256))
	for i := range palette.Palette {
		palette.Palette[i] = color.NRGBA{R: uint8(i), G: 255 - uint8(i), A: 255 - uint8(i)%2*255}
	}
	fill(func(x, y int, v uint8) { palette.SetColorIndex(x, y, v) })

	over := func(c, a uint8) uint8 { return uint8(math.Round(255 - float64(255-int(c))*float64(a)/255)) }
	for _, c := range []struct {
		name string
		data []byte
		want func(v uint8) [3]uint8
	}{
		{"PNG grey 8", asPNG(t, grey), func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }},
		{"PNG grey 16", asPNG(t, grey16), func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }},
		{"PNG RGB 16", asPNG(t, deep), func(v uint8) [3]uint8 { return [3]uint8{v, 0x12, 0xff} }},
		{"PNG RGBA 16", asPNG(t, deepAlpha), func(v uint8) [3]uint8 { return [3]uint8{255 - v, 255, 255 - v} }},
		{"PNG RGBA 8", asPNG(t, alpha), func(v uint8) [3]uint8 { return [3]uint8{over(v, v), over(200, v), 255 - v} }},
		{"PNG palette", asPNG(t, palette), func(v uint8) [3]uint8 {
			if v%2 == 1 {
				return [3]uint8{255, 255, 255}
			}
			return [3]uint8{v, 255 - v, 0}
		}},
		{"TIFF grey 8", asTIFF(t, grey), func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }},
		{"TIFF grey 16", asTIFF(t, grey16), func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }},
		{"TIFF RGBA 16", asTIFF(t, deepAlpha), func(v uint8) [3]uint8 { return [3]uint8{255 - v, 255, 255 - v} }},
		{"TIFF premultiplied", asTIFF(t, premultiplied), func(v uint8) [3]uint8 {
			return [3]uint8{255 - v + v/2, 255 - v, 255 - v}
		}},
	} {
		m, err := Decode(t.Context(), c.data, DecodeOptions{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		fill(func(x, y int, v uint8) {
			p, want := m.Pix[m.PixOffset(x, y):][:4], c.want(v)
			if [3]uint8(p) != want || p[3] != 0xff {
				t.Errorf("%s: %d becomes %v, expected %v", c.name, v, p, want)
			}
		})
	}
}

// A kind that no decoder gives today still comes out right.
func TestOpaqueOfAnyPicture(t *testing.T) {
	white := color.RGBA{R: 255, G: 255, B: 255, A: 255}
	for c, want := range map[color.Color]color.RGBA{
		color.RGBA{R: 10, G: 20, B: 30, A: 255}: {R: 10, G: 20, B: 30, A: 255},
		color.Alpha{}:                           white,
	} {
		got := opaque(cut{&image.Uniform{C: c}, image.Rect(-3, 5, 9, 17)})
		if got.Rect != image.Rect(0, 0, 12, 12) || got.RGBAAt(11, 11) != want {
			t.Errorf("%v: %v, %v", c, got.Rect, got.RGBAAt(11, 11))
		}
	}
}

type cut struct {
	image.Image
	bounds image.Rectangle
}

func (c cut) Bounds() image.Rectangle { return c.bounds }

func TestGIFFrameIsPlaced(t *testing.T) {
	frame := image.NewPaletted(image.Rect(5, 6, 15, 12), color.Palette{color.Black, color.RGBA{R: 200, A: 255}, color.Transparent})
	for i := range frame.Pix {
		frame.Pix[i] = uint8(i % 3)
	}
	data := encoded(t, func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{
			Image: []*image.Paletted{frame}, Delay: []int{0},
			Config: image.Config{ColorModel: frame.Palette, Width: 20, Height: 21},
		})
	})
	m, err := Decode(t.Context(), data, DecodeOptions{})
	if err != nil || m.Rect != image.Rect(0, 0, 20, 21) {
		t.Fatal(m.Bounds(), err)
	}
	white := color.RGBA{R: 255, G: 255, B: 255, A: 255}
	for y := range 21 {
		for x := range 20 {
			want := white
			if at := image.Pt(x, y); at.In(frame.Rect) {
				if i := frame.ColorIndexAt(x, y); i < 2 {
					want = color.RGBA{R: 200 * i, A: 255}
				}
			}
			if got := m.RGBAAt(x, y); got != want {
				t.Fatalf("pixel %d, %d is %v, expected %v", x, y, got, want)
			}
		}
	}
}

// The first frame of an animated WebP may be smaller than the picture.
func TestWebPFrameIsPlaced(t *testing.T) {
	data := bytes.Clone(read(t, photos+"/animated.webp"))
	want := decode(t, photos+"/animated.webp")
	at := bytes.Index(data, []byte("ANMF")) + 8
	data[24], data[27] = 69, 59 // a canvas of 70×60
	data[at], data[at+3] = 4, 5 // in units of two pixels
	m, err := Decode(t.Context(), data, DecodeOptions{})
	if err != nil || m.Rect != image.Rect(0, 0, 70, 60) {
		t.Fatal(err)
	}
	for y := range 60 {
		for x := range 70 {
			expected := color.RGBA{R: 255, G: 255, B: 255, A: 255}
			if p := image.Pt(x-8, y-10); p.In(want.Rect) {
				expected = want.RGBAAt(p.X, p.Y)
			}
			if got := m.RGBAAt(x, y); got != expected {
				t.Fatalf("pixel %d, %d is %v, expected %v", x, y, got, expected)
			}
		}
	}
	data[at] = 60 // beyond the canvas
	if _, err := Decode(t.Context(), data, DecodeOptions{}); err == nil || !strings.Contains(err.Error(), "outside") {
		t.Errorf("error %v", err)
	}
}

func TestBMPAlpha(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 4 * 50) // alpha 150
	}
	data := encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) })
	got, err := Decode(t.Context(), data, DecodeOptions{})
	if err != nil || got.RGBAAt(3, 3) != (color.RGBA{R: 0, G: 50, B: 100, A: 255}) {
		t.Errorf("the short header, which has no alpha, gives %v, %v", got.RGBAAt(3, 3), err)
	}
	// The V4 header, which has where masks say so.
	const short, v4 = 40, 108
	data[10] += v4 - short
	data[14] = v4
	data = slices.Insert(data, 14+short, make([]byte, v4-short)...)
	pixels := int(data[10])
	got, err = Decode(t.Context(), data, DecodeOptions{})
	if err != nil || got.RGBAAt(3, 3) != (color.RGBA{R: 0, G: 50, B: 100, A: 255}) {
		t.Errorf("without masks it gives %v, %v", got.RGBAAt(3, 3), err)
	}
	data[30] = 3
	copy(data[14+short:], "\x00\x00\xff\x00\x00\xff\x00\x00\xff\x00\x00\x00\x00\x00\x00\xff")
	got, err = Decode(t.Context(), data, DecodeOptions{})
	if err != nil || got.RGBAAt(3, 3) != (color.RGBA{R: 105, G: 134, B: 164, A: 255}) {
		t.Errorf("alpha of 150 gives %v, %v", got.RGBAAt(3, 3), err)
	}
	for i := pixels + 3; i < len(data); i += 4 {
		data[i] = 0
	}
	got, err = Decode(t.Context(), data, DecodeOptions{})
	if err != nil || got.RGBAAt(3, 3) != (color.RGBA{R: 0, G: 50, B: 100, A: 255}) {
		t.Errorf("alpha of 0 throughout gives %v, %v", got.RGBAAt(3, 3), err)
	}
}

func TestDecodeSize(t *testing.T) {
	for name, want := range map[string]struct {
		width, height int
		format        string
	}{
		"420-odd.jpg":    {129, 97, "JPEG"},
		"rgba.png":       {48, 41, "PNG"},
		"palette.gif":    {48, 41, "GIF"},
		"lossy-odd.webp": {129, 97, "WebP"},
		"animated.webp":  {48, 41, "WebP"},
		"rgb.bmp":        {48, 41, "BMP"},
		"lzw.tiff":       {48, 41, "TIFF"},
		"turned6.jpg":    {24, 16, "JPEG"},
	} {
		data := read(t, filepath.Join(photos, name))
		w, h, format, err := DecodeSize(data, Limits{})
		if err != nil || w != want.width || h != want.height || format != want.format {
			t.Errorf("%s: %d×%d %s, %v; expected %+v", name, w, h, format, err, want)
		}
		if _, _, _, err := DecodeSize(data, Limits{MaxPixels: 10}); err == nil {
			t.Errorf("%s is above a limit of ten pixels", name)
		}
	}
}

func TestDecodeLeavesItsInputAlone(t *testing.T) {
	paths, err := filepath.Glob(photos + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data := read(t, path)
		before := string(data)
		_, _ = Decode(t.Context(), data, DecodeOptions{})
		if string(data) != before {
			t.Errorf("%s was changed", path)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	m := image.NewRGBA(image.Rect(0, 0, 2400, 1600))
	for y := range 1600 {
		for x := range 2400 {
			m.SetRGBA(x, y, color.RGBA{uint8(x / 10), uint8(y / 7), uint8((x*x + y*y) / 9000), 255})
		}
	}
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"jpeg-420", asJPEG(b, m)},
		{"png", asPNG(b, m)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(b.Context(), c.data, DecodeOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A side of more pixels than the BMP decoder takes is read by another one.
func TestWideBMP(t *testing.T) {
	m := image.NewPaletted(image.Rect(0, 0, 50000, 8), color.Palette{color.Black, color.White})
	m.SetColorIndex(49999, 7, 1)
	data := encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) })
	got, err := Decode(t.Context(), data, DecodeOptions{})
	if err != nil || got.Rect != m.Rect || got.RGBAAt(49999, 7).R != 255 || got.RGBAAt(49998, 7).R != 0 {
		t.Errorf("%v, %v", got.Bounds(), err)
	}
}

// A picture whose pixels are not there is no picture, though its screen is.
func TestGIFWithoutPixels(t *testing.T) {
	data := bytes.Clone(read(t, kinds+"/plain.gif"))
	at := bytes.IndexByte(data[gifHead+3*16:], ',') + gifHead + 3*16
	data[at+5] = 0
	if m, err := Decode(t.Context(), data, DecodeOptions{}); m != nil || err == nil || err.Error() != "GIF cannot be decoded: its first frame has no pixels" {
		t.Errorf("error %v", err)
	}
}
